// Whether the database of the log holds everything that was put into it, found without reading it all.
//
// RocksDB numbers every operation. The log puts each commit once; packing deletes the commits of a pack by SingleDelete and puts
// the pack. Such a deletion vanishes in a flush or compaction together with the one put that it deletes, and until then both
// lie in the range of positions that is packed. So at any time
//
//   the packed range holds pairs of a put and its deletion, and nothing else;
//   entries outside it = number of the newest operation - 2 * commits in packs - packs;
//   the newest pack of each tenant says how many packs and packed commits there must be.
//
// A table or a WAL that is missing breaks one of the three.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LOG_CHECK_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LOG_CHECK_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/rocksdb_log_database.h"

namespace recount::eventstore {

// Finds what is packed of each tenant (LogDatabase::SetPacked). Before any reading.
absl::Status FindPacked(LogDatabase* database);

// That the database in folder `log` holds everything up to the mark, and nothing is missing before its end. After FindPacked().
absl::Status CheckAgainstMark(const LogDatabase& database, const std::string& log, const HighWaterMark& mark);

// Every tenant that has commits, with the end of its log, checked against the commit before.
absl::StatusOr<std::vector<std::pair<TenantNumber, Head>>> ReadHeads(const LogDatabase& database);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LOG_CHECK_H_
