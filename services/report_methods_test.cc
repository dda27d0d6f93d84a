#include "services/report_methods.h"

#include "eventstore/steady_time.h"
#include "recount/v1/lead.pb.h"
#include "services/read_side_testing.h"

namespace recount::services {
namespace {

// Stand still until somebody waits for a position.
class LateModels : public ModelsBetween {
 public:
  explicit LateModels(std::unique_ptr<projections::ReadModels> inner) : ModelsBetween(std::move(inner)) { Pause(true); }
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    if (min_position > 0) Pause(false);
    return ModelsBetween::Read(min_position, deadline);
  }
};

class SharedSnapshot : public projections::Snapshot {
 public:
  explicit SharedSnapshot(std::shared_ptr<const projections::Snapshot> of) : of_(std::move(of)) {}
  uint64_t position() const override { return of_->position(); }
  int64_t recorded_micros() const override { return of_->recorded_micros(); }
  uint64_t generation() const override { return of_->generation(); }
  const projections::IntervalTable* table(absl::string_view subject) const override { return of_->table(subject); }
  const projections::Dictionary& dictionary() const override { return of_->dictionary(); }
  const domain::Rulebook& rulebook() const override { return of_->rulebook(); }

 private:
  const std::shared_ptr<const projections::Snapshot> of_;
};

// As after a start that counts again: whoever waits for no position reads what stood there at first.
class StartedModels : public ModelsBetween {
 public:
  explicit StartedModels(std::unique_ptr<projections::ReadModels> inner)
      : ModelsBetween(std::move(inner)), first_(*ModelsBetween::Read(0, absl::InfinitePast())) {}
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    if (min_position <= first_->position()) return std::make_unique<SharedSnapshot>(first_);
    return ModelsBetween::Read(is_stuck ? kNeverReached : min_position, deadline);
  }
  uint64_t first() const { return first_->position(); }

  std::atomic<bool> is_stuck{false};

 private:
  static constexpr uint64_t kNeverReached = 1'000'000;
  const std::shared_ptr<const projections::Snapshot> first_;
};

v1::RunReportRequest Conversion() {
  v1::RunReportRequest request;
  request.set_report("sales_conversion");
  return request;
}

TEST(ReportMethods, AnAsOfThatWasJustAcknowledgedIsAwaited) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(position);
  const auto answer = side.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->basis().position(), position);
}

TEST(ReportMethods, AnInstantIsOfEverythingRecordedByThen) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->mutable_time()->mutable_time()->set_seconds(kNoon / 1000000 + 1);
  const auto answer = side.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->basis().position(), position);
}

TEST(ReportMethods, AComparedAsOfIsAwaited) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(1);
  request.mutable_compare()->mutable_as_of()->set_position(position);
  const auto answer = side.Run(request);
  // Before its first event, a calendar, the tables stand at nothing: 1 is awaited, too.
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->compared_basis().position(), position);
}

TEST(ReportMethods, AnAsOfBeyondTheHeadIsRefusedAtOnce) {
  ReadSide side(With<LateModels>());
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(side.Do(Capture("1")) + 1);
  const absl::Status refused = side.Run(request).status();  // without a deadline: if it waited, it would for ever
  EXPECT_EQ(domain::ReasonOf(refused), v1::POSITION_BEYOND_HEAD) << refused;
}

v1::DiffReportsRequest DiffSince(const std::string& pin) {
  v1::DiffReportsRequest request;
  request.mutable_before()->set_pin(pin);
  return request;
}

TEST(ReportMethods, WhyAnAnswerDiffersFromAFormerOne) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")));
  const std::string pin = side.Run(request)->pin();
  request.set_min_position(side.Do(Capture("2")));
  ASSERT_TRUE(side.Run(request).ok());
  const auto diff = side.Ask<v1::DiffReportsResponse>("ReportService.DiffReports", DiffSince(pin));
  ASSERT_TRUE(diff.ok()) << diff.status();
  ASSERT_GT(diff->rows_size(), 0);
  const v1::DiffedCell& cell = diff->rows(0).cells(0);
  EXPECT_EQ(cell.before().integer() + 1, cell.after().integer()) << diff->ShortDebugString();
  ASSERT_EQ(cell.shares_size(), 1);
  EXPECT_EQ(cell.shares(0).change().integer(), 1);
  v1::ExplainReportRequest explain;
  explain.set_cell_id(cell.shares(0).cell_id());
  const auto opened = side.Ask<v1::ExplainReportResponse>("ReportService.ExplainReport", explain);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->total_contributions(), 1) << "only the lead that came";
}

TEST(ReportMethods, APinOfAnotherTenantIsNotComparedWith) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")));
  std::string pin = side.Run(request)->pin();
  side.backend().token_key = "key of others";  // what a tenant's key is made of
  const auto diff = side.Ask<v1::DiffReportsResponse>("ReportService.DiffReports", DiffSince(pin));
  EXPECT_EQ(domain::ReasonOf(diff.status()), v1::TOKEN_INVALID) << diff.status();
}

