// Why two answers differ: each cause with a history in which the number is known, and both together add up.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string KindText(const v1::ChangeCause& cause) {
  const std::string name = v1::ChangeCauseKind_Name(cause.kind()).substr(sizeof("CHANGE_CAUSE_KIND_") - 1);
  return cause.rule_kind() == v1::RULE_KIND_UNSPECIFIED ? name : absl::StrCat(name, " ", domain::KindName(cause.rule_kind()));
}

std::vector<std::string> Causes(const v1::DiffReportsResponse& diff) {
  std::vector<std::string> kinds;
  for (const v1::ChangeCause& cause : diff.causes()) kinds.push_back(KindText(cause));
  return kinds;
}

// `groups column before -> after: KIND change, KIND change`; of a total the groups begin with `=`.
std::vector<std::string> Cells(const v1::DiffReportsResponse& diff) {
  std::vector<std::string> texts;
  for (const v1::DiffedRow& row : diff.rows()) {
    std::vector<std::string> groups;
    for (const v1::Cell& group : row.groups()) groups.push_back(History::Text(group.value()));
    const std::string name = absl::StrCat(row.is_total() ? "=" : "", row.apart(), absl::StrJoin(groups, " "));
    for (const v1::DiffedCell& cell : row.cells()) {
      std::vector<std::string> shares;
      for (const v1::CauseShare& share : cell.shares()) {
        shares.push_back(absl::StrCat(KindText(diff.causes(share.cause())), " ", History::Text(share.change())));
      }
      texts.push_back(absl::StrCat(name, " ", cell.column(), " ", History::Text(cell.before()), " -> ", History::Text(cell.after()), ": ",
                                   absl::StrJoin(shares, ", ")));
    }
  }
  return texts;
}

class DiffReportsTest : public AggregateReportsTest {
 protected:
  DiffReportsTest() { history_.Pipelines({"p: a b won+ lost-"}); }

  uint64_t Probabilities(int a, int b, absl::string_view from = "") {
    v1::RuleContent content;
    for (const auto& [stage, percent] : {std::pair("a", a), std::pair("b", b)}) {
      auto* row = content.mutable_probabilities()->add_probabilities();
      row->set_pipeline("p");
      row->set_stage(stage);
      row->set_probability_bp(static_cast<uint32_t>(percent * 100));
    }
    return history_.Publish(content, from);
  }

  static v1::RunReportRequest AsOf(v1::RunReportRequest request, uint64_t position) {
    request.mutable_parameters()->mutable_as_of()->set_position(position);
    return request;
  }
  v1::DiffReportsResponse Diff(const v1::DiffReportsRequest& request) {
    const auto diff = history_.Diff(request);
    EXPECT_TRUE(diff.ok()) << diff.status();
    return diff.ok() ? *diff : v1::DiffReportsResponse();
  }
  v1::DiffReportsResponse Diff(const v1::RunReportRequest& before, const v1::RunReportRequest& after) {
    v1::DiffReportsRequest request;
    *request.mutable_before()->mutable_request() = before;
    *request.mutable_after()->mutable_request() = after;
    return Diff(request);
  }
  // Of one question at two positions.
  v1::DiffReportsResponse Between(const v1::RunReportRequest& request, uint64_t before, uint64_t after) {
    return Diff(AsOf(request, before), AsOf(request, after));
  }
  static v1::RunReportRequest Won() {
    auto request = Ask("won_lost", {"-"});
    for (const char* id : {"won", "won_value"}) request.mutable_parameters()->add_measures(id);
    request.mutable_parameters()->set_period("2024-03");
    return request;
  }
};

