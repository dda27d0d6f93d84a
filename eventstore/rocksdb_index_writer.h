// Brings a tail into the index database, in bulk.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_INDEX_WRITER_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_INDEX_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "eventstore/index_tail.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

// The format of the entries (rocksdb_layout.h); an index of another one is made again.
constexpr char kIndexFormat[] = "1";

// Writes the tail as one sorted table and hands it to the database: all of it or nothing, watermarks included, for about a
// quarter of what single puts cost. The table is made at `temporary_file`.
absl::Status WriteTail(const IndexTail& tail, rocksdb::DB* db, const std::string& temporary_file);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_INDEX_WRITER_H_
