// A copy of the key vault in a folder of its own, apart from the backup of the log, because erasing a person means destroying
// every copy of a key (docs/adr/0007). Each making replaces the former copy, so that a destroyed key leaves it with the next one.
// Keys stay wrapped: without the master key, which is in no backup, nothing can be read.
//
//   DIR/MANIFEST            := checked file "recount key backup" of a KeyBackupManifest (backup_folder.h)
//   DIR/keys-NUMBER-INDEX   := "RCNTKEY1" entry*
//   entry                   := name length (4) name value length (4) value      as in the vault (rocksdb_key_vault.h)
#ifndef RECOUNT_EVENTSTORE_KEY_BACKUP_H_
#define RECOUNT_EVENTSTORE_KEY_BACKUP_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/key_vault.h"
#include "recount/storage/v1/backup.pb.h"

namespace recount::eventstore {

struct KeyBackupOptions {
  std::string folder;  // made if missing
  int64_t now_micros = 0;
  size_t part_bytes = 16 << 20;
};

// Whether keys may be copied into a folder: FAILED_PRECONDITION (`BACKUP_MISMATCH: `) if it holds something else. It may be
// missing.
absl::Status CheckKeysFolder(const std::string& folder);
// As there. On any error the former copy stays.
absl::StatusOr<storage::v1::KeyBackupManifest> BackUpKeys(KeyVault& vault, const KeyBackupOptions& options);

// NOT_FOUND if there is no copy.
absl::StatusOr<storage::v1::KeyBackupManifest> ReadKeyManifest(const std::string& folder);
// Every entry in order. DATA_LOSS names the damaged file.
absl::Status ReadKeyBackup(const std::string& folder, const StoredKeyVisitor& visit);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_KEY_BACKUP_H_
