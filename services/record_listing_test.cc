#include "services/record_listing.h"

#include "services/command_bus_testing.h"

namespace recount::services {
namespace {

class RecordListingTest : public testing::Test {
 protected:
  RecordListingTest() {
    backend_.archive = bus_.archive();
    backend_.bus = &bus_.bus();
    for (const char* id : {"b", "a"}) {
      v1::Command command = Capture(id);
      command.mutable_capture_lead()->set_name(absl::StrCat("leads/", id));
      command.mutable_capture_lead()->add_phones()->set_raw("030 123456");
      EXPECT_TRUE(bus_.Send(std::move(command)).status.ok());
    }
  }
  absl::StatusOr<RecordPage> List(const std::string& filter, absl::Time deadline = absl::InfiniteFuture()) {
    v1::ListRequest request;
    request.set_filter(filter);
    Call call;
    call.deadline = deadline;
    return ListPage(&backend_, bus_.tenant(), call, request, *FindResourceType(v1::Lead::descriptor()));
  }

  Bus bus_;
  Backend backend_;
};

TEST_F(RecordListingTest, LooksUpByPhoneAndExternalId) {
  const auto both = List(R"(phone = "+49 30 123456")");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->names, (std::vector<std::string>{"leads/a", "leads/b"}));
  const auto one = List(R"(external.web = "b")");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->names, std::vector<std::string>{"leads/b"});
  EXPECT_TRUE(List(R"(phone = "+49 30 999999")")->names.empty());
}

TEST_F(RecordListingTest, ALookUpEndsAtItsDeadline) {
  const auto late = List(R"(phone = "+49 30 123456")", absl::InfinitePast());
  EXPECT_EQ(domain::ReasonOf(late.status()), v1::DEADLINE_PASSED) << late.status();
}

}  // namespace
}  // namespace recount::services
