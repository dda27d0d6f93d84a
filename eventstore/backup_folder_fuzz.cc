// A backup's manifest and segments (backup_folder.h).
#include "eventstore/backup_folder.h"

#include "absl/strings/str_cat.h"
#include "eventstore/backup.h"
#include "eventstore/big_endian.h"
#include "eventstore/sha256.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

using storage::v1::BackupManifest;
using storage::v1::BackupSegment;
using storage::v1::BackupTenant;

constexpr TenantNumber kTenant = 7;

std::string Digest(absl::string_view bytes) {
  const auto hash = Sha256({bytes});
  return std::string(hash.begin(), hash.end());
}

absl::StatusOr<BackupManifest> Read(absl::string_view content) {
  fuzz::ScratchFolder::Put("MANIFEST", content);
  auto manifest = ReadManifest(fuzz::ScratchFolder::Path());
  MUST(manifest.ok() || absl::IsDataLoss(manifest.status()) || absl::IsFailedPrecondition(manifest.status()));
  return manifest;
}

std::string Content() {
  std::ifstream file(fuzz::ScratchFolder::Path() + "/MANIFEST", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void CheckManifest(absl::string_view bytes, FuzzedDataProvider& choices) {
  Read(bytes).status().IgnoreError();
  const std::string titled = absl::StrCat("recount backup\n", bytes);
  auto manifest = Read(titled + Digest(titled));
  if (!manifest.ok()) return;
  for (const BackupTenant& tenant : manifest->tenants()) {
    uint64_t position = 0;
    for (const BackupSegment& segment : tenant.segments()) {
      MUST(segment.first_position() == position + 1 && segment.last_position() > position);
      position = segment.last_position();
    }
    MUST(HeadOf(tenant).position == position);
    MUST(FindTenant(*manifest, tenant.number()) == &tenant);
  }
  MUST(WriteManifest(fuzz::ScratchFolder::Path(), *manifest).ok());
  const std::string written = Content();
  auto again = Read(written);
  MUST(again.ok() && again->SerializeAsString() == manifest->SerializeAsString());
  MUST(absl::IsDataLoss(Read(fuzz::WithOneBitTurned(written, choices)).status()));
  MUST(absl::IsDataLoss(Read(absl::string_view(written).substr(1)).status()));
}

// A segment with any bytes behind its head, and what the manifest would say of it.
BackupSegment MakeSegment(absl::string_view rest, std::string* content) {
  *content = "RCNTBAK1";
  AppendU32(kTenant, content);
  AppendU64(1, content);
  content->append(32, '\0');
  content->append(rest.data(), rest.size());
  BackupSegment segment;
  segment.set_first_position(1);
  segment.set_last_position(1);
  segment.set_bytes(content->size());
  segment.set_sha256(Digest(*content));
  return segment;
}

absl::Status ReadCommitsOf(const BackupSegment& segment, std::string* entries, uint64_t* commits) {
  entries->clear();
  *commits = 0;
  absl::Status status = ReadSegment(fuzz::ScratchFolder::Path(), kTenant, segment, [&](const CommitParts& parts) {
    AppendU32(static_cast<uint32_t>(parts.hash.size() + parts.record_bytes.size()), entries);
    entries->append(parts.hash.begin(), parts.hash.end()).append(parts.record_bytes.data(), parts.record_bytes.size());
    ++*commits;
    return absl::OkStatus();
  });
  MUST(status.ok() || absl::IsDataLoss(status));
  return status;
}

void CheckSegment(absl::string_view rest, FuzzedDataProvider& choices) {
  std::string content, entries;
  uint64_t commits = 0;
  BackupSegment segment = MakeSegment(rest, &content);
  const std::string name = SegmentPath("", kTenant, 1);
  fuzz::ScratchFolder::Put(name, content);
  ReadCommitsOf(segment, &entries, &commits).IgnoreError();
  segment.set_commits(commits);
  const bool reads = ReadCommitsOf(segment, &entries, &commits).ok();
  MUST(reads == (entries == rest));  // all of it, as it was
  BackupTenant tenant;
  tenant.set_number(kTenant);
  *tenant.add_segments() = segment;
  const absl::Status decoded = ReadBackupSegment(fuzz::ScratchFolder::Path(), tenant, 0, [](const StoredCommit&) { return true; });
  MUST(decoded.ok() || absl::IsDataLoss(decoded));
  fuzz::ScratchFolder::Put(name, fuzz::WithOneBitTurned(content, choices));
  MUST(!ReadCommitsOf(segment, &entries, &commits).ok() && commits == 0);
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
  is_manifest ? CheckManifest(bytes, damage) : CheckSegment(bytes, damage);
  return 0;
}
