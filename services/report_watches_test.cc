#include "services/report_watches.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>

#include "absl/strings/str_cat.h"
#include "services/read_side_testing.h"
#include "services/watch_testing.h"

namespace recount::services {
namespace {

// A reader that keeps up.
class Reader : public PushedStream {
 public:
  bool Push(const std::vector<WireBytes>& messages, bool) override {
    std::lock_guard lock(mutex_);
    for (const WireBytes& message : messages) {
      v1::WatchReportResponse parsed;
      EXPECT_TRUE(parsed.ParseFromString(*message));
      messages_.push_back(std::move(parsed));
    }
    changed_.notify_all();
    return true;
  }
  void End(absl::Status status) override {
    std::lock_guard lock(mutex_);
    if (!status_) status_ = std::move(status);
    changed_.notify_all();
  }

  // The next whole change; false: the watch has ended.
  bool Next() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !messages_.empty() || status_; });
      if (messages_.empty()) return false;
      const v1::WatchReportResponse message = std::move(messages_.front());
      messages_.pop_front();
      if (model.Take(message)) return true;
    }
  }
  void ReadTo(uint64_t position) {
    while (model.position() < position && Next()) {
    }
  }
  absl::Status AwaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return status_.has_value(); });
    return *status_;
  }

  WatchedModel model;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<v1::WatchReportResponse> messages_;
  std::optional<absl::Status> status_;
};

v1::WatchReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by = {}, const std::string& sort = "") {
  v1::WatchReportRequest request;
  request.set_report(report);
  for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
  request.set_sort(sort);
  return request;
}

v1::Command Pipelines(const std::string& label_of_a) {
  v1::Command publish;
  v1::PipelinesRule* rule = publish.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines();
  v1::Pipeline* pipeline = rule->add_pipelines();
  pipeline->set_id("main");
  for (const char* id : {"a", "b", "won", "lost"}) {
    v1::Stage* stage = pipeline->add_stages();
    stage->set_id(id);
    stage->set_meaning(id[0] == 'w' ? v1::STAGE_MEANING_WON : id[0] == 'l' ? v1::STAGE_MEANING_LOST : v1::STAGE_MEANING_UNSPECIFIED);
    if (*id == 'a') (*stage->mutable_labels())["en"] = label_of_a;
  }
  return publish;
}

v1::Command CaptureFrom(const std::string& source) {
  v1::Command command;
  command.mutable_capture_lead()->mutable_source()->set_id(source);
  command.mutable_capture_lead()->mutable_person_name()->set_display("Ann");
  return command;
}

class ReportWatchesTest : public testing::Test {
 protected:
  std::shared_ptr<Reader> Watch(const v1::WatchReportRequest& request) {
    auto reader = std::make_shared<Reader>();
    leave_ = MustWatch(request, reader);
    return reader;
  }
  std::function<void()> MustWatch(const v1::WatchReportRequest& request, const std::shared_ptr<Reader>& reader) {
    auto left = side_.watches().Watch(CallOf(), request, reader);
    EXPECT_TRUE(left.ok()) << left.status();
    if (left.ok()) return *left;
    reader->End(left.status());
    return [] {};
  }
  static Call CallOf() {
    Call call;
    call.caller = Caller{"acme", "ann", true, Role::kUser};
    return call;
  }
  v1::RunReportResponse Run(const v1::WatchReportRequest& watched, uint64_t position) {
    v1::RunReportRequest request;
    request.set_report(watched.report());
    *request.mutable_parameters() = watched.parameters();
    request.set_sort(watched.sort());
    request.set_min_position(position);
    const auto answer = side_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }

  ReadSide side_;
  std::function<void()> leave_;  // of the newest reader
};

