// Fills an empty folder with a log and with keys, in the form in which the log and the vault themselves write.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_RESTORE_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_RESTORE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {

// Takes the next commit of a tenant, each tenant's in order from position 1, checked against its chain.
using CommitTaker = std::function<absl::Status(TenantNumber tenant, const StoredCommit& commit)>;

// Makes the log of `directory` (RocksdbLogOptions) and puts into it what `give` gives, byte for byte. Durable, with its high-water
// mark, when it returns. FAILED_PRECONDITION if there is a log.
absl::Status RestoreRocksdbLog(const std::string& directory, const std::function<absl::Status(const CommitTaker&)>& give);

// The same for the vault of `directory` (RocksdbVaultOptions) and its entries as ReadStored() gave them.
absl::Status RestoreRocksdbKeyVault(const std::string& directory,
                                    const std::function<absl::Status(const StoredKeyVisitor&)>& give);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_RESTORE_H_
