// A date is a date: what is known by its day keeps it when the tenant's zone changes (decisions.md 1, 3).
#include "projections/engine/rezoned.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::Contains;
using testing::ElementsAre;

class RezonedTest : public testing::Test {
 protected:
  RezonedTest() {
    history_.Zone("Asia/Jerusalem");
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Create("day", "2024-03-01", {.stage = "a", .value = 10});
    history_.Stage("day", "2024-03-15", "b");
    // 1 April in Jerusalem, 31 March in New York; 31 March and 30 March.
    history_.Create("instant", "2024-03-31 23:30", {.stage = "a", .value = 1});
    history_.Stage("instant", "2024-03-31 23:40", "b");
    history_.Win("day", "2024-04-01", -1, "won");
    history_.RecordedOn("2024-05-01 12:00");
    history_.Create("late", "2024-05-01", {.stage = "a", .value = 7});
  }

  static v1::RunReportRequest Ask(const std::string& report, const std::string& period = "", const std::string& group_by = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.mutable_parameters()->set_period(period);
    if (!group_by.empty()) request.mutable_parameters()->add_group_by(group_by);
    return request;
  }
  static v1::RunReportRequest On(int year, int month, int day, v1::RunReportRequest request) {
    auto* date = request.mutable_parameters()->mutable_valid_at()->mutable_date();
    date->set_year(year);
    date->set_month(month);
    date->set_day(day);
    return request;
  }
  // The same of live and of rebuilt facts.
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    const auto live = history_.Run(request), rebuilt = history_.RunRebuilt(request);
    EXPECT_TRUE(live.ok()) << live.status();
    EXPECT_TRUE(rebuilt.ok()) << rebuilt.status();
    if (!live.ok() || !rebuilt.ok()) return {};
    EXPECT_EQ(History::Texts(*live, columns), History::Texts(*rebuilt, columns));
    return History::Texts(*live, columns);
  }

  History history_;
};

TEST_F(RezonedTest, DaysStayInTheirMonth) {
  const auto by_month = Ask("won_lost", "", "month");
  const auto before = Rows(by_month, {"month", "deals", "won"});
  EXPECT_THAT(before, ElementsAre("2024-03-01 1 0", "2024-04-01 1 1", "2024-05-01 1 0", "=- 3 1"));
  history_.Zone("America/New_York");
  EXPECT_THAT(Rows(by_month, {"month", "deals", "won"}), ElementsAre("2024-03-01 2 0", "2024-04-01 0 1", "2024-05-01 1 0", "=- 3 1"))
      << "only the instant moves: it was 31 March in New York";
  EXPECT_THAT(Rows(Ask("won_lost", "2024-04"), {"won"}), ElementsAre("=1"));
  EXPECT_THAT(Rows(Ask("won_lost", "2024-03"), {"won", "deals"}), ElementsAre("=0 2"));
  EXPECT_THAT(Rows(Ask("sales_cycle"), {"median"}), ElementsAre("=31"));
  history_.Zone("Pacific/Auckland");
  EXPECT_THAT(Rows(by_month, {"month", "deals", "won"}), ElementsAre("2024-03-01 1 0", "2024-04-01 1 1", "2024-05-01 1 0", "=- 3 1"));
}

TEST_F(RezonedTest, WhatBeginsOnADayIsNotThereTheDayBefore) {
  for (const char* zone : {"Asia/Jerusalem", "America/New_York", "Pacific/Auckland", "UTC"}) {
    history_.Zone(zone);
    SCOPED_TRACE(zone);
    EXPECT_THAT(Rows(On(2024, 3, 14, Ask("pipeline_snapshot", "", "stage")), {"stage", "deals"}), ElementsAre("a 1", "=- 1"));
    EXPECT_THAT(Rows(On(2024, 3, 15, Ask("pipeline_snapshot", "", "stage")), {"stage", "deals"}), ElementsAre("b 1", "=- 1"));
    EXPECT_THAT(Rows(On(2024, 2, 29, Ask("pipeline_snapshot", "", "-")), {"deals"}), ElementsAre("=0"));
    EXPECT_THAT(Rows(On(2024, 3, 1, Ask("pipeline_snapshot", "", "-")), {"deals"}), ElementsAre("=1"));
    const auto detail = Rows(On(2024, 3, 20, Ask("pipeline_detail")), {"record", "days_in_stage"});
    EXPECT_THAT(detail, ElementsAre("deals/day 5"));
  }
}

TEST_F(RezonedTest, AMovementBalancesAndHasTheDayInItsPeriod) {
  history_.Zone("America/New_York");
  EXPECT_THAT(Rows(Ask("pipeline_movement", "2024-04"), {"category", "deals", "value"}), testing::IsSupersetOf({
      "opening 2 1100 USD", "won -1 -1000 USD", "closing 1 100 USD"}));
  EXPECT_THAT(Rows(Ask("pipeline_movement", "2024-03"), {"category", "deals", "value"}), testing::IsSupersetOf({
      "opening 0 0 USD", "new 2 1100 USD", "won 0 0 USD", "closing 2 1100 USD"}));
}

TEST_F(RezonedTest, AsOfBeforeTheChangeItIsAsItWas) {
  const uint64_t before = history_.position();
  history_.Zone("America/New_York");
  auto request = Ask("won_lost", "", "month");
  request.mutable_parameters()->mutable_as_of()->set_position(before);
  EXPECT_THAT(Rows(request, {"month", "deals"}), Contains("2024-04-01 1"));
}

TEST_F(RezonedTest, TheOrderOfARecordStays) {
  // On the day 20 May, and then at an instant that is still 19 May in New York.
  history_.RecordedOn("2024-06-01");
  history_.Stage("late", "2024-05-20", "b");
  history_.Lose("late", "2024-05-20 02:00", "lost");
  history_.Zone("America/New_York");
  EXPECT_THAT(Rows(On(2024, 5, 19, Ask("pipeline_snapshot", "", "stage")), {"stage", "deals"}), Contains("a 1"));
  EXPECT_THAT(Rows(Ask("won_lost", "2024-05"), {"lost"}), ElementsAre("=1"));
  EXPECT_THAT(Rows(Ask("sales_funnel"), {"stage", "reached", "lost_here", "regressions"}), ElementsAre("a 3 0 0", "b 3 1 0", "won 1 0 0"));
  const auto answer = history_.Run(Ask("won_lost", "2024-05"));
  const auto opened = history_.Explain(History::Cell(*answer, {"lost"}, "=1", "lost").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->contributions(0).total_events(), 4);
}

TEST_F(RezonedTest, ATimelineShowsTheDay) {
  history_.Zone("America/New_York");
  auto request = Ask("entity_timeline", "2024-04");
  request.mutable_parameters()->mutable_record()->set_name("deals/day");
  EXPECT_THAT(Rows(request, {"type", "occurred", "precision"}),
              ElementsAre("DealStageChanged 2024-04-01 04:00 day", "DealWon 2024-04-01 04:00 day"));
}

TEST(RecordedDaysTest, OnlyWhatBeginsADayElsewhereMoves) {
  domain::Rulebook rules;
  v1::CalendarRule here;
  here.set_zone("America/New_York");
  const domain::Calendar calendar = *domain::Calendar::Make(here);
  EXPECT_TRUE(RecordedDays(rules, calendar).empty());
  EXPECT_EQ(RecordedDays(rules, calendar).Moved(0), std::nullopt);
}

}  // namespace
}  // namespace recount::projections
