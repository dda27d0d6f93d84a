#include "eventstore/vault_keys.h"

#include <sodium.h>

#include <array>

namespace recount::eventstore {
namespace {

constexpr absl::string_view kFingerprinted = "recount key fingerprint";
constexpr size_t kFingerprintSize = 8;

}  // namespace

absl::StatusOr<DataKey> FindOrMint(KeyVault& vault, uint32_t tenant, absl::string_view key_id) {
  absl::StatusOr<DataKey> key = vault.Find(tenant, key_id);
  if (!absl::IsNotFound(key.status())) return key;
  key = vault.Mint(tenant, key_id);
  if (!absl::IsAlreadyExists(key.status())) return key;
  return vault.Find(tenant, key_id);  // minted by another thread meanwhile
}

std::string KeyFingerprint(const DataKey& key) {
  std::array<unsigned char, crypto_generichash_BYTES_MAX> hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(kFingerprinted.data()),
                     kFingerprinted.size(), key.data(), key.size());
  return {hash.begin(), hash.begin() + kFingerprintSize};
}

}  // namespace recount::eventstore
