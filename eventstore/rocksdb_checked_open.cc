#include "eventstore/rocksdb_checked_open.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_text_log.h"

namespace recount::eventstore {
namespace {

using rocksdb::WALRecoveryMode;

absl::Status Refusal(const std::string& path, const rocksdb::Status& status) {
  if (status.IsIOError() && status.subcode() != rocksdb::Status::kPathNotFound) return FromRocksdb(status, path);
  return RefuseToOpen(path, status.ToString());
}

// The wanted column families that a database has; all of them if they are made.
absl::StatusOr<std::vector<rocksdb::ColumnFamilyDescriptor>> FamiliesToOpen(const CheckedOpen& open,
                                                                            const std::string& path, bool read_only) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, open.options}};
  std::vector<std::string> present;
  if (read_only && !open.families.empty()) {
    rocksdb::Status status = rocksdb::DB::ListColumnFamilies(open.options, path, &present);
    if (!status.ok()) return Refusal(path, status);
  }
  for (const rocksdb::ColumnFamilyDescriptor& family : open.families) {
    if (!read_only || std::count(present.begin(), present.end(), family.name) > 0) families.push_back(family);
  }
  return families;
}

absl::StatusOr<OpenedDatabase> OpenDatabase(const CheckedOpen& open, WALRecoveryMode mode, bool read_only) {
  const std::string path = open.folder + "/" + open.name;
  auto families = FamiliesToOpen(open, path, read_only);
  if (!families.ok()) return families.status();
  rocksdb::DBOptions options(open.options);
  options.wal_recovery_mode = mode;
  options.create_missing_column_families = true;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, *families, &handles, &db)
                                     : rocksdb::DB::Open(options, path, *families, &handles, &db);
  OpenedDatabase opened;
  opened.db.reset(db);
  std::map<std::string, std::unique_ptr<rocksdb::ColumnFamilyHandle>> by_name;
  for (rocksdb::ColumnFamilyHandle* handle : handles) by_name[handle->GetName()].reset(handle);
  if (!status.ok()) return Refusal(path, status);
  for (const rocksdb::ColumnFamilyDescriptor& family : open.families) {
    opened.families.push_back(std::move(by_name[family.name]));
  }
  return opened;
}

// RocksDB takes space ahead of its WALs, and a killed server leaves it taken: on a full disk the start needs it.
void GiveBackReserved(const std::string& path) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.path().extension() != ".log") continue;
    const uintmax_t size = entry.file_size(error);
    if (!error) std::filesystem::resize_file(entry.path(), size, error);
  }
}

// What RocksDB is about to cut off is kept for a person to look at.
absl::Status KeepTornWal(const std::string& folder, const std::string& database) {
  const std::string target = folder + "/torn-wal";
  std::error_code error;
  std::filesystem::remove_all(target, error);
  if (absl::Status status = MakeDirectory(target); !status.ok()) return status;
  for (const auto& entry : std::filesystem::directory_iterator(database, error)) {
    if (entry.path().extension() != ".log") continue;
    absl::StatusOr<std::string> content = ReadFile(entry.path().string());
    if (!content.ok()) return content.status();
    absl::Status status = ReplaceFile(target + "/" + entry.path().filename().string(), *content);
    if (!status.ok()) return status;
  }
  if (error) return absl::UnavailableError(absl::StrCat("cannot read ", database, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace

absl::Status RefuseToOpen(absl::string_view file, absl::string_view finding) {
  return absl::DataLossError(absl::StrCat(
      "DATA_DAMAGED: ", file, ": ", finding,
      ". It is not opened, and nothing was changed. Keep a copy of the data folder, then restore a backup."));
}

absl::StatusOr<OpenedDatabase> OpenChecked(const CheckedOpen& asked) {
  const std::string path = asked.folder + "/" + asked.name;
  CheckedOpen open = asked;
  open.options.info_log = OpenTextLog(path);
  if (FileExists(path + "/CURRENT")) {
    auto looked_at = OpenDatabase(open, WALRecoveryMode::kPointInTimeRecovery, /*read_only=*/true);
    if (!looked_at.ok()) return looked_at.status();
    if (absl::Status status = open.check(*looked_at); !status.ok()) return status;
  } else if (open.mark.sequence > 0) {
    return RefuseToOpen(path + "/CURRENT",
                        absl::StrCat("it is missing, but ", open.mark.sequence, " writes were acknowledged (HWM)"));
  }
  if (open.before_writing) {
    if (absl::Status status = open.before_writing(); !status.ok()) return status;
  }
  if (absl::Status status = MakeDirectory(path); !status.ok()) return status;
  GiveBackReserved(path);
  auto opened = OpenDatabase(open, WALRecoveryMode::kAbsoluteConsistency, /*read_only=*/false);
  if (absl::IsDataLoss(opened.status())) {
    // A torn tail, as far as the look before can tell: it holds everything up to the mark without it.
    if (absl::Status status = KeepTornWal(open.folder, path); !status.ok()) return status;
    opened = OpenDatabase(open, WALRecoveryMode::kPointInTimeRecovery, /*read_only=*/false);
  }
  if (!opened.ok()) return opened.status();
  if (absl::Status status = open.check(*opened); !status.ok()) return status;
  if (absl::Status status = SyncDirectory(path); !status.ok()) return status;
  return opened;
}

absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenChecked(const std::string& folder, const std::string& name,
                                                         const rocksdb::Options& options, const HighWaterMark& mark,
                                                         const std::function<absl::Status(rocksdb::DB*)>& check) {
  auto opened = OpenChecked(CheckedOpen{folder, name, options, {}, mark, [&](const OpenedDatabase& database) {
                                          return check(database.db.get());
                                        }, nullptr});
  if (!opened.ok()) return opened.status();
  return std::move(opened->db);
}

}  // namespace recount::eventstore
