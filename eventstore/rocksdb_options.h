// How RocksDB 7.8.3 is to be opened so that it does not lose data silently (spec: one bad bit in a WAL or MANIFEST must not
// pass), and small steps that all databases of this folder share.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_OPTIONS_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_OPTIONS_H_

#include <cstddef>
#include <memory>

#include "rocksdb/cache.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"

namespace recount::eventstore {

// After a write that found no room RocksDB tries to go on by itself once there is some, behind the half record that the write
// left in the WAL, and the next write then ends the process (an assertion of Debian's build). With this listener it does not try.
std::shared_ptr<rocksdb::EventListener> NoRecovery();

// Bytes of a database that are not in tables yet, unless its owner says otherwise.
inline constexpr size_t kLogWriteBuffer = 64 << 20, kVaultWriteBuffer = 32 << 20;

// The log: ascending keys, read by scans; every write synced. OpenChecked() chooses the recovery mode.
rocksdb::Options LogDatabaseOptions(const std::shared_ptr<rocksdb::Cache>& cache, size_t write_buffer_bytes = kLogWriteBuffer);

// Its packs of old commits: large values in ascending order, written once.
rocksdb::ColumnFamilyOptions PackFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache,
                                               size_t write_buffer_bytes = kLogWriteBuffer / 2);

// The index: many small keys, mostly asked for ones that are not there. Nothing is put into it, it only takes in whole
// tables (rocksdb_index_writer.h).
rocksdb::Options IndexDatabaseOptions(const std::shared_ptr<rocksdb::Cache>& cache);

// The key vault: small, synced in groups.
rocksdb::Options VaultDatabaseOptions(size_t write_buffer_bytes = kVaultWriteBuffer);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_OPTIONS_H_