TEST_F(DiffReportsTest, LateAndNewFactsAndDeletions) {
  for (const char* id : {"1", "2", "3", "4"}) history_.Create(id, "2024-03-01", {.value = 100});
  history_.Win("1", "2024-03-05");
  history_.Win("2", "2024-03-06");
  history_.RecordedOn("2024-03-20");
  const uint64_t before = history_.Create("5", "2024-03-20", {.value = 100});
  history_.RecordedOn("2024-03-25");
  history_.Win("3", "2024-03-10", 40);     // late
  history_.Win("4", "2024-03-24", 7);   // new
  const uint64_t after = history_.Delete("2", "2024-03-24");
  const auto diff = Between(Won(), before, after);
  EXPECT_THAT(Causes(diff), ElementsAre("TIME", "LATE_FACTS", "NEW_FACTS", "DELETIONS"));
  EXPECT_THAT(Cells(diff), ElementsAre("=USD won 2 -> 3: LATE_FACTS 1, NEW_FACTS 1, DELETIONS -1",
                                       "=USD won_value 20000 USD -> 14700 USD: LATE_FACTS 4000 USD, NEW_FACTS 700 USD, DELETIONS -10000 USD"));
  EXPECT_EQ(diff.causes(1).records(), 1);
  EXPECT_EQ(diff.causes(1).events(), 2);
}

TEST_F(DiffReportsTest, ADeletionAndItsRestoration) {
  history_.Create("1", "2024-03-01", {.value = 100});
  const uint64_t before = history_.Win("1", "2024-03-05");
  const uint64_t deleted = history_.Delete("1", "2024-03-24");
  const uint64_t after = history_.Restore("1", "2024-03-25");
  EXPECT_THAT(Cells(Between(Won(), before, deleted)), ElementsAre("=USD won 1 -> 0: DELETIONS -1",
                                                                  "=USD won_value 10000 USD -> 0 USD: DELETIONS -10000 USD"));
  EXPECT_THAT(Cells(Between(Won(), before, after)), IsEmpty());
  EXPECT_THAT(Cells(Between(Won(), deleted, after)), ElementsAre("=USD won 0 -> 1: DELETIONS 1",
                                                                 "=USD won_value 0 USD -> 10000 USD: DELETIONS 10000 USD"));
}

class DiffedPipelineTest : public DiffReportsTest {
 protected:
  DiffedPipelineTest() {
    Probabilities(10, 20);
    before_ = history_.Create("1", "2024-03-01", {.stage = "b", .value = 1000});
  }
  static v1::RunReportRequest Weighted() {
    auto request = Ask("pipeline_snapshot", {"-"});
    request.mutable_parameters()->add_measures("weighted");
    return request;
  }
  uint64_t before_ = 0;
};

TEST_F(DiffedPipelineTest, AProbability) {
  Probabilities(10, 50);
  const uint64_t after = history_.Create("2", "2024-03-05", {.stage = "b", .value = 100});
  const auto diff = Between(Weighted(), before_, after);
  EXPECT_THAT(Causes(diff), ElementsAre("TIME", "RULES probabilities", "NEW_FACTS"));
  // The new deal counts by the new rule, which came before it.
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 20000 USD -> 55000 USD: RULES probabilities 30000 USD, NEW_FACTS 5000 USD"));
}

TEST_F(DiffedPipelineTest, BackwardEveryShareIsNegated) {
  Probabilities(10, 50);
  const uint64_t after = history_.Create("2", "2024-03-05", {.stage = "b", .value = 100});
  const auto diff = Between(Weighted(), after, before_);
  EXPECT_THAT(Causes(diff), ElementsAre("NEW_FACTS", "RULES probabilities", "TIME"));
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 55000 USD -> 20000 USD: NEW_FACTS -5000 USD, RULES probabilities -30000 USD"));
}

TEST_F(DiffedPipelineTest, AsItWasRecorded) {
  Probabilities(10, 50);
  auto recorded = Weighted();
  recorded.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  const auto diff = Diff(recorded, Weighted());
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 20000 USD -> 50000 USD: RULE_BASIS 30000 USD"));
}

