// Tables of the key vault that are missing. A MANIFEST that is cut forgets the newest tables, and the WAL after them still brings the
// number of the newest write up to the mark: so the number alone does not show it.
//
// Every batch ends with the entry `end` (rocksdb_key_vault.h), which says where the one before it ended. What is in memory after
// opening came from the WAL without a gap; its first `end` must follow the newest one in the tables.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_VAULT_END_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_VAULT_END_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

// Puts `end` as the last entry of a batch that is written next.
absl::Status PutVaultEnd(rocksdb::DB* db, rocksdb::WriteBatch* batch);

// DATA_LOSS if tables are missing of the vault's database in folder `path`. One without any `end` is not checked.
absl::Status CheckVaultEnds(rocksdb::DB* db, const std::string& path);

bool IsVaultEnd(absl::string_view name);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_VAULT_END_H_
