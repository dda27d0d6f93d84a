#include "services/rpc.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "domain/refusal.h"
#include "recount/v1/admin.pb.h"

namespace recount::services {
namespace {

TEST(MethodTableTest, AQuestionWhoseDeadlinePassedIsNotAnswered) {
  WorkerPool pool(1, 8);
  MethodTable table(&pool);
  int asked = 0;
  table.AddTyped<v1::GetStatusRequest, v1::Status>(
      "ask", Access::kRead, [&](const Call&, const v1::GetStatusRequest&) -> absl::StatusOr<v1::Status> {
        ++asked;
        return v1::Status();
      });
  const auto ask = [&](absl::Time deadline) {
    Call call;
    call.deadline = deadline;
    std::promise<absl::Status> answered;
    table.Find("ask")->unary(call, std::make_unique<v1::GetStatusRequest>(),
                             [&](absl::StatusOr<std::unique_ptr<Message>> answer) {
                               answered.set_value(answer.status());
                             });
    return answered.get_future().get();
  };
  EXPECT_TRUE(ask(absl::InfiniteFuture()).ok());
  EXPECT_EQ(domain::ReasonOf(ask(absl::InfinitePast())), v1::DEADLINE_PASSED);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace recount::services