TEST_F(DiffedPipelineTest, ADraft) {
  v1::RuleProposal proposal;
  auto* row = proposal.mutable_content()->mutable_probabilities()->add_probabilities();
  row->set_pipeline("p");
  row->set_stage("b");
  row->set_probability_bp(3000);
  history_.Draft({proposal});
  auto draft = Weighted();
  draft.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  draft.mutable_parameters()->mutable_rule_basis()->set_draft("drafts/third");
  const auto diff = Diff(Weighted(), draft);
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 20000 USD -> 30000 USD: RULES probabilities 10000 USD"));
  EXPECT_THAT(diff.causes(0).text(), testing::HasSubstr("drafts/third"));
  EXPECT_THAT(Cells(Diff(draft, Weighted())), ElementsAre("=USD weighted 30000 USD -> 20000 USD: RULES probabilities -10000 USD"));
}

TEST_F(DiffedPipelineTest, ARate) {
  auto request = Weighted();
  request.mutable_parameters()->set_currency("EUR");
  history_.Rate("USD", "EUR", "2024-01-01", 0.5);
  const uint64_t before = history_.position();
  history_.Rate("USD", "EUR", "2024-02-01", 0.75);
  EXPECT_THAT(Cells(Between(request, before, history_.position())),
              ElementsAre("=EUR weighted 10000 EUR -> 15000 EUR: RATES exchange_rates 5000 EUR"));
}

TEST_F(DiffedPipelineTest, EachKindOfRulesIsAStepOfItsOwn) {
  history_.Rate("USD", "EUR", "2024-01-01", 0.5);
  const uint64_t before = history_.position();
  auto request = Weighted();
  request.mutable_parameters()->set_currency("EUR");
  Probabilities(10, 30);
  history_.Rate("USD", "EUR", "2024-02-01", 1);
  EXPECT_THAT(Cells(Between(request, before, history_.position())),
              ElementsAre("=EUR weighted 10000 EUR -> 30000 EUR: RULES probabilities 5000 EUR, RATES exchange_rates 15000 EUR"));
}

