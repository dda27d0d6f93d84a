// By what a command is known again under its request id, without the log keeping anything from which personal data in it could
// be guessed once it is erased.
#ifndef RECOUNT_EVENTSTORE_REQUEST_HASH_H_
#define RECOUNT_EVENTSTORE_REQUEST_HASH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {

struct RequestHash {
  std::string digest;  // SHA-256 of the command: in memory only
  std::string stored;  // recount.storage.v1.CommitRecord, command_hash
};

// Mints the tenant's key for it with the first one.
absl::StatusOr<RequestHash> HashRequest(KeyVault& vault, uint32_t tenant, std::string digest);

// Is a command_hash of the log that of this command? Yes also where nobody can tell, because the key of then is lost: an honest
// repeat must not be refused, nor executed twice.
bool IsSameRequest(absl::string_view remembered, const RequestHash& hash);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_REQUEST_HASH_H_
