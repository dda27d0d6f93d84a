// Adjacent visits of one mapped stage are one (decisions.md 18): a deal is in it since the first of them.
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class StageRunsTest : public testing::Test {
 protected:
  StageRunsTest() {
    history_.Pipelines({"p: a b c d won+ lost-"});
    history_.Create("1", "2024-01-01", {.stage = "a"});
    history_.Stage("1", "2024-01-03 10:00", "b");
    history_.Stage("1", "2024-01-07 10:00", "c");
    history_.Create("2", "2024-01-02", {.stage = "b"});
    history_.Stage("2", "2024-01-04", "d");
    history_.Stage("2", "2024-01-06", "c");
    history_.RecordedOn("2024-01-11");
    history_.Create("3", "2024-01-11", {.stage = "d"});
  }
  std::vector<std::string> Detail() {
    v1::RunReportRequest request;
    request.set_report("pipeline_detail");
    return Rows(request, {"record", "stage", "stage_entered_at", "days_in_stage"});
  }
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    auto rows = answer.ok() ? History::Texts(*answer, columns) : std::vector<std::string>();
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  // Visits by stage, and the days that they took.
  static v1::RunReportRequest Visits() {
    v1::RunReportRequest request;
    v1::ReportDefinition* definition = request.mutable_definition();
    definition->set_id("mine");
    definition->set_subject("stage_visit");
    definition->mutable_aggregate();
    auto* stage = definition->add_dimensions();
    stage->set_id("stage");
    stage->set_expr("stage");
    definition->add_default_group_by("stage");
    auto* visits = definition->add_measures();
    visits->set_id("visits");
    visits->set_function(v1::FUNCTION_COUNT);
    auto* days = definition->add_measures();
    days->set_id("days");
    days->set_function(v1::FUNCTION_SUM);
    days->set_expr("days_between(entered_at, coalesce(left_at, valid_at))");
    auto* seconds = definition->add_measures();
    seconds->set_id("seconds");
    seconds->set_function(v1::FUNCTION_SUM);
    seconds->set_expr("elapsed(entered_at, left_at)");
    return request;
  }
  // b and c become b.
  void Merge(const std::string& from = "") { history_.Pipelines({"p: a b d won+ lost-"}, from, {"p: c=b"}); }

  History history_;
};

TEST_F(StageRunsTest, ADealIsInItsStageSinceTheFirstOfThem) {
  EXPECT_THAT(Detail(), ElementsAre("deals/1 c 2024-01-07 10:00 4", "deals/2 c 2024-01-06 00:00 5", "deals/3 d 2024-01-11 00:00 0"));
  Merge();
  EXPECT_THAT(Detail(), ElementsAre("deals/1 b 2024-01-03 10:00 8", "deals/2 b 2024-01-06 00:00 5", "deals/3 d 2024-01-11 00:00 0"))
      << "the visits of deal 2 are not adjacent";
  v1::RunReportRequest snapshot;
  snapshot.set_report("pipeline_snapshot");
  snapshot.mutable_parameters()->add_group_by("stage");
  EXPECT_THAT(Rows(snapshot, {"stage", "mean_days_in_stage"}), ElementsAre("=- 13/3", "b 13/2", "d 0/1"));
}

TEST_F(StageRunsTest, ThreeInARowAndTheDayOfTheFirstCounts) {
  history_.Pipelines({"p: b d won+ lost-"}, "", {"p: c=b a=b"});
  EXPECT_THAT(Detail(), testing::Contains("deals/1 b 2024-01-01 00:00 10"));
  EXPECT_THAT(Rows(Visits(), {"stage", "visits", "days", "seconds"}), ElementsAre("=- 5 19 -", "b 3 17 -", "d 2 2 -"));
}

TEST_F(StageRunsTest, VisitsAreCountedAndMeasuredTogether) {
  EXPECT_THAT(Rows(Visits(), {"stage", "visits", "days", "seconds"}),
              ElementsAre("=- 7 19 345600", "a 1 2 -", "b 2 6 345600", "c 2 9 -", "d 2 2 -"));
  Merge();
  EXPECT_THAT(Rows(Visits(), {"stage", "visits", "days", "seconds"}), ElementsAre("=- 6 19 -", "a 1 2 -", "b 3 15 -", "d 2 2 -"));
  v1::RunReportRequest recorded = Visits();
  recorded.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  EXPECT_THAT(Rows(recorded, {"stage", "visits"}), ElementsAre("=- 7", "a 1", "b 2", "c 2", "d 2")) << "they were two then";
}

TEST_F(StageRunsTest, BackAfterAnOutcomeIsAnotherVisit) {
  history_.RecordedOn("2024-01-12");
  history_.Lose("1", "2024-01-12");
  history_.Reopen("1", "2024-01-12 09:00", "b");
  Merge();
  EXPECT_THAT(Detail(), testing::Contains("deals/1 b 2024-01-12 09:00 0"));
}

TEST_F(StageRunsTest, ADealStateOfBeforeHasWhatWasKnownThen) {
  Merge();
  v1::RunReportRequest request;
  request.set_report("pipeline_detail");
  auto* day = request.mutable_parameters()->mutable_valid_at()->mutable_date();
  day->set_year(2024);
  day->set_month(1);
  day->set_day(5);
  EXPECT_THAT(Rows(request, {"record", "stage", "days_in_stage"}), ElementsAre("deals/1 b 2", "deals/2 d 1"));
}

}  // namespace
}  // namespace recount::projections