TEST_F(DiffedPipelineTest, SoIsEachKindOfADraft) {
  history_.Rate("USD", "EUR", "2024-01-01", 0.5);
  std::vector<v1::RuleProposal> draft(2);
  auto* row = draft[0].mutable_content()->mutable_probabilities()->add_probabilities();
  row->set_pipeline("p");
  row->set_stage("b");
  row->set_probability_bp(3000);
  auto* rate = draft[1].mutable_content()->mutable_exchange_rates()->add_rates();
  rate->set_from("USD");
  rate->set_to("EUR");
  *rate->mutable_date() = Date(2024, 1, 1);
  rate->set_rate_nanos(1'000'000'000);
  history_.Draft(draft);
  auto holds = Weighted();
  holds.mutable_parameters()->set_currency("EUR");
  auto would_hold = holds;
  would_hold.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  would_hold.mutable_parameters()->mutable_rule_basis()->set_draft("drafts/both");
  EXPECT_THAT(Cells(Diff(holds, would_hold)),
              ElementsAre("=EUR weighted 10000 EUR -> 30000 EUR: RULES probabilities 5000 EUR, RATES exchange_rates 15000 EUR"));
  EXPECT_THAT(Cells(Diff(would_hold, holds)),
              ElementsAre("=EUR weighted 30000 EUR -> 10000 EUR: RULES probabilities -10000 EUR, RATES exchange_rates -10000 EUR"));
}

TEST_F(DiffReportsTest, RatiosAndMediansAreExact) {
  for (const char* id : {"1", "2", "3", "4"}) history_.Create(id, "2024-03-01", {.value = 100});
  history_.Win("1", "2024-03-05");
  history_.Lose("2", "2024-03-06");
  history_.RecordedOn("2024-03-20");
  const uint64_t before = history_.Lose("3", "2024-03-20");
  history_.RecordedOn("2024-03-25");
  history_.Win("4", "2024-03-10");
  const uint64_t after = history_.Delete("2", "2024-03-24");
  auto rate = Ask("won_lost", {"-"});
  rate.mutable_parameters()->add_measures("win_rate");
  // 1/3, with the late win 2/4, without the deleted loss 2/3.
  EXPECT_THAT(Cells(Between(rate, before, after)), ElementsAre("= win_rate 1/3 -> 2/3: LATE_FACTS 1/6, DELETIONS 1/6"));
  auto cycle = Ask("sales_cycle", {"-"});
  cycle.mutable_parameters()->add_measures("median");
  // 4 days, then of 4 and 9.
  EXPECT_THAT(Cells(Between(cycle, before, after)), ElementsAre("= median 4 -> 13/2: LATE_FACTS 5/2"));
}

TEST_F(DiffedPipelineTest, RowsOfAListThatAreInOneAnswerAlone) {
  auto request = Ask("pipeline_detail", {"value"});
  const uint64_t after = history_.Create("2", "2024-03-05", {.stage = "b", .value = 100});
  EXPECT_THAT(Cells(Between(request, before_, after)), ElementsAre("deals/2 value - -> 10000 USD: NEW_FACTS -"));
  EXPECT_THAT(Cells(Between(request, after, before_)), ElementsAre("deals/2 value 10000 USD -> -: NEW_FACTS -"));
}

TEST_F(DiffedPipelineTest, AMovementByWhatWasEnteredLate) {
  auto request = Ask("pipeline_movement", {"-"});
  request.mutable_parameters()->set_period("2024-03");
  request.mutable_parameters()->add_measures("deals");
  history_.RecordedOn("2024-04-10");
  const uint64_t before = history_.Create("2", "2024-04-10", {.value = 1});
  history_.RecordedOn("2024-04-12");
  const uint64_t after = history_.Create("3", "2024-03-20", {.value = 50});
  std::vector<std::string> deals;
  for (const std::string& cell : Cells(Between(request, before, after))) {
    if (absl::StrContains(cell, " deals ")) deals.push_back(cell);
  }
  EXPECT_THAT(deals, ElementsAre("USD new deals 1 -> 2: LATE_FACTS 1", "USD closing deals 1 -> 2: LATE_FACTS 1"));
}

TEST_F(DiffedPipelineTest, AnotherDefinition) {
  v1::RunReportRequest own;
  for (const v1::ReportDefinition& report : History::BuiltInReports().definitions()) {
    if (report.id() == "pipeline_snapshot") *own.mutable_definition() = report;
  }
  *own.mutable_parameters() = Weighted().parameters();
  for (v1::Measure& measure : *own.mutable_definition()->mutable_measures()) {
    if (measure.id() == "weighted") measure.set_expr("value");
  }
  const auto diff = Diff(Weighted(), own);
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 20000 USD -> 100000 USD: DEFINITION 80000 USD"));
}

TEST_F(DiffedPipelineTest, AnotherQuestion) {
  history_.Create("2", "2024-03-05", {.stage = "a", .value = 100});
  auto other = Weighted();
  other.mutable_parameters()->set_filter("stage = \"b\"");
  const auto diff = Diff(Weighted(), other);
  EXPECT_THAT(Cells(diff), ElementsAre("=USD weighted 21000 USD -> 20000 USD: QUESTION -1000 USD"));
}

TEST_F(DiffedPipelineTest, ByDefaultThePinnedAnswerIsComparedWithToday) {
  v1::DiffReportsRequest request;
  request.mutable_before()->set_pin(Run(AsOf(Weighted(), before_)).pin());
  EXPECT_THAT(Diff(request).causes(), IsEmpty());
  EXPECT_THAT(Diff(request).rows(), IsEmpty());
  history_.Value("1", "2024-03-05", 2000);
  EXPECT_THAT(Cells(Diff(request)), ElementsAre("=USD weighted 20000 USD -> 40000 USD: NEW_FACTS 20000 USD"));
}

TEST_F(DiffedPipelineTest, ANumberOfACauseOpens) {
  Probabilities(10, 50);
  history_.Create("2", "2024-03-05", {.stage = "b", .value = 100});
  const uint64_t after = history_.Delete("1", "2024-03-06");
  const auto diff = Between(Weighted(), before_, after);
  ASSERT_EQ(diff.rows_size(), 1);
  std::vector<std::string> opened;
  for (const v1::CauseShare& share : diff.rows(0).cells(0).shares()) {
    const auto cell = history_.Explain(share.cell_id());
    ASSERT_TRUE(cell.ok()) << cell.status();
    EXPECT_EQ(History::Text(cell->value()), History::Text(share.change()));
    for (const v1::Contribution& brings : cell->contributions()) {
      opened.push_back(absl::StrCat(KindText(diff.causes(share.cause())), " ", brings.record(), " ", History::Text(brings.value())));
    }
  }
  EXPECT_THAT(opened, ElementsAre("RULES probabilities deals/1 30000 USD", "NEW_FACTS deals/2 5000 USD", "DELETIONS deals/1 -50000 USD"));
  for (const std::string& id : {diff.rows(0).cells(0).before_cell_id(), diff.rows(0).cells(0).after_cell_id()}) {
    EXPECT_TRUE(history_.Explain(id).ok());
  }
}

TEST_F(DiffedPipelineTest, PinsOnTheWayAreAnswers) {
  Probabilities(10, 50);
  const uint64_t after = history_.Create("2", "2024-03-05", {.stage = "b", .value = 100});
  const auto diff = Between(Weighted(), before_, after);
  std::vector<std::string> values;
  for (const v1::ChangeCause& cause : diff.causes()) {
    v1::RunReportRequest request;
    request.set_pin(cause.pin());
    values.push_back(History::Texts(Run(request), {"weighted"}).at(0));
  }
  EXPECT_THAT(values, ElementsAre("=20000 USD", "=20000 USD", "=50000 USD"));
}

TEST_F(DiffedPipelineTest, AnswersWithOtherGroupsAreNotComparable) {
  auto by_stage = Ask("pipeline_snapshot", {"stage"});
  v1::DiffReportsRequest request;
  *request.mutable_before()->mutable_request() = Weighted();
  *request.mutable_after()->mutable_request() = by_stage;
  const absl::Status refused = history_.Diff(request).status();
  EXPECT_EQ(domain::ReasonOf(refused), v1::ANSWERS_NOT_COMPARABLE) << refused;
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("stage"));
  auto counts = Weighted();
  counts.mutable_parameters()->set_measures(0, "open_deals");
  *request.mutable_after()->mutable_request() = counts;
  EXPECT_FALSE(history_.Diff(request).ok());
}

