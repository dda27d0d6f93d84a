// Totals of nothing: counts are 0, rates, medians and means have no value; money is 0 in the report currency, and in none no value.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/rows_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class NothingTest : public RowsTest {
 protected:
  NothingTest() {
    history_.Pipelines({"p: a won+"});
    history_.RecordedOn("2024-03-15");
    history_.Pipelines({"p: a won+"});
  }
  static v1::RunReportRequest Ask(const std::string& report, const std::string& currency, const std::string& group_by = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.mutable_parameters()->set_currency(currency);
    if (!group_by.empty()) request.mutable_parameters()->add_group_by(group_by);
    return request;
  }
};

TEST_F(NothingTest, AnAggregate) {
  for (const char* group_by : {"-", "owner"}) {
    const std::vector<std::string> columns = {"deals", "won", "won_value", "win_rate", "win_rate_by_value", "share_of_all"};
    EXPECT_THAT(Rows(Ask("won_lost", "", group_by), columns), ElementsAre("=0 0 - - - -")) << group_by;
    EXPECT_THAT(Rows(Ask("won_lost", "EUR", group_by), columns), ElementsAre("=0 0 0 EUR - - -")) << group_by;
    EXPECT_THAT(Rows(Ask("sales_cycle", "", group_by), {"deals", "median", "mean", "p90", "least", "most"}), ElementsAre("=0 - - - - -"))
        << group_by;
  }
}

TEST_F(NothingTest, ACellOfNothingOpens) {
  const auto answer = history_.Run(Ask("won_lost", "EUR", "-"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (const char* column : {"deals", "won_value", "win_rate"}) {
    const v1::Cell& cell = History::Cell(*answer, {"deals"}, "=0", column);
    const auto opened = history_.Explain(cell.cell_id());
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(History::Text(opened->value()), History::Text(cell.value())) << column;
    EXPECT_EQ(opened->total_contributions(), 0) << column;
  }
}

TEST_F(NothingTest, AGroupWithoutADenominator) {
  history_.Create("1", "2024-03-01", {.owner = "users/ann", .value = 5});
  EXPECT_THAT(Rows(Ask("won_lost", "", "owner"), {"owner", "deals", "closed", "win_rate", "win_rate_by_value", "won_value"}),
              ElementsAre("users/ann 1 0 - - 0 USD", "=- 1 0 - - 0 USD"));
}

TEST_F(NothingTest, AMovement) {
  const std::vector<std::string> columns = {"currency", "category", "deals", "value"};
  EXPECT_THAT(Rows(Ask("pipeline_movement", "", "-"), columns), testing::IsSupersetOf({"- opening 0 -", "- closing 0 -"}));
  EXPECT_THAT(Rows(Ask("pipeline_movement", "EUR", "-"), columns),
              testing::IsSupersetOf({"EUR opening 0 0 EUR", "EUR closing 0 0 EUR"}));
  EXPECT_THAT(Rows(Ask("pipeline_movement", "", "owner"), columns), testing::IsSupersetOf({"=- opening 0 -", "=- closing 0 -"}));
  EXPECT_THAT(Rows(Ask("pipeline_movement", "EUR", "owner"), columns),
              testing::IsSupersetOf({"=EUR opening 0 0 EUR", "=EUR closing 0 0 EUR"}));
}

TEST_F(NothingTest, AFunnel) {
  EXPECT_THAT(Rows(Ask("sales_funnel", ""), {"stage", "reached", "step", "cumulative"}), ElementsAre("a 0 - -", "won 0 - -"));
  EXPECT_THAT(Rows(Ask("sales_funnel", "", "owner"), {"owner", "stage", "reached"}), ElementsAre("=- a 0", "=- won 0"));
}

TEST_F(NothingTest, BesideSomethingThereIsOneTotal) {
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 5});
  history_.Win("1", "2024-01-20");
  v1::RunReportRequest request = Ask("won_lost", "");
  request.mutable_parameters()->set_period("2024-02");
  request.mutable_compare()->set_prior_period(true);
  EXPECT_THAT(Rows(request, {"won", "won.compared", "won_value", "won_value.compared", "win_rate", "win_rate.compared"}),
              ElementsAre("=0 1 0 USD 500 USD - 1/1"));
  request.mutable_parameters()->set_period("2024-03");
  EXPECT_THAT(Rows(request, {"won", "won.compared", "won_value", "won_value.compared"}), ElementsAre("=0 0 - -"));
}

}  // namespace
}  // namespace recount::projections
