// The database below the kept read models: one that goes on after a write that failed, as on a full disk.
#ifndef RECOUNT_PROJECTIONS_ROCKSDB_MODEL_DATABASE_H_
#define RECOUNT_PROJECTIONS_ROCKSDB_MODEL_DATABASE_H_

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"

namespace recount::projections {

// Thread safe. What fails for want of room is RESOURCE_EXHAUSTED (`DISK_FULL: `), damage DATA_LOSS, all else UNAVAILABLE.
class ModelDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<ModelDatabase>> Open(const std::string& directory);

  // `doing` begins the sentence of an error. Nothing is synced: after a crash read models count on from an older checkpoint.
  absl::Status Write(rocksdb::WriteBatch* batch, absl::string_view doing);
  absl::Status Flush(absl::string_view doing);
  rocksdb::Status Get(const std::string& key, std::string* value);

 private:
  using Handle = std::shared_ptr<rocksdb::DB>;

  explicit ModelDatabase(std::string directory) : directory_(std::move(directory)) {}
  // RocksDB itself goes on writing behind the half record that a failed write left, which ends the process: a database is
  // opened again instead.
  absl::StatusOr<Handle> Usable();
  absl::Status Note(const rocksdb::Status& status, absl::string_view doing);

  const std::string directory_;
  std::mutex mutex_;
  // Guarded by mutex_.
  Handle db_;  // none: it could not be opened again
  bool has_failed_ = true;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROCKSDB_MODEL_DATABASE_H_