TEST_F(DiffedPipelineTest, WhatIsNoAnswerIsRefusedByField) {
  v1::DiffReportsRequest request;
  EXPECT_EQ(History::FieldOf(history_.Diff(request).status()), "before");
  request.mutable_before()->set_pin("made up");
  EXPECT_EQ(History::FieldOf(history_.Diff(request).status()), "before.pin");
  *request.mutable_before()->mutable_request() = Weighted();
  request.mutable_before()->mutable_request()->mutable_compare()->set_prior_period(true);
  EXPECT_EQ(History::FieldOf(history_.Diff(request).status()), "before.request.compare");
  *request.mutable_before()->mutable_request() = Ask("entity_timeline");
  EXPECT_EQ(History::FieldOf(history_.Diff(request).status()), "before.request.report");
}

TEST_F(DiffedPipelineTest, PagesAgree) {
  for (int i = 0; i < 5; ++i) {
    history_.Create(absl::StrCat("x", i), "2024-03-05", {.stage = "a", .owner = absl::StrCat("users/", i), .value = 100});
  }
  auto request = Ask("pipeline_snapshot", {"owner"});
  request.mutable_parameters()->add_measures("weighted");
  v1::DiffReportsRequest ask;
  *ask.mutable_before()->mutable_request() = AsOf(request, before_);
  const auto whole = Cells(Diff(ask));
  ask.set_page_size(2);
  std::vector<std::string> paged;
  do {
    const auto page = Diff(ask);
    for (const std::string& cell : Cells(page)) paged.push_back(cell);
    EXPECT_LE(page.rows_size(), 2);
    ask.set_page_token(page.next_page_token());
    history_.Create(absl::StrCat("later", paged.size()), "2024-03-06", {.value = 1});  // not seen by what is pinned
  } while (!ask.page_token().empty());
  EXPECT_EQ(paged, whole);
  EXPECT_EQ(whole.size(), 6);
}

}  // namespace
}  // namespace recount::projections
