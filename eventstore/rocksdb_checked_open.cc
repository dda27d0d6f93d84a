#include "eventstore/rocksdb_checked_open.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"
#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {
namespace {

using rocksdb::WALRecoveryMode;

absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenDatabase(const std::string& path, rocksdb::Options options,
                                                          WALRecoveryMode mode, bool read_only) {
  options.wal_recovery_mode = mode;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, &db)
                                     : rocksdb::DB::Open(options, path, &db);
  if (status.ok()) return std::unique_ptr<rocksdb::DB>(db);
  if (status.IsIOError() && status.subcode() != rocksdb::Status::kPathNotFound) return FromRocksdb(status, path);
  return RefuseToOpen(path, status.ToString());
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

absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenChecked(const std::string& folder, const std::string& name,
                                                         const rocksdb::Options& options, const HighWaterMark& mark,
                                                         const std::function<absl::Status(rocksdb::DB*)>& check) {
  const std::string path = folder + "/" + name;
  if (FileExists(path + "/CURRENT")) {
    auto looked_at = OpenDatabase(path, options, WALRecoveryMode::kPointInTimeRecovery, /*read_only=*/true);
    if (!looked_at.ok()) return looked_at.status();
    if (absl::Status status = check(looked_at->get()); !status.ok()) return status;
  } else if (mark.sequence > 0) {
    return RefuseToOpen(path + "/CURRENT",
                        absl::StrCat("it is missing, but ", mark.sequence, " writes were acknowledged (HWM)"));
  }
  if (absl::Status status = MakeDirectory(path); !status.ok()) return status;
  auto db = OpenDatabase(path, options, WALRecoveryMode::kAbsoluteConsistency, /*read_only=*/false);
  if (absl::IsDataLoss(db.status())) {
    // A torn tail, as far as the look before can tell: it holds everything up to the mark without it.
    if (absl::Status status = KeepTornWal(folder, path); !status.ok()) return status;
    db = OpenDatabase(path, options, WALRecoveryMode::kPointInTimeRecovery, /*read_only=*/false);
  }
  if (!db.ok()) return db.status();
  if (absl::Status status = check(db->get()); !status.ok()) return status;
  if (absl::Status status = SyncDirectory(path); !status.ok()) return status;
  return db;
}

}  // namespace recount::eventstore
