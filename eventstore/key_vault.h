// Keys of data subjects, and the erasable look-up of phones and e-mails (DESIGN.md, "Personal data").
#ifndef RECOUNT_EVENTSTORE_KEY_VAULT_H_
#define RECOUNT_EVENTSTORE_KEY_VAULT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recount::eventstore {

using DataKey = std::array<uint8_t, 32>;

// An entry of a vault as it is stored (rocksdb_key_vault.h).
using StoredKeyVisitor = std::function<absl::Status(absl::string_view name, absl::string_view value)>;
// False: enough.
using LookupVisitor = std::function<bool(absl::string_view stream)>;

// A store apart from the log: destroying a key there erases a person everywhere. Thread safe.
class KeyVault {
 public:
  virtual ~KeyVault() = default;
  // A new random key, usable at once and durable after the next Flush().
  virtual absl::StatusOr<DataKey> Mint(uint32_t tenant, absl::string_view key_id) = 0;
  // The same for an id that was made at random a moment before and has no key yet: nothing is looked up.
  virtual absl::StatusOr<DataKey> MintForNewId(uint32_t tenant, absl::string_view key_id) = 0;
  // NOT_FOUND if it never was or was destroyed.
  virtual absl::StatusOr<DataKey> Find(uint32_t tenant, absl::string_view key_id) = 0;
  // Makes all keys minted and look-ups added before durable. Called by the committer's group before its fsync of the log: an
  // event must never be durable without its key.
  virtual absl::Status Flush() = 0;
  // Look-up of records by normalised phone or e-mail; `kind` is `phone` or `email`. Stored as HMAC under a tenant key.
  virtual absl::Status AddLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                                 absl::string_view stream) = 0;
  // The streams of a value in byte order, each once. There may be very many, and `visit` may take its time and ask the vault:
  // nobody waits for it.
  virtual absl::Status VisitLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                                   const LookupVisitor& visit) = 0;
  // Everything that is durable, as it is stored, for a backup of the keys: keys wrapped under the master key, look-ups as HMACs.
  // Ends at the first error of `visit`. FAILED_PRECONDITION if nothing is stored.
  virtual absl::Status ReadStored(const StoredKeyVisitor& visit) = 0;
};

std::unique_ptr<KeyVault> NewMemoryKeyVault();

struct RocksdbVaultOptions {
  std::string directory;  // made if missing
  // File with the 32-byte key (hex) that wraps all others; made with mode 0600 if missing.
  std::string master_key_file;
  size_t write_buffer_bytes = 32 << 20;  // keys that are not in tables yet
};
absl::StatusOr<std::unique_ptr<KeyVault>> OpenRocksdbKeyVault(const RocksdbVaultOptions& options);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_KEY_VAULT_H_
