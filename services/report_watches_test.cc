#include "services/report_watches.h"

#include "absl/strings/str_cat.h"
#include "services/report_watches_testing.h"

namespace recount::services {
namespace {

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

TEST(ReportWatches, WhoComesAfterAQuestionFailedIsToldWhy) {
  ReadSide side;
  side.Do(CaptureFrom("web"));
  Call call;
  call.caller = Caller{"acme", "ann", true, Role::kUser, *domain::Rights::Parse("users/ann")};
  v1::WatchReportRequest request = Ask("sales_conversion");
  request.mutable_parameters()->set_rights("users/other");
  for (int i = 0; i < 3; ++i) {  // none of them leaves
    const auto reader = std::make_shared<Reader>();
    ASSERT_TRUE(side.watches().Watch(call, request, reader).ok());
    EXPECT_EQ(domain::ReasonOf(reader->AwaitEnd()), v1::RIGHTS_EXCEEDED) << i;
  }
  // The same question of somebody who may ask it is another one.
  call.caller.rights = domain::Rights();
  const auto reader = std::make_shared<Reader>();
  ASSERT_TRUE(side.watches().Watch(call, request, reader).ok());
  EXPECT_TRUE(reader->Next());
}

// Whoever reads waits while the gate is closed.
class GatedModels : public ModelsBetween {
 public:
  using ModelsBetween::ModelsBetween;
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_closed_; });
    --waiting_;
    lock.unlock();
    return ModelsBetween::Read(min_position, deadline);
  }
  void CloseGate() {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  void AwaitReader() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void OpenGate() {
    std::lock_guard lock(mutex_);
    is_closed_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool is_closed_ = false;
  int waiting_ = 0;
};

TEST(ReportWatches, WhatComesWhileAnAnswerIsCountedIsToldAsOneChange) {
  ReadSide side(With<GatedModels>());
  auto& models = static_cast<GatedModels&>(side.bus().tenant().models());
  const auto reader = std::make_shared<Reader>();
  Call call;
  call.caller = Caller{"acme", "ann", true, Role::kUser};
  ASSERT_TRUE(side.watches().Watch(call, Ask("sales_conversion"), reader).ok());
  ASSERT_TRUE(reader->Next());
  const uint64_t before = side.watches().counted();
  models.CloseGate();
  uint64_t last = side.Do(CaptureFrom("web"));
  models.AwaitReader();
  for (int i = 0; i < 50; ++i) last = side.Do(CaptureFrom("web"));
  models.OpenGate();
  reader->ReadTo(last);
  EXPECT_LE(side.watches().counted() - before, 4u);
  EXPECT_LE(reader->model.changes(), 5);
}

TEST_F(ReportWatchesTest, ADraftIsWatchedUntilItIsPublished) {
  side_.Do(Pipelines("First"));
  v1::Command create;
  create.mutable_create_deal()->set_title("A deal");
  side_.Do(create);
  const auto draft = [&](const std::string& label) {
    v1::Command command;
    command.mutable_draft_rules()->set_draft("drafts/d");
    *command.mutable_draft_rules()->mutable_rules() = Pipelines(label).publish_rules().rules();
    side_.Do(command);
  };
  draft("Would be");
  v1::WatchReportRequest request = Ask("pipeline_snapshot", {"stage"});
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  request.mutable_parameters()->mutable_rule_basis()->set_draft("drafts/d");
  const auto reader = Watch(request);
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows()[0].second.cells(0).label(), "Would be");
  draft("Might be");
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.rows()[0].second.cells(0).label(), "Might be");
  v1::Command publish;
  publish.mutable_publish_draft()->set_draft("drafts/d");
  side_.Do(publish);
  EXPECT_EQ(domain::ReasonOf(reader->AwaitEnd()), v1::DRAFT_CLOSED);
}

TEST_F(ReportWatchesTest, ARebuildChangesNothing) {
  side_.Do(CaptureFrom("web"));
  const auto reader = Watch(Ask("sales_conversion"));
  ASSERT_TRUE(reader->Next());
  ASSERT_TRUE(side_.bus().tenant().models().Rebuild([](const projections::RebuildState&) {}).ok());
  const uint64_t position = side_.Do(CaptureFrom("web"));
  ASSERT_TRUE(reader->Next());
  EXPECT_EQ(reader->model.position(), position);
  EXPECT_EQ(reader->model.last().basis().generation(), 2u);
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

}  // namespace
}  // namespace recount::services
