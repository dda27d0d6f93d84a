// Opening the folder of a log without losing what was acknowledged. RocksDB by itself opens a damaged WAL or MANIFEST with
// data missing, and deletes files on the way; so the folder is first read without writing, and compared with the file HWM.
//
//   folder/FORMAT  "recount event log\nformat 2\nid " 32 hex digits "\n"
//   folder/HWM     what was surely acknowledged (high_water_mark.h)
//   folder/LOCK    held by the process that has the folder
//   folder/log/    the log; folder/index/ derived from it
//   folder/torn-wal/  copy of a WAL with a torn tail, from the last start that met one
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LOG_START_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LOG_START_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/durable_file.h"
#include "eventstore/event_log.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/rocksdb_checked_open.h"
#include "eventstore/rocksdb_log_database.h"
#include "eventstore/rocksdb_options.h"
#include "rocksdb/cache.h"

namespace recount::eventstore {

struct OpenedLog {
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<HighWaterMarkFile> mark;
  OpenedDatabase files;
  std::unique_ptr<LogDatabase> database;  // of `files`, with what is packed
};

// Makes the folder if it is missing; brings one of an older format to this one (format 1 is without packs) once it is found to be
// sound. FAILED_PRECONDITION: in use, or a format of a newer version. DATA_LOSS: acknowledged commits are missing or damaged; names
// the file and what to do, and has changed nothing.
absl::StatusOr<OpenedLog> OpenLogFolder(const std::string& directory, const std::shared_ptr<rocksdb::Cache>& cache,
                                        size_t write_buffer_bytes = kLogWriteBuffer);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LOG_START_H_
