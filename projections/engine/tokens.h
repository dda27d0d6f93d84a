// Page tokens, pins and cell ids: messages, signed so that nobody makes them up. The key is the tenant's, so that a token of
// another tenant is none.
#ifndef RECOUNT_PROJECTIONS_ENGINE_TOKENS_H_
#define RECOUNT_PROJECTIONS_ENGINE_TOKENS_H_

// Its functions that fetch nothing are marked as deprecated for the sake of providers, which is no reason here.
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
#include <openssl/sha.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/storage/v1/diff_token.pb.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// Raised when the same question may get another answer from the same log: pins of before are refused then.
inline constexpr uint32_t kEngineVersion = 3;

std::string EncodeToken(const storage::v1::ReportToken& token, absl::string_view key);

// Many tokens that begin alike, e.g. the ids of an answer's cells: what they have in common is written and signed once.
class AlikeTokens {
 public:
  AlikeTokens(const storage::v1::ReportToken& common, absl::string_view key);
  // As EncodeToken() of a token with the fields of both. `own` has only fields that come after those of `common`.
  std::string Encode(const storage::v1::ReportToken& own) const;

 private:
  std::string common_;
  SHA256_CTX inner_, outer_;  // of the HMAC: after the key and what is common, and after the key
};

// TOKEN_INVALID, naming the field that it came in, if it is not one of ours or of another engine version.
absl::StatusOr<storage::v1::ReportToken> DecodeToken(absl::string_view text, absl::string_view field, absl::string_view key);
// The same of a comparison by cause. They are told from others by how they begin.
std::string EncodeDiffToken(const storage::v1::DiffToken& token, absl::string_view key);
bool IsDiffToken(absl::string_view text);
absl::StatusOr<storage::v1::DiffToken> DecodeDiffToken(absl::string_view text, absl::string_view field, absl::string_view key);
// PAGE_TOKEN_MISMATCH.
absl::Status PageMismatch();

// Hash of what must stay the same from page to page.
uint64_t HashOf(absl::string_view bytes);
// The request without page token, size and min_position.
v1::RunReportRequest Essence(const v1::RunReportRequest& request);
std::string Bytes(const google::protobuf::MessageLite& message);  // the same for equal messages
std::string Sha256(absl::string_view bytes);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_TOKENS_H_
