// The cryptographic library, ready for use.
#ifndef RECOUNT_EVENTSTORE_CRYPTOGRAPHY_H_
#define RECOUNT_EVENTSTORE_CRYPTOGRAPHY_H_

#include "absl/status/status.h"

namespace recount::eventstore {

// To be called before keys or nonces are drawn; safe to call again, from any thread. INTERNAL if the machine has no source of
// randomness.
absl::Status StartCryptography();

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_CRYPTOGRAPHY_H_
