#include "eventstore/request_hash.h"

#include <utility>

#include "eventstore/hmac.h"
#include "eventstore/vault_keys.h"

namespace recount::eventstore {
namespace {

constexpr absl::string_view kKeyId = "request-hashes";  // ids of data subjects are UUIDs
constexpr size_t kFingerprintSize = 8;

// One tenant's commands come in a row.
const std::string& FingerprintOfLast(const DataKey& key) {
  thread_local DataKey last{};
  thread_local std::string fingerprint = KeyFingerprint(last);
  if (last != key) {
    fingerprint = KeyFingerprint(key);
    last = key;
  }
  return fingerprint;
}

}  // namespace

absl::StatusOr<RequestHash> HashRequest(KeyVault& vault, uint32_t tenant, std::string digest) {
  absl::StatusOr<DataKey> key = FindOrMint(vault, tenant, kKeyId);
  if (!key.ok()) return key.status();
  thread_local Hmac hmac;
  const Mac mac = hmac.Of(*key, digest);
  RequestHash hash;
  hash.stored = FingerprintOfLast(*key);
  hash.stored.append(mac.begin(), mac.end());
  hash.digest = std::move(digest);
  return hash;
}

bool IsSameRequest(absl::string_view remembered, const RequestHash& hash) {
  if (remembered.size() != hash.stored.size()) return remembered == hash.digest;
  const absl::string_view stored = hash.stored;
  return remembered == stored || remembered.substr(0, kFingerprintSize) != stored.substr(0, kFingerprintSize);
}

}  // namespace recount::eventstore
