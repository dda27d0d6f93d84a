#include "eventstore/key_backup.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "eventstore/backup_folder.h"
#include "eventstore/big_endian.h"
#include "eventstore/durable_file.h"
#include "eventstore/sha256.h"

namespace recount::eventstore {
namespace {

using storage::v1::KeyBackupManifest;
using storage::v1::KeyBackupPart;

constexpr char kTitle[] = "recount key backup";
constexpr uint32_t kFormat = 1;
constexpr absl::string_view kMagic = "RCNTKEY1";
constexpr absl::string_view kPartPrefix = "keys-";

std::string Digest(absl::string_view bytes) {
  const auto hash = Sha256({bytes});
  return std::string(hash.begin(), hash.end());
}

// Removes every part that the manifest does not name: those of the copy before, or of one that was interrupted.
absl::Status RemoveOtherParts(const std::string& folder, const KeyBackupManifest& manifest) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool is_named = std::any_of(manifest.parts().begin(), manifest.parts().end(),
                                      [&](const KeyBackupPart& part) { return part.name() == name; });
    if (absl::StartsWith(name, kPartPrefix) && !is_named) std::filesystem::remove(entry.path(), error);
  }
  if (error) return absl::UnavailableError(absl::StrCat("cannot remove former keys from ", folder, ": ", error.message()));
  return SyncDirectory(folder);
}

// Cuts the entries of a vault into files.
class PartWriter {
 public:
  PartWriter(const KeyBackupOptions& options, uint64_t number) : options_(options) { manifest_.set_number(number); }

  absl::Status Add(absl::string_view name, absl::string_view value) {
    if (content_.empty()) content_ = std::string(kMagic);
    for (absl::string_view text : {name, value}) {
      AppendU32(static_cast<uint32_t>(text.size()), &content_);
      content_.append(text.data(), text.size());
    }
    ++entries_;
    return content_.size() < options_.part_bytes ? absl::OkStatus() : WritePart();
  }

  absl::StatusOr<KeyBackupManifest> Finish() {
    if (entries_ > 0) {
      if (absl::Status status = WritePart(); !status.ok()) return status;
    }
    manifest_.set_format(kFormat);
    manifest_.set_made_micros(options_.now_micros);
    if (absl::Status status = WriteCheckedFile(options_.folder + "/MANIFEST", kTitle, manifest_); !status.ok()) return status;
    return manifest_;
  }

 private:
  absl::Status WritePart() {
    KeyBackupPart* part = manifest_.add_parts();
    part->set_name(absl::StrCat(kPartPrefix, manifest_.number(), "-", manifest_.parts_size()));
    part->set_bytes(content_.size());
    part->set_sha256(Digest(content_));
    part->set_entries(std::exchange(entries_, 0));
    const std::string content = std::exchange(content_, "");
    return ReplaceFile(absl::StrCat(options_.folder, "/", part->name()), content);
  }

  const KeyBackupOptions& options_;
  KeyBackupManifest manifest_;
  std::string content_;
  uint64_t entries_ = 0;
};

// The next length and as many bytes.
bool Take(absl::string_view* rest, absl::string_view* text) {
  if (rest->size() < 4) return false;
  const size_t size = ReadU32(rest->data());
  rest->remove_prefix(4);
  if (rest->size() < size) return false;
  *text = rest->substr(0, size);
  rest->remove_prefix(size);
  return true;
}

absl::Status ReadPart(const std::string& path, const KeyBackupPart& part, const StoredKeyVisitor& visit) {
  if (!FileExists(path)) return DamagedBackup(path, "the file is missing");
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  absl::string_view rest = *content;
  if (Digest(*content) != part.sha256() || !absl::ConsumePrefix(&rest, kMagic)) {
    return DamagedBackup(path, "the file does not fit its checksum");
  }
  absl::string_view name, value;
  while (!rest.empty()) {
    if (!Take(&rest, &name) || !Take(&rest, &value)) return DamagedBackup(path, "an entry is cut short");
    if (absl::Status status = visit(name, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckKeysFolder(const std::string& folder) {
  if (!FileExists(folder)) return absl::OkStatus();
  if (FileExists(folder + "/MANIFEST")) return ReadKeyManifest(folder).status();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name == "LOCK" || name == "MANIFEST.new" || absl::StartsWith(name, kPartPrefix)) continue;
    return absl::FailedPreconditionError(absl::StrCat("BACKUP_MISMATCH: ", folder, " holds ", name,
                                                      " and no keys; name a folder that is empty or missing"));
  }
  if (error) return absl::UnavailableError(absl::StrCat("cannot look into ", folder, ": ", error.message()));
  return absl::OkStatus();
}

absl::StatusOr<KeyBackupManifest> BackUpKeys(KeyVault& vault, const KeyBackupOptions& options) {
  if (absl::Status status = MakeDirectory(options.folder); !status.ok()) return status;
  if (absl::Status status = CheckKeysFolder(options.folder); !status.ok()) return status;
  auto lock = DirectoryLock::Take(options.folder);
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::AbortedError(absl::StrCat("BACKUP_RUNNING: a backup into ", options.folder, " is being made"));
  }
  if (!lock.ok()) return lock.status();
  absl::StatusOr<KeyBackupManifest> before = ReadKeyManifest(options.folder);
  if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
  if (!before.ok()) before = KeyBackupManifest();
  PartWriter writer(options, before->number() + 1);
  absl::Status status =
      vault.ReadStored([&](absl::string_view name, absl::string_view value) { return writer.Add(name, value); });
  absl::StatusOr<KeyBackupManifest> manifest = status.ok() ? writer.Finish() : status;
  if (!manifest.ok()) {
    RemoveOtherParts(options.folder, *before).IgnoreError();
    return manifest.status();
  }
  if (absl::Status removed = RemoveOtherParts(options.folder, *manifest); !removed.ok()) return removed;
  return manifest;
}

absl::StatusOr<KeyBackupManifest> ReadKeyManifest(const std::string& folder) {
  const std::string path = folder + "/MANIFEST";
  if (!FileExists(path)) return absl::NotFoundError(absl::StrCat("there are no keys in ", folder, ": it has no file MANIFEST"));
  KeyBackupManifest manifest;
  if (absl::Status status = ReadCheckedFile(path, kTitle, &manifest); !status.ok()) return status;
  if (manifest.format() == kFormat) return manifest;
  return absl::FailedPreconditionError(absl::StrCat(path, ": these keys have format ", manifest.format(),
                                                    ", and this program knows format ", kFormat));
}

absl::Status ReadKeyBackup(const std::string& folder, const StoredKeyVisitor& visit) {
  absl::StatusOr<KeyBackupManifest> manifest = ReadKeyManifest(folder);
  if (!manifest.ok()) return manifest.status();
  for (const KeyBackupPart& part : manifest->parts()) {
    if (absl::Status status = ReadPart(absl::StrCat(folder, "/", part.name()), part, visit); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace recount::eventstore
