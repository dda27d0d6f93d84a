// The stored form of the key vault on RocksDB. Keys of its database `db/`, numbers big endian:
//
//   entry   := tenant (4) 'M' | 'E' | 'T' | 'K' ... | 'L' ...
//   check   := 0 (4) 'M'                        -> wrapped constant: shows that the master key is the right one
//   end     := 0 (4) 'E'                        -> write number of the `end` before it (8), its own (8): rocksdb_vault_end.h
//   tenant  := tenant (4) 'T'                   -> wrapped key of the tenant's look-ups
//   key     := tenant (4) 'K' key_id            -> wrapped key
//   look-up := tenant (4) 'L' HMAC-SHA256(tenant's look-up key, kind 0x00 value) (32) stream -> nothing
//           Beside it HWM (high_water_mark.h), so that keys that were made durable cannot be lost unseen.
//   wrapped := nonce (24), XChaCha20-Poly1305 under the master key with associated data tenant (4) | letter | key_id
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_KEY_VAULT_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_KEY_VAULT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/rocksdb_options.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

inline constexpr char kVaultMarkId[] = "recount keyvault";  // 16 bytes, in place of a log's id

// The database of a vault in `directory`, made if missing, that holds everything up to the mark.
absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenVaultDatabase(const std::string& directory, const HighWaterMark& mark,
                                                               size_t write_buffer_bytes = kVaultWriteBuffer);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_KEY_VAULT_H_
