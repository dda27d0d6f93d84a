// What is asked of a vault's keys beside keeping them.
#ifndef RECOUNT_EVENTSTORE_VAULT_KEYS_H_
#define RECOUNT_EVENTSTORE_VAULT_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {

// The key of that id, minted if there is none.
absl::StatusOr<DataKey> FindOrMint(KeyVault& vault, uint32_t tenant, absl::string_view key_id);

// Which key it is, without telling anything of it: 8 bytes (recount.storage.v1.SealedBlob, key_fingerprint).
std::string KeyFingerprint(const DataKey& key);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_VAULT_KEYS_H_
