// RocksDB's own text log (the file LOG beside its data), for which RocksDB's writer will not do: after one write that failed, as
// on a full disk, the next line of that one ends the process.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_TEXT_LOG_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_TEXT_LOG_H_

#include <memory>
#include <string>

#include "rocksdb/env.h"

namespace recount::eventstore {

// Lines that cannot be written are left out. With the first line the former LOG becomes LOG.old; so does one that has grown to
// `max_bytes`. The folder may be made later.
std::shared_ptr<rocksdb::Logger> OpenTextLog(const std::string& directory, size_t max_bytes = 4 << 20);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_TEXT_LOG_H_
