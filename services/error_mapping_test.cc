#include "services/error_mapping.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "domain/refusal.h"
#include "google/rpc/error_details.pb.h"

namespace recount::services {
namespace {

TEST(ErrorMappingTest, AStatusIsShortWhereverItIsTold) {
  const std::string list(100'000, 's');
  const absl::Status refusal =
      domain::Refuse(v1::STAGE_MAP_NOT_TOTAL, "missing: " + list, "rules[0].content", {{"stages", list}});
  const google::rpc::Status rpc = ToRpc(refusal);  // as an outcome of a batch has it
  EXPECT_LT(rpc.ByteSizeLong(), 8u << 10);
  google::rpc::ErrorInfo info;
  ASSERT_GE(rpc.details_size(), 1);
  ASSERT_TRUE(rpc.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "STAGE_MAP_NOT_TOTAL");
  EXPECT_LT(ToGrpc(refusal).error_details().size(), 8u << 10);
}

}  // namespace
}  // namespace recount::services
