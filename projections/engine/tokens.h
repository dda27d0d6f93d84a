// Page tokens, pins and cell ids: messages, signed so that nobody makes them up. The key is the tenant's, so that a token of
// another tenant is none.
#ifndef RECOUNT_PROJECTIONS_ENGINE_TOKENS_H_
#define RECOUNT_PROJECTIONS_ENGINE_TOKENS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// Raised when the same question may get another answer from the same log: pins of before are refused then.
inline constexpr uint32_t kEngineVersion = 3;

std::string EncodeToken(const storage::v1::ReportToken& token, absl::string_view key);
// TOKEN_INVALID, naming the field that it came in, if it is not one of ours or of another engine version.
absl::StatusOr<storage::v1::ReportToken> DecodeToken(absl::string_view text, absl::string_view field, absl::string_view key);
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
