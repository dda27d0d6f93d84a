// Numbers that stand beside others: shares, means of all others, bands, pairs of levels and their lags.
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

// decisions.md 23, demands.md M-67.
TEST_F(AggregateReportsTest, ACycleStandsBesideThatOfAllOthers) {
  history_.Pipelines({"p: a won+ lost-"});
  const auto won = [&](const std::string& id, const std::string& source, const std::string& day) {
    history_.Create(id, "2024-01-01", {.source = source, .value = 100});
    history_.Win(id, day);
  };
  won("1", "referral", "2024-01-06");
  won("2", "referral", "2024-01-10");  // 5 and 9 days: 7 in the mean
  won("3", "web", "2024-01-11");
  won("4", "web", "2024-01-13");
  won("5", "fair", "2024-01-09");      // 10, 12 and 8: also 10
  v1::RunReportRequest request = Ask("sales_cycle", {"source"});
  EXPECT_THAT(Rows(request, {"source", "mean", "faster"}),
              ElementsAre("fair 8/1 1/9", "referral 14/2 3/10", "web 22/2 -1/2", "=- 44/5 -"));
  EXPECT_EQ(Total(Ask("sales_cycle"), "faster"), "-");
  const auto opened = history_.Explain(History::Cell(Run(request), {"source"}, "referral", "faster").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(History::Text(opened->value()), "3/10");
  EXPECT_THAT(opened->formula(), testing::StartsWith("1 - (sum(deal"));
  ASSERT_EQ(opened->contributions_size(), 5);
  int64_t own = 0, others = 0;
  for (const v1::Contribution& contribution : opened->contributions()) {
    own += contribution.numerator().integer();
    others += contribution.denominator().integer();
  }
  EXPECT_EQ(own, 14);
  EXPECT_EQ(others, 30);
  // Others that all took no time are no base.
  v1::RunReportRequest one = Ask("sales_cycle", {"source"});
  one.mutable_parameters()->set_filter("source = referral");
  EXPECT_THAT(Rows(one, {"source", "faster"}), ElementsAre("referral -", "=- -"));
}

TEST_F(AggregateReportsTest, CyclesBySizeBand) {
  history_.Pipelines({"p: a won+ lost-"});
  int id = 0;
  for (const auto& [value, currency] : std::vector<std::pair<int64_t, std::string>>{
           {999, "USD"}, {1000, "USD"}, {9999, "JPY"}, {10000, "JPY"}, {200000, "USD"}, {-1, "USD"}}) {
    history_.Create(absl::StrCat(++id), "2024-01-01", {.currency = currency, .value = value});
    history_.Win(absl::StrCat(id), absl::StrCat("2024-01-1", id));
  }
  EXPECT_THAT(Rows(Ask("sales_cycle", {"size_band"}), {"size_band", "deals", "least", "most"}),
              ElementsAre("<1000 1 10 10", "1000-10000 2 11 12", "10000-100000 1 13 13", ">=100000 1 14 14", "- 1 15 15", "=- 6 10 15"));
  v1::RunReportRequest request = Ask("sales_cycle", {"size_band"});
  (*request.mutable_parameters()->mutable_arguments())["bands"] = "5000";
  EXPECT_THAT(Rows(request, {"size_band", "deals"}), ElementsAre("<5000 2", ">=5000 3", "- 1", "=- 6"));
  for (const char* wrong : {"", "many", "10, 5", "1,,2", "1000000000000000000"}) {
    (*request.mutable_parameters()->mutable_arguments())["bands"] = wrong;
    EXPECT_THAT(std::string(history_.Run(request).status().message()), testing::HasSubstr("are no bounds")) << wrong;
  }
}

TEST_F(AggregateReportsTest, TheStartOfACycleIsSelectable) {
  history_.Pipelines({"p: a b won+ lost-"});
  history_.Append("leads/1", "2024-01-01", {Captured("web")});
  history_.Append("deals/1", "2024-01-03", {DealOf("leads/1")});
  history_.Stage("1", "2024-01-08", "b");
  history_.Win("1", "2024-01-11");
  history_.Create("2", "2024-01-10", {});
  history_.Win("2", "2024-01-11");
  v1::RunReportRequest request = Ask("sales_cycle", {"-"});
  EXPECT_THAT(Rows(request, {"deals", "least", "most"}), ElementsAre("=2 1 10"));
  (*request.mutable_parameters()->mutable_arguments())["start"] = "created";
  EXPECT_THAT(Rows(request, {"deals", "least", "most"}), ElementsAre("=2 1 8"));
  (*request.mutable_parameters()->mutable_arguments())["start"] = "b";
  EXPECT_THAT(Rows(request, {"deals", "least", "most"}), ElementsAre("=1 3 3"));
}

// demands.md M-43.
TEST_F(AggregateReportsTest, PairsAndLagsOfLeads) {
  history_.Pipelines({"p: a won+ lost-"});
  const auto lead = [&](const std::string& id, const std::string& day, v1::LeadLevel level) {
    history_.Append("leads/" + id, day, {Captured("web")});
    v1::EventPayload qualified;
    qualified.mutable_lead()->mutable_qualified()->set_level(level);
    if (level != v1::LEAD_LEVEL_UNSPECIFIED) history_.Append("leads/" + id, day, {qualified});
  };
  lead("none", "2024-01-01", v1::LEAD_LEVEL_UNSPECIFIED);
  lead("mql", "2024-01-01", v1::LEAD_LEVEL_MQL);
  lead("sql", "2024-01-01", v1::LEAD_LEVEL_SQL);
  lead("sal", "2024-01-01", v1::LEAD_LEVEL_SAL);
  lead("fast", "2024-01-01", v1::LEAD_LEVEL_SAL);
  history_.Append("deals/1", "2024-01-05", {DealOf("leads/fast")});
  history_.Append("deals/2", "2024-01-11", {DealOf("leads/sql")});
  history_.Append("deals/3", "2024-01-12", {DealOf("leads/fast")});
  history_.Win("1", "2024-01-11");
  history_.Win("3", "2024-01-13");
  history_.Lose("2", "2024-01-21");
  const auto columns = std::vector<std::string>{"mql_rate", "sql_rate", "sal_rate", "deal_rate", "win_rate"};
  EXPECT_THAT(Rows(Ask("sales_conversion", {"-"}), columns), ElementsAre("=4/5 3/4 2/3 1/2 1/2"));
  v1::RunReportRequest lags = Ask("sales_conversion", {"-"});
  *lags.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 1, 31);
  for (const char* id : {"mean_days_to_deal", "median_days_to_deal", "mean_days_to_win", "median_days_to_win", "undecided",
                         "mean_days_so_far"}) {
    lags.mutable_parameters()->add_measures(id);
  }
  const std::vector<std::string> shown(lags.parameters().measures().begin(), lags.parameters().measures().end());
  // Undecided are those without a deal, 30 days each; the lead whose only deal is lost is decided.
  EXPECT_THAT(Rows(lags, shown), ElementsAre("=14/2 7 10/1 10 3 90/3"));
  (*lags.mutable_parameters()->mutable_arguments())["within_days"] = "9";
  EXPECT_THAT(Rows(lags, {"mean_days_to_win", "undecided"}), ElementsAre("=- 3"));
  lags.mutable_parameters()->set_mode("period");
  lags.mutable_parameters()->set_period("2024-01-11");
  (*lags.mutable_parameters()->mutable_arguments()).clear();
  EXPECT_THAT(Rows(lags, {"mean_days_to_deal", "mean_days_to_win"}), ElementsAre("=10/1 10/1"));
}

