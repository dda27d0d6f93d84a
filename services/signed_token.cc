#include "services/signed_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::services {
namespace {

constexpr size_t kMacBytes = 16;

std::string Mac(absl::string_view key, absl::string_view scope, absl::string_view text) {
  const std::string data = absl::StrCat(scope.size(), ":", scope, text);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), mac, &size);
  return std::string(reinterpret_cast<const char*>(mac), kMacBytes);
}

}  // namespace

std::string TenantTokenKey(absl::string_view key, uint32_t tenant) { return Mac(key, "tenant", absl::StrCat(tenant)); }

std::string SignToken(absl::string_view key, absl::string_view scope, absl::string_view text) {
  return absl::WebSafeBase64Escape(absl::StrCat(Mac(key, scope, text), text));
}

absl::StatusOr<std::string> OpenToken(absl::string_view key, absl::string_view scope, absl::string_view token) {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(token, &bytes) && bytes.size() >= kMacBytes) {
    std::string text = bytes.substr(kMacBytes);
    if (CRYPTO_memcmp(Mac(key, scope, text).data(), bytes.data(), kMacBytes) == 0) return text;
  }
  return domain::Refuse(v1::TOKEN_INVALID, "the page token is not one of this server's for this tenant", "page_token");
}

}  // namespace recount::services
