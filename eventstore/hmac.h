// HMAC-SHA-256 under a key that is used again and again: half of a short text's cost is to begin with the key.
#ifndef RECOUNT_EVENTSTORE_HMAC_H_
#define RECOUNT_EVENTSTORE_HMAC_H_

#include <sodium.h>

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "eventstore/key_vault.h"

namespace recount::eventstore {

using Mac = std::array<uint8_t, crypto_auth_hmacsha256_BYTES>;

// Keeps what comes of the key used last. Not thread safe.
class Hmac {
 public:
  Mac Of(const DataKey& key, absl::string_view text);

 private:
  bool has_key_ = false;
  DataKey key_{};
  crypto_auth_hmacsha256_state begun_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_HMAC_H_
