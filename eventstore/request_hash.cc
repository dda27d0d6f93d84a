#include "eventstore/request_hash.h"

#include <sodium.h>

#include <utility>

#include "eventstore/vault_keys.h"

namespace recount::eventstore {
namespace {

constexpr absl::string_view kKeyId = "request-hashes";  // ids of data subjects are UUIDs
constexpr size_t kFingerprintSize = 8;

}  // namespace

absl::StatusOr<RequestHash> HashRequest(KeyVault& vault, uint32_t tenant, std::string digest) {
  absl::StatusOr<DataKey> key = FindOrMint(vault, tenant, kKeyId);
  if (!key.ok()) return key.status();
  RequestHash hash;
  hash.stored = KeyFingerprint(*key);
  hash.stored.resize(kFingerprintSize + crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(hash.stored.data() + kFingerprintSize),
                         reinterpret_cast<const unsigned char*>(digest.data()), digest.size(), key->data());
  hash.digest = std::move(digest);
  return hash;
}

bool IsSameRequest(absl::string_view remembered, const RequestHash& hash) {
  if (remembered.size() != hash.stored.size()) return remembered == hash.digest;
  const absl::string_view stored = hash.stored;
  return remembered == stored || remembered.substr(0, kFingerprintSize) != stored.substr(0, kFingerprintSize);
}

}  // namespace recount::eventstore
