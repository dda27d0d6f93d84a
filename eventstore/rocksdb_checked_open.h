// Opens a database of which no acknowledged write may be missing. RocksDB by itself opens a damaged WAL or MANIFEST with data
// missing, and deletes files on the way; so it is first opened without writing, and compared with a high-water mark.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_CHECKED_OPEN_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_CHECKED_OPEN_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/high_water_mark.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

// DATA_LOSS: names the file, what was found and what to do.
absl::Status RefuseToOpen(absl::string_view file, absl::string_view finding);

struct OpenedDatabase {
  std::unique_ptr<rocksdb::DB> db;
  // Those beside the default one, in the order asked for. Null where the database is only looked at and has none.
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> families;
};

struct CheckedOpen {
  std::string folder;
  std::string name;  // of the database in it
  rocksdb::Options options;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // beside the default one; made if missing
  HighWaterMark mark;
  // Compares what is there with the mark, before and after the database is opened for writing.
  std::function<absl::Status(const OpenedDatabase&)> check;
  // Called between, when what is there is sound and nothing has been changed. May be empty.
  std::function<absl::Status()> before_writing;
};

// Opens or makes a database. A torn tail past the mark is cut off, and a copy of it is kept in `folder`/torn-wal.
absl::StatusOr<OpenedDatabase> OpenChecked(const CheckedOpen& open);

// One with the default column family alone.
absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenChecked(const std::string& folder, const std::string& name,
                                                         const rocksdb::Options& options, const HighWaterMark& mark,
                                                         const std::function<absl::Status(rocksdb::DB*)>& check);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_CHECKED_OPEN_H_
