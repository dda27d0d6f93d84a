#include "eventstore/rocksdb_log_database.h"

#include <string>

#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {

absl::Status PutCommit(TenantNumber tenant, const StoredCommit& commit, rocksdb::WriteBatch* batch) {
  const std::string key = LogKey(tenant, commit.first_position);
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {{reinterpret_cast<const char*>(commit.hash.data()), commit.hash.size()},
                                        commit.bytes};
  return FromRocksdb(batch->Put(nullptr, rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2)), "log/");
}

}  // namespace recount::eventstore
