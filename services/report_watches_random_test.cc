// Random commands, watched: what every reader has at the end is the answer.
#include <random>

#include "absl/strings/str_cat.h"
#include "services/report_watches_testing.h"

namespace recount::services {
namespace {

// Commands of which some matter to each question, and some to none.
class RandomCommands {
 public:
  explicit RandomCommands(std::mt19937& random) : random_(random) {}

  v1::Command Next() {
    v1::Command command;
    switch (deals_.empty() ? 0 : Any(9)) {
      case 0:
      case 1: {
        auto* create = command.mutable_create_deal();
        deals_.push_back(absl::StrCat("deals/", deals_.size()));
        create->set_name(deals_.back());
        create->set_title(absl::StrCat("Deal ", Any(100)));
        create->mutable_owner()->set_name(User());
        create->mutable_value()->set_currency_code(Any(4) == 0 ? "USD" : "EUR");
        create->mutable_value()->set_units(Any(1000));
        break;
      }
      case 2:
        command.mutable_change_deal_stage()->mutable_deal()->set_name(Deal());
        command.mutable_change_deal_stage()->set_stage(Any(2) == 0 ? "a" : "b");
        break;
      case 3:
        command.mutable_change_deal_value()->mutable_deal()->set_name(Deal());
        command.mutable_change_deal_value()->mutable_value()->set_currency_code("EUR");
        command.mutable_change_deal_value()->mutable_value()->set_units(Any(1000));
        break;
      case 4:
        command.mutable_assign_deal()->mutable_deal()->set_name(Deal());
        command.mutable_assign_deal()->mutable_owner()->set_name(User());
        break;
      case 5:
        command.mutable_delete_record()->mutable_record()->set_name(Deal());
        command.mutable_delete_record()->set_reason("by chance");
        break;
      case 6:
        command.mutable_change_user_details()->mutable_user()->set_name(User());
        command.mutable_change_user_details()->set_display_name(absl::StrCat("User ", Any(50)));
        break;
      case 7:
        return CaptureFrom(absl::StrCat("s", Any(4)));
      default:
        if (Any(4) != 0) return CaptureFrom("s0");
        return Pipelines(absl::StrCat("Label ", Any(3)));
    }
    return command;
  }
  int Any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string User() { return absl::StrCat("users/", Any(3)); }

 private:
  std::string Deal() { return deals_[random_() % deals_.size()]; }

  std::mt19937& random_;
  std::vector<std::string> deals_;
};

TEST_F(ReportWatchesTest, AtTheEndOfRandomCommandsEveryReaderHasTheAnswer) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  RandomCommands commands(random);
  side_.Do(Pipelines("First"));
  for (int i = 0; i < 3; ++i) {
    v1::Command user;
    user.mutable_create_user()->set_name(absl::StrCat("users/", i));
    user.mutable_create_user()->set_display_name(absl::StrCat("User ", i));
    side_.Do(user);
  }
  const std::vector<v1::WatchReportRequest> questions = {
      Ask("sales_conversion", {"source"}), Ask("pipeline_snapshot", {"stage", "owner"}, "deals desc"),
      Ask("pipeline_snapshot", {"owner"}), Ask("pipeline_detail"), Ask("pipeline_detail", {"owner", "value"}, "value desc")};
  std::vector<std::shared_ptr<Reader>> readers;
  std::vector<std::function<void()>> leaves;
  for (const auto& question : questions) {
    readers.push_back(Watch(question));
    leaves.push_back(leave_);
    ASSERT_TRUE(readers.back()->Next());
  }
  for (int i = 0; i < 400; ++i) {
    const Outcome outcome = side_.bus().Send(commands.Next());
    if (!outcome.status.ok()) continue;  // what was deleted cannot be changed
    const size_t which = random() % questions.size();
    if (commands.Any(6) == 0) {
      // Goes away, and on from the last token, with what it had.
      leaves[which]();
      auto resumed = std::make_shared<Reader>();
      resumed->model = readers[which]->model;
      v1::WatchReportRequest request = questions[which];
      request.set_resume_token(resumed->model.token());
      leaves[which] = MustWatch(request, resumed);
      readers[which] = resumed;
    }
  }
  side_.Do(CaptureFrom("last"));
  v1::Command last;
  last.mutable_create_deal()->mutable_value()->set_currency_code("EUR");
  last.mutable_create_deal()->mutable_value()->set_units(5000);
  last.mutable_create_deal()->mutable_owner()->set_name("users/1");
  const uint64_t deal = side_.Do(last);
  for (size_t i = 0; i < questions.size(); ++i) {
    SCOPED_TRACE(questions[i].ShortDebugString());
    readers[i]->ReadTo(deal);  // of leads: it came from none, and stands in the row apart
    readers[i]->model.ExpectEqual(Run(questions[i], deal));
    EXPECT_EQ(readers[i]->model.restarts(), 1);
  }
}

}  // namespace
}  // namespace recount::services
