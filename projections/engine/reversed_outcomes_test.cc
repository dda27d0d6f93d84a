// Outcomes that were withdrawn: facts of a deal that a measure counts (decisions.md 7).
#include "domain/refusal.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

// decisions.md 7 and 24: what was withdrawn is restated in its own period, and stays there.
TEST_F(AggregateReportsTest, AReversalCountsInItsOwnPeriodWhateverHappensLater) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Create("1", "2024-01-01", {.owner = "users/ann", .value = 100});
  history_.Win("1", "2024-01-10");
  history_.Owner("1", "2024-02-01", "users/bob");
  const uint64_t before = history_.position();
  history_.Reopen("1", "2024-02-05", "a");
  v1::RunReportRequest months = Ask("won_lost", {"month", "owner"});
  for (const char* id : {"won", "lost", "reversed"}) months.mutable_parameters()->add_measures(id);
  const std::vector<std::string> columns = {"month", "owner", "won", "lost", "reversed"};
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-01-01 users/ann 0 0 1", "=- - 0 0 1"));
  history_.Lose("1", "2024-02-20", "lost");
  history_.Reopen("1", "2024-03-01", "a");
  history_.Win("1", "2024-03-05");
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-01-01 users/ann 0 0 1", "2024-02-01 users/bob 0 0 1",
                                                 "2024-03-01 users/bob 1 0 0", "=- - 1 0 2"));
  months.mutable_parameters()->set_filter("outcome = lost");
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-02-01 users/bob 0 0 1", "=- - 0 0 1"));
  months.mutable_parameters()->set_filter("is_open");
  EXPECT_THAT(Rows(months, columns), ElementsAre("=- - 0 0 0"));
  months.mutable_parameters()->clear_filter();
  months.mutable_parameters()->set_period("2024-02");
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-02-01 users/bob 0 0 1", "=- - 0 0 1"));
  months.mutable_parameters()->set_attribution(v1::ATTRIBUTION_AT_EVENT);
  months.mutable_parameters()->set_period("2024-01");
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-01-01 users/ann 0 0 1", "=- - 0 0 1"));
  months.mutable_parameters()->set_attribution(v1::ATTRIBUTION_CURRENT);
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-01-01 users/bob 0 0 1", "=- - 0 0 1"));
  months.mutable_parameters()->mutable_as_of()->set_position(before);
  EXPECT_THAT(Rows(months, columns), ElementsAre("2024-01-01 users/bob 1 0 0", "=- - 1 0 0"));
  // By cohort all of them belong to the creation of the deal; a deleted deal has none.
  v1::RunReportRequest cohort = Ask("won_lost", {"month"});
  cohort.mutable_parameters()->set_mode("cohort");
  EXPECT_THAT(Rows(cohort, {"month", "won", "reversed"}), ElementsAre("2024-01-01 1 2", "=- 1 2"));
  history_.Delete("1", "2024-04-01");
  EXPECT_EQ(Total(Ask("won_lost"), "reversed"), "0");
}

TEST_F(AggregateReportsTest, AReversalOpensIntoTheEventsThatMadeAndWithdrewIt) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Create("1", "2024-01-01", {.value = 100});
  history_.Lose("1", "2024-01-10");
  history_.Reopen("1", "2024-01-11", "a");
  history_.Lose("1", "2024-01-12");
  history_.Reopen("1", "2024-02-05", "a");
  for (int i = 0; i < 30; ++i) history_.Value("1", "2024-02-06", 200 + i);
  const v1::RunReportResponse answer = Run(Ask("won_lost", {"-"}));
  const auto opened = history_.Explain(History::Cell(answer, {"currency"}, "=USD", "reversed").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->value().integer(), 2);
  EXPECT_EQ(opened->formula(), "count(reversal)");
  ASSERT_EQ(opened->contributions_size(), 1);
  const v1::Contribution& deal = opened->contributions(0);
  EXPECT_EQ(deal.record(), "deals/1");
  EXPECT_EQ(deal.value().integer(), 2);
  std::vector<std::string> events;
  for (const v1::Event& event : deal.events()) events.push_back(event.type_name());
  EXPECT_THAT(events, ElementsAre("DealLost", "DealReopened", "DealLost", "DealReopened"));
  EXPECT_EQ(deal.total_events(), 4);
}

TEST_F(AggregateReportsTest, AMeasureCountsFactsOfTheSameRecordsOnly) {
  v1::RunReportRequest request;
  v1::ReportDefinition* definition = request.mutable_definition();
  definition->set_id("own");
  definition->set_subject("deal");
  definition->mutable_aggregate();
  v1::Measure* measure = definition->add_measures();
  measure->set_id("visits");
  measure->set_function(v1::FUNCTION_COUNT);
  measure->set_subject("stage_visit");
  history_.Pipelines({"p: a b won+ lost-"});
  history_.Create("1", "2024-01-01", {});
  history_.Stage("1", "2024-01-02", "b");
  EXPECT_THAT(Rows(request, {"visits"}), ElementsAre("=2"));
  measure->set_subject("lead");
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::DEFINITION_INVALID);
}

}  // namespace
}  // namespace recount::projections
