#include "eventstore/hmac.h"

namespace recount::eventstore {

Mac Hmac::Of(const DataKey& key, absl::string_view text) {
  if (!has_key_ || key_ != key) {
    crypto_auth_hmacsha256_init(&begun_, key.data(), key.size());
    key_ = key;
    has_key_ = true;
  }
  crypto_auth_hmacsha256_state state = begun_;
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Mac mac;
  crypto_auth_hmacsha256_final(&state, mac.data());
  return mac;
}

}  // namespace recount::eventstore
