#include "projections/engine/tokens.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "domain/refusal.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace recount::projections {
namespace {

constexpr size_t kSignatureBytes = 16;

std::string Signature(absl::string_view bytes, absl::string_view key) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
       mac, &size);
  return std::string(reinterpret_cast<const char*>(mac), kSignatureBytes);
}

absl::Status Invalid(absl::string_view field, absl::string_view why) {
  return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("the token cannot be honoured: ", why, "; ask the report again"), field);
}

}  // namespace

std::string Bytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string Sha256(absl::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), sizeof(digest));
}

uint64_t HashOf(absl::string_view bytes) {
  const std::string digest = Sha256(bytes);
  uint64_t hash;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

v1::RunReportRequest Essence(const v1::RunReportRequest& request) {
  v1::RunReportRequest essence = request;
  essence.clear_page_token();
  essence.clear_page_size();
  essence.clear_min_position();
  return essence;
}

namespace {

template <typename Token>
std::string Encode(const Token& token, absl::string_view key) {
  Token complete = token;
  complete.set_engine_version(kEngineVersion);
  const std::string bytes = Bytes(complete);
  return absl::WebSafeBase64Escape(absl::StrCat(Signature(bytes, key), bytes));
}

}  // namespace

std::string EncodeToken(const storage::v1::ReportToken& token, absl::string_view key) { return Encode(token, key); }

namespace {

// Of an HMAC: after the key, which is the one of a tenant and shorter than a block.
SHA256_CTX AfterKey(absl::string_view key, char pad) {
  std::string block(SHA256_CBLOCK, pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, block.data(), block.size());
  return context;
}

}  // namespace

AlikeTokens::AlikeTokens(const storage::v1::ReportToken& common, absl::string_view key) {
  storage::v1::ReportToken complete = common;
  complete.set_engine_version(kEngineVersion);
  common_ = Bytes(complete);
  const std::string block = key.size() > SHA256_CBLOCK ? Sha256(key) : std::string(key);
  inner_ = AfterKey(block, 0x36);
  outer_ = AfterKey(block, 0x5c);
  SHA256_Update(&inner_, common_.data(), common_.size());
}

std::string AlikeTokens::Encode(const storage::v1::ReportToken& own) const {
  const std::string bytes = Bytes(own);
  unsigned char mac[SHA256_DIGEST_LENGTH];
  SHA256_CTX inner = inner_, outer = outer_;
  SHA256_Update(&inner, bytes.data(), bytes.size());
  SHA256_Final(mac, &inner);
  SHA256_Update(&outer, mac, sizeof(mac));
  SHA256_Final(mac, &outer);
  return absl::WebSafeBase64Escape(absl::StrCat(absl::string_view(reinterpret_cast<const char*>(mac), kSignatureBytes), common_, bytes));
}

absl::Status PageMismatch() {
  return domain::Refuse(v1::PAGE_TOKEN_MISMATCH,
                        "the page token belongs to another request: repeat the request as it was, or ask without the token", "page_token");
}

namespace {

template <typename Token>
absl::StatusOr<Token> Decode(absl::string_view text, absl::string_view field, absl::string_view key) {
  std::string raw;
  if (!absl::WebSafeBase64Unescape(text, &raw) || raw.size() < kSignatureBytes) return Invalid(field, "it is not one of this tenant's, or was changed");
  const absl::string_view bytes = absl::string_view(raw).substr(kSignatureBytes);
  const std::string signature = Signature(bytes, key);
  if (CRYPTO_memcmp(signature.data(), raw.data(), kSignatureBytes) != 0) return Invalid(field, "it is not one of this tenant's, or was changed");
  Token token;
  if (!token.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Invalid(field, "it is damaged");
  if (token.engine_version() != kEngineVersion) return Invalid(field, "it was made by another version of the server");
  return token;
}

// No letter of theirs that are of other messages.
constexpr absl::string_view kDiffPrefix = "diff.";

// So that bytes of the one are never read as the other.
std::string DiffKey(absl::string_view key) { return absl::StrCat("diff ", key); }

}  // namespace

absl::StatusOr<storage::v1::ReportToken> DecodeToken(absl::string_view text, absl::string_view field, absl::string_view key) {
  return Decode<storage::v1::ReportToken>(text, field, key);
}

std::string EncodeDiffToken(const storage::v1::DiffToken& token, absl::string_view key) {
  return absl::StrCat(kDiffPrefix, Encode(token, DiffKey(key)));
}

bool IsDiffToken(absl::string_view text) { return absl::StartsWith(text, kDiffPrefix); }

absl::StatusOr<storage::v1::DiffToken> DecodeDiffToken(absl::string_view text, absl::string_view field, absl::string_view key) {
  return Decode<storage::v1::DiffToken>(absl::StripPrefix(text, kDiffPrefix), field, DiffKey(key));
}

}  // namespace recount::projections