// Questions that hold the position of a former answer: its pin, the page after it, its cells.
class FormerAnswer : public testing::Test {
 protected:
  FormerAnswer() {
    request_.set_page_size(1);
    request_.mutable_compare()->mutable_as_of()->set_position(side_.Do(Capture("1")));
    v1::RunReportRequest first = request_;
    first.set_min_position(side_.Do(Capture("2")));
    answer_ = *side_.Run(first);
    EXPECT_LT(models().first(), answer_.compared_basis().position());
    request_.set_page_token(answer_.next_page_token());
    pinned_.set_pin(answer_.pin());
    pinned_.set_page_size(1);
    side_.backend().engine = &forgetful_;  // else the next page is still there
  }

  StartedModels& models() { return static_cast<StartedModels&>(side_.bus().tenant().models()); }
  absl::StatusOr<v1::ExplainReportResponse> Explain(const std::string& column, const Call& call = {}) {
    v1::ExplainReportRequest request;
    for (int i = 0; i < answer_.columns_size(); ++i) {
      if (answer_.columns(i).id() == column) request.set_cell_id(answer_.rows(0).cells(i).cell_id());
    }
    EXPECT_NE(request.cell_id(), "");
    return side_.Ask<v1::ExplainReportResponse>("ReportService.ExplainReport", request, call);
  }
  // What each of them is answered with when it is asked so.
  std::vector<absl::Status> AskAll(const Call& call) {
    const std::string run = "ReportService.RunReport";
    return {side_.Ask<v1::RunReportResponse>(run, pinned_, call).status(), side_.Ask<v1::RunReportResponse>(run, request_, call).status(),
            Explain("leads", call).status(), Explain("leads.compared", call).status()};
  }

  ReadSide side_{With<StartedModels>()};
  projections::Catalogue catalogue_ = *projections::Catalogue::Load();
  projections::ReportEngine forgetful_{&catalogue_, 0};
  v1::RunReportRequest request_ = Conversion(), pinned_;
  v1::RunReportResponse answer_;
};

TEST_F(FormerAnswer, IsAwaitedAfterAStart) {
  const auto again = side_.Run(pinned_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->rows(0).DebugString(), answer_.rows(0).DebugString());
  EXPECT_EQ(again->basis().position(), answer_.basis().position());
  const auto next = side_.Run(request_);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->basis().position(), answer_.basis().position());
  for (const auto& [column, leads] : {std::pair("leads", 2), std::pair("leads.compared", 1)}) {
    const auto opened = Explain(column);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->total_contributions(), leads);
  }
}

TEST_F(FormerAnswer, IsAwaitedUntilTheDeadline) {
  models().is_stuck = true;
  Call call;
  call.deadline = eventstore::SteadyNow() + absl::Seconds(2);
  const absl::Status refused = side_.Ask<v1::RunReportResponse>("ReportService.RunReport", pinned_, call).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(refused)) << refused;
  EXPECT_EQ(domain::ReasonOf(refused), v1::READ_MODEL_BEHIND) << refused;
}

TEST_F(FormerAnswer, IsAwaitedWhileTheCallerStays) {
  models().is_stuck = true;
  int asked = 0;
  Call call;  // without a deadline
  call.cancelled = [&] { return ++asked % 2 == 0; };
  for (const absl::Status& ended : AskAll(call)) EXPECT_TRUE(absl::IsCancelled(ended)) << ended;
}

// Wherever its caller goes, a question ends there.
TEST(ReportMethods, AQuestionEndsWhenItsCallerGoes) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")));
  bool is_answered = false;
  for (int stays = 0; !is_answered; ++stays) {
    int asked = 0;
    Call call;
    call.cancelled = [&] { return ++asked > stays; };
    const auto answer = side.Ask<v1::RunReportResponse>("ReportService.RunReport", request, call);
    is_answered = answer.ok();
    if (is_answered) break;
    EXPECT_TRUE(absl::IsCancelled(answer.status())) << answer.status();
    EXPECT_EQ(asked, stays + 1) << "went on";
  }
}

TEST(ReportMethods, NobodyWaitsForAPositionOnceTheCallerIsGone) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")) + 1000);
  int asked = 0;
  Call call;  // without a deadline
  call.cancelled = [&] { return ++asked > 1; };
  EXPECT_TRUE(absl::IsCancelled(side.Ask<v1::RunReportResponse>("ReportService.RunReport", request, call).status()));
}

TEST(ReportMethods, PagesOfRecordsAgreeWithAndWithoutWhatIsKept) {
  ReadSide side;
  uint64_t position = 0;
  for (int i = 0; i < 7; ++i) position = side.Do(Capture(absl::StrCat(i)));
  const auto names = [&] {
    std::vector<std::string> found;
    v1::ListRequest request;
    request.set_page_size(3);
    request.set_min_position(position);
    do {
      const auto page = side.Ask<v1::ListLeadsResponse>("LeadService.ListLeads", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Lead& lead : page->leads()) found.push_back(lead.info().name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return found;
  };
  const std::vector<std::string> kept = names();
  EXPECT_EQ(kept.size(), 7u);
  EXPECT_GT(side.backend().listings->bytes(), 0u);
  side.backend().listings = std::make_unique<ListingCache>(0);
  EXPECT_EQ(names(), kept);
  EXPECT_EQ(side.backend().listings->bytes(), 0u);
}

}  // namespace
}  // namespace recount::services
