#include "domain/refusal.h"

#include <fstream>
#include <regex>

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace recount::domain {
namespace {

TEST(RefusalTest, CarriesReasonFieldAndMetadata) {
  const absl::Status status =
      Refuse(v1::EXTERNAL_ID_TAKEN, "taken", "external_ids", {{"name", "deals/1"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), v1::EXTERNAL_ID_TAKEN);
  const google::rpc::Status rpc = ToRpcStatus(status);
  EXPECT_EQ(rpc.code(), 6);
  EXPECT_EQ(rpc.message(), "taken");
  ASSERT_EQ(rpc.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(rpc.details(0).UnpackTo(&info));
  EXPECT_EQ(info.domain(), "recount.v1");
  EXPECT_EQ(info.reason(), "EXTERNAL_ID_TAKEN");
  EXPECT_EQ(info.metadata().at("name"), "deals/1");
}

TEST(RefusalTest, AddsTheDetailThatBelongsToTheCode) {
  const absl::Status invalid = Refuse(v1::FIELD_TOO_LONG, "long", "title");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(bad.ParseFromString(
      std::string(*invalid.GetPayload("type.googleapis.com/google.rpc.BadRequest"))));
  EXPECT_EQ(bad.field_violations(0).field(), "title");
  const absl::Status precondition = Refuse(v1::DEAL_CLOSED, "closed", "deal");
  google::rpc::PreconditionFailure failure;
  ASSERT_TRUE(failure.ParseFromString(
      std::string(*precondition.GetPayload("type.googleapis.com/google.rpc.PreconditionFailure"))));
  EXPECT_EQ(failure.violations(0).type(), "DEAL_CLOSED");
  EXPECT_EQ(failure.violations(0).subject(), "deal");
  EXPECT_EQ(ToRpcStatus(Refuse(v1::DEAL_CLOSED, "closed")).details_size(), 1);
}

TEST(RefusalTest, OtherStatusesHaveNoReason) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), v1::ERROR_REASON_UNSPECIFIED);
}

// The code of each reason stands in brackets at the reason in error_reason.proto.
TEST(RefusalTest, CodesAreThoseOfTheProto) {
  std::ifstream proto(std::string(std::getenv("RECOUNT_SOURCE")) +
                      "/proto/recount/v1/error_reason.proto");
  ASSERT_TRUE(proto.good());
  const std::regex bracket("\\[([A-Z_]+)\\]"), value("^  ([A-Z_]+) = ([0-9]+);");
  std::string line, code;
  int count = 0;
  while (std::getline(proto, line)) {
    std::smatch match;
    if (std::regex_search(line, match, bracket)) code = match[1];
    if (!std::regex_search(line, match, value) || match[2] == "0") continue;
    const auto reason = static_cast<v1::ErrorReason>(std::stoi(match[2]));
    EXPECT_EQ(absl::StatusCodeToString(CodeOf(reason)), code) << match[1];
    ++count;
  }
  EXPECT_EQ(count, v1::ErrorReason_descriptor()->value_count() - 1);
}

}  // namespace
}  // namespace recount::domain
