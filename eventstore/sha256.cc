#include "eventstore/sha256.h"

#include <openssl/evp.h>

#include <memory>

namespace recount::eventstore {
namespace {

// Fetching the algorithm costs as much as hashing a commit: once for the process, and one context a thread.
struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* NewHash() {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex2(context.get(), kSha256, nullptr);
  return context.get();
}

}  // namespace

std::array<uint8_t, 32> Sha256(std::initializer_list<absl::string_view> parts) {
  EVP_MD_CTX* context = NewHash();
  for (absl::string_view part : parts) EVP_DigestUpdate(context, part.data(), part.size());
  std::array<uint8_t, 32> hash;
  EVP_DigestFinal_ex(context, hash.data(), nullptr);
  return hash;
}

}  // namespace recount::eventstore