// demands.md R-072.
TEST_F(AggregateReportsTest, SharesOfCountAndValueAddUpInEachCurrency) {
  history_.Pipelines({"p: a b won+ lost-"});
  history_.Create("1", "2024-01-01", {.stage = "a", .value = 100});
  history_.Create("2", "2024-01-01", {.stage = "b", .value = 300});
  history_.Create("3", "2024-01-01", {.stage = "b", .value = 200});
  history_.Create("4", "2024-01-01", {.stage = "b", .currency = "EUR", .value = 7});
  history_.Create("5", "2024-01-01", {.stage = "b"});
  v1::RunReportRequest request = Ask("pipeline_snapshot", {"stage"});
  EXPECT_THAT(Rows(request, {"stage", "currency", "share", "value_share"}),
              ElementsAre("a USD 1/3 10000/60000", "b EUR 1/1 700/700", "b USD 2/3 50000/60000", "b - 1/1 -", "=- EUR 1/1 700/700",
                          "=- USD 3/3 60000/60000", "=- - 1/1 -"));
  const auto opened = history_.Explain(History::Cell(Run(request), {"stage", "currency"}, "b USD", "value_share").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(History::Text(opened->value()), "50000/60000");
  ASSERT_EQ(opened->contributions_size(), 3);
  int in_the_group = 0;
  for (const v1::Contribution& contribution : opened->contributions()) in_the_group += contribution.numerator().has_money();
  EXPECT_EQ(in_the_group, 2);
  request.mutable_compare()->mutable_valid_at()->mutable_date()->CopyFrom(Date(2023, 1, 1));
  EXPECT_THAT(Rows(request, {"stage", "currency", "share.compared", "share.change"})[0], testing::Eq("a USD - -"));
}

}  // namespace
}  // namespace recount::projections