TEST_F(ReportWatchesTest, ManyWhoWatchOneReportCostOneCountAChange) {
  constexpr int kReaders = 1000, kChanges = 20;
  const v1::WatchReportRequest request = Ask("sales_conversion", {"source"});
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < kReaders; ++i) readers.push_back(Watch(request));
  for (const auto& reader : readers) ASSERT_TRUE(reader->Next());
  const uint64_t before = side_.watches().counted();
  uint64_t position = 0;
  for (int i = 0; i < kChanges; ++i) {
    position = side_.Do(CaptureFrom("web"));
    for (const auto& reader : readers) reader->ReadTo(position);
  }
  const uint64_t counted = side_.watches().counted() - before;
  EXPECT_GE(counted, static_cast<uint64_t>(kChanges));
  EXPECT_LE(counted, 2u * kChanges);
  for (const auto& reader : readers) {
    EXPECT_EQ(reader->model.changes(), 1 + kChanges);
    reader->model.ExpectEqual(Run(request, position));
    if (testing::Test::HasFailure()) break;
  }
}

TEST_F(ReportWatchesTest, WhatChangesNoRowIsNotToldAndTheTokenGoesOn) {
  side_.Do(Pipelines("A"));
  const v1::WatchReportRequest deals = Ask("pipeline_snapshot", {"stage"});
  const auto reader = Watch(deals);
  ASSERT_TRUE(reader->Next());
  const uint64_t lead = side_.Do(CaptureFrom("web"));
  Run(deals, lead);
  v1::Command create;
  create.mutable_create_deal()->set_title("A deal");
  const uint64_t position = side_.Do(create);
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.position(), position);
  EXPECT_EQ(reader->model.changes(), 2);
  EXPECT_EQ(reader->model.restarts(), 1);
  reader->model.ExpectEqual(Run(deals, position));
}

TEST_F(ReportWatchesTest, ALabelThatRulesOrNamesChangeIsTold) {
  side_.Do(Pipelines("First"));
  v1::Command user;
  user.mutable_create_user()->set_name("users/u");
  user.mutable_create_user()->set_display_name("Una");
  side_.Do(user);
  v1::Command create;
  create.mutable_create_deal()->mutable_owner()->set_name("users/u");
  side_.Do(create);
  const v1::WatchReportRequest request = Ask("pipeline_snapshot", {"stage", "owner"});
  const auto reader = Watch(request);
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows()[0].second.cells(0).label(), "First");
  const WatchedModel first = reader->model;
  side_.Do(Pipelines("Primo"));
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows()[0].second.cells(0).label(), "Primo");
  const WatchedModel second = reader->model;
  v1::Command rename;
  rename.mutable_change_user_details()->mutable_user()->set_name("users/u");
  rename.mutable_change_user_details()->set_display_name("Una Two");
  const uint64_t position = side_.Do(rename);
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows()[0].second.cells(1).label(), "Una Two");
  // Whoever was away is told what came meanwhile, at once.
  for (const WatchedModel& known : {first, second}) {
    v1::WatchReportRequest later = request;
    later.set_resume_token(known.token());
    const auto away = std::make_shared<Reader>();
    away->model = known;
    MustWatch(later, away);
    away->ReadTo(position);
    away->model.ExpectEqual(Run(request, position));
    EXPECT_EQ(away->model.changes(), known.changes() + 1);
  }
}

// Stand at nothing until they are told to go on.
class PausedModels : public ModelsBetween {
 public:
  explicit PausedModels(std::unique_ptr<projections::ReadModels> inner) : ModelsBetween(std::move(inner)) { Pause(true); }
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    auto snapshot = ModelsBetween::Read(min_position, deadline);
    if (!asked_.exchange(true)) asked.set_value();
    return snapshot;
  }
  std::promise<void> asked;

 private:
  std::atomic<bool> asked_{false};
};

TEST(ReportWatches, TablesThatHaveNothingYetAreAwaited) {
  ReadSide side(With<PausedModels>());
  const uint64_t position = side.Do(CaptureFrom("web"));
  auto& models = static_cast<PausedModels&>(side.bus().tenant().models());
  const auto reader = std::make_shared<Reader>();
  Call call;
  call.caller = Caller{"acme", "ann", true, Role::kUser};
  ASSERT_TRUE(side.watches().Watch(call, Ask("sales_conversion"), reader).ok());
  models.asked.get_future().wait();
  models.Pause(false);
  reader->ReadTo(position);
  EXPECT_EQ(reader->model.position(), position);
}

