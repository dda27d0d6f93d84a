// A backup of keys: its manifest and its files (key_backup.h).
#include "eventstore/key_backup.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventstore/big_endian.h"
#include "eventstore/sha256.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

using storage::v1::KeyBackupManifest;

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string Digest(absl::string_view bytes) {
  const auto hash = Sha256({bytes});
  return std::string(hash.begin(), hash.end());
}

void PutManifest(absl::string_view message) {
  const std::string titled = absl::StrCat("recount key backup\n", message);
  fuzz::ScratchFolder::Put("MANIFEST", titled + Digest(titled));
}

absl::Status Read(Entries* entries) {
  entries->clear();
  absl::Status status = ReadKeyBackup(fuzz::ScratchFolder::Path(), [&](absl::string_view name, absl::string_view value) {
    entries->emplace_back(name, value);
    return absl::OkStatus();
  });
  MUST(status.ok() || absl::IsDataLoss(status) || absl::IsFailedPrecondition(status));
  return status;
}

std::string Encoded(const Entries& entries) {
  std::string bytes;
  for (const auto& [name, value] : entries) {
    AppendU32(static_cast<uint32_t>(name.size()), &bytes);
    bytes += name;
    AppendU32(static_cast<uint32_t>(value.size()), &bytes);
    bytes += value;
  }
  return bytes;
}

// A file of any bytes behind its title, named by a manifest that fits.
void CheckPart(absl::string_view rest, FuzzedDataProvider& choices) {
  const std::string content = absl::StrCat("RCNTKEY1", rest);
  KeyBackupManifest manifest;
  manifest.set_format(1);
  manifest.set_number(1);
  auto* part = manifest.add_parts();
  part->set_name("keys-1-1");
  part->set_bytes(content.size());
  part->set_sha256(Digest(content));
  Entries entries;
  fuzz::ScratchFolder::Put("keys-1-1", content);
  PutManifest(manifest.SerializeAsString());
  Read(&entries).IgnoreError();
  part->set_entries(entries.size());
  PutManifest(manifest.SerializeAsString());
  MUST(Read(&entries).ok() == (Encoded(entries) == rest));  // all of it, as it was
  fuzz::ScratchFolder::Put("keys-1-1", fuzz::WithOneBitTurned(content, choices));
  MUST(!Read(&entries).ok() && entries.empty());
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the damage
  const bool is_manifest = choices.ConsumeBool();
  const std::string bytes = choices.ConsumeRemainingBytesAsString();
  FuzzedDataProvider damage(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  if (is_manifest) {
    Entries entries;
    PutManifest(bytes);
    Read(&entries).IgnoreError();
  } else {
    CheckPart(bytes, damage);
  }
  return 0;
}