TEST_F(ReportWatchesTest, WhoeverIsLeftOrWrongIsEndedOrForgotten) {
  const auto unknown = Watch(Ask("no_such_report"));
  EXPECT_EQ(domain::ReasonOf(unknown->AwaitEnd()), v1::REPORT_NOT_FOUND);
  const auto wrong = Watch(Ask("sales_conversion", {}, "nonsense"));
  EXPECT_EQ(domain::ReasonOf(wrong->AwaitEnd()), v1::PARAMETER_INVALID);
  const auto left = Watch(Ask("sales_conversion"));
  ASSERT_TRUE(left->Next());
  leave_();
  leave_();
  const uint64_t before = side_.watches().counted();
  Run(Ask("sales_conversion"), side_.Do(CaptureFrom("web")));
  EXPECT_EQ(side_.watches().counted(), before);
  const auto last = Watch(Ask("sales_conversion"));
  ASSERT_TRUE(last->Next());
  side_.watches().Stop();
  EXPECT_EQ(domain::ReasonOf(last->AwaitEnd()), v1::SERVER_STOPPING);
  EXPECT_EQ(domain::ReasonOf(side_.watches().Watch(CallOf(), Ask("sales_conversion"), last).status()), v1::SERVER_STOPPING);
}

TEST_F(ReportWatchesTest, DifferentQuestionsOfATenantAreLimited) {
  constexpr int kMost = 256;
  v1::WatchReportRequest request = Ask("sales_conversion");
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < kMost; ++i) {
    request.set_language(absl::StrCat("x", i));
    readers.push_back(Watch(request));
  }
  readers.push_back(Watch(request));  // the same question is no other one
  for (const auto& reader : readers) ASSERT_TRUE(reader->Next());
  request.set_language("x");
  EXPECT_EQ(domain::ReasonOf(side_.watches().Watch(CallOf(), request, readers[0]).status()), v1::TOO_MANY_COMMANDS);
  leave_();
}

TEST_F(ReportWatchesTest, AnAnswerOfTooManyRowsIsNotWatched) {
  v1::WatchReportRequest request;
  request.mutable_definition()->set_id("leads");
  request.mutable_definition()->set_subject("lead");
  v1::Dimension* column = request.mutable_definition()->mutable_list()->add_columns();
  column->set_id("source");
  column->set_expr("source");
  const auto capture = [&](size_t leads) {
    return side_.bus().SendAll(std::vector<v1::Command>(leads, CaptureFrom("web"))).back().result.position();
  };
  uint64_t position = 0;
  for (size_t leads = 0; leads < projections::kMostWatchedRows; leads += 1000) position = capture(1000);
  request.mutable_parameters();
  ASSERT_TRUE(side_.bus().tenant().models().Read(position, absl::InfiniteFuture()).ok());
  const auto reader = Watch(request);
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows().size(), projections::kMostWatchedRows);
  capture(1);
  EXPECT_EQ(domain::ReasonOf(reader->AwaitEnd()), v1::ANSWER_TOO_LARGE);
}

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
  const uint64_t lead = side_.Do(CaptureFrom("last"));
  v1::Command last;
  last.mutable_create_deal()->mutable_value()->set_currency_code("EUR");
  last.mutable_create_deal()->mutable_value()->set_units(5000);
  last.mutable_create_deal()->mutable_owner()->set_name("users/1");
  const uint64_t deal = side_.Do(last);
  for (size_t i = 0; i < questions.size(); ++i) {
    SCOPED_TRACE(questions[i].ShortDebugString());
    readers[i]->ReadTo(i == 0 ? lead : deal);
    readers[i]->model.ExpectEqual(Run(questions[i], deal));
    EXPECT_EQ(readers[i]->model.restarts(), 1);
  }
}

}  // namespace
}  // namespace recount::services
