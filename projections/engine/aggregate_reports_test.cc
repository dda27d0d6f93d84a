#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::RuleContent Probabilities(const std::vector<std::pair<std::string, uint32_t>>& stages, const std::string& pipeline = "sales") {
  v1::RuleContent content;
  content.mutable_probabilities();
  for (const auto& [stage, bp] : stages) {
    auto* row = content.mutable_probabilities()->add_probabilities();
    row->set_pipeline(pipeline);
    row->set_stage(stage);
    row->set_probability_bp(bp);
  }
  return content;
}

// DESIGN.md, "What an answer is", number by number.
class DesignExampleTest : public AggregateReportsTest {
 protected:
  DesignExampleTest() {
    history_.Pipelines({"sales: potential offer order won+ lost-"});
    history_.Publish(Probabilities({{"potential", 1000}, {"offer", 2000}, {"order", 4000}}));
    first_ = history_.Create("7", "2024-03-01",
                             {.stage = "potential", .pipeline = "sales", .owner = "users/ann", .currency = "ILS", .value = 30000});
    second_ = history_.Stage("7", "2024-03-05", "offer");
    history_.RecordedOn("2024-03-08");
    history_.Publish(Probabilities({{"potential", 1000}, {"offer", 2500}, {"order", 4000}}), "2024-03-10");
    fourth_ = history_.Stage("7", "2024-03-10", "order");
    history_.RecordedOn("2024-03-12");
    fifth_ = history_.Value("7", "2024-03-03", 33000, "ILS");
  }
  std::string Weighted(uint64_t as_of, const google::type::Date* valid_at = nullptr) {
    v1::RunReportRequest request = Ask("pipeline_snapshot");
    request.mutable_parameters()->mutable_as_of()->set_position(as_of);
    if (valid_at != nullptr) *request.mutable_parameters()->mutable_valid_at()->mutable_date() = *valid_at;
    return Total(request, "weighted");
  }
  uint64_t first_, second_, fourth_, fifth_;
};

TEST_F(DesignExampleTest, EveryNumber) {
  const google::type::Date day12 = Date(2024, 3, 12), day6 = Date(2024, 3, 6);
  EXPECT_EQ(Weighted(fifth_), "1320000 ILS");
  EXPECT_EQ(Weighted(fifth_, &day12), "1320000 ILS");
  EXPECT_EQ(Weighted(fourth_), "1200000 ILS");
  EXPECT_EQ(Weighted(second_), "600000 ILS");
  EXPECT_EQ(Weighted(fifth_, &day6), "660000 ILS");
  EXPECT_EQ(Weighted(first_), "300000 ILS");
}

TEST_F(DesignExampleTest, TheDraftAndTheDifference) {
  v1::RuleProposal proposal;
  *proposal.mutable_content() = Probabilities({{"potential", 1000}, {"offer", 2500}, {"order", 5000}});
  *proposal.mutable_effective_from() = Date(2024, 3, 10);
  history_.Draft({proposal});
  v1::RunReportRequest request = Ask("pipeline_snapshot", {"-"});
  request.mutable_compare()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  request.mutable_compare()->mutable_rule_basis()->set_draft("drafts/half");
  EXPECT_THAT(Rows(request, {"weighted", "weighted.compared", "weighted.change"}), ElementsAre("=1320000 ILS 1650000 ILS 330000 ILS"));
  // The other way round the sign stays: what would hold, less what holds.
  v1::RunReportRequest reversed = Ask("pipeline_snapshot", {"-"});
  reversed.mutable_parameters()->mutable_rule_basis()->Swap(request.mutable_compare()->mutable_rule_basis());
  reversed.mutable_compare()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_CURRENT);
  EXPECT_THAT(Rows(reversed, {"weighted", "weighted.compared", "weighted.change"}), ElementsAre("=1650000 ILS 1320000 ILS 330000 ILS"));
}

// demands.md FX-01, FX-02.
TEST_F(AggregateReportsTest, AChangedProbabilityRestatesButNotAsRecorded) {
  history_.Pipelines({"sales: potential offer order won+ lost-"});
  history_.Publish(Probabilities({{"order", 4000}}));
  history_.Create("1", "2024-01-05",
                  {.stage = "order", .pipeline = "sales", .expected_close = "2024-02-15", .currency = "ILS", .value = 30000});
  v1::RunReportRequest request = Ask("sales_forecast");
  request.mutable_parameters()->set_period("2024-02");
  EXPECT_EQ(Total(request, "forecast"), "1200000 ILS");
  const uint64_t before = history_.position();
  history_.Publish(Probabilities({{"order", 5000}}));
  EXPECT_EQ(Total(request, "forecast"), "1500000 ILS");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  EXPECT_EQ(Total(request, "forecast"), "1200000 ILS");
  // A later change of the amount does not set the probability.
  history_.Value("1", "2024-01-06", 60000, "ILS");
  EXPECT_EQ(Total(request, "forecast"), "2400000 ILS");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AT);
  request.mutable_parameters()->mutable_rule_basis()->mutable_at()->set_position(before);
  EXPECT_EQ(Total(request, "forecast"), "2400000 ILS");
  request.mutable_parameters()->mutable_as_of()->set_position(before);
  request.mutable_parameters()->mutable_rule_basis()->Clear();
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_HEAD);
  EXPECT_EQ(Total(request, "forecast"), "1500000 ILS");
}

TEST_F(AggregateReportsTest, AsRecordedAnOverrideDoesNotSetTheStage) {
  history_.Pipelines({"sales: potential offer won+ lost-"});
  history_.Create("1", "2024-01-05", {.stage = "potential", .pipeline = "sales", .value = 1});
  history_.Pipelines({"sales: offer won+ lost-"}, "", {"sales: potential=offer"});
  v1::EventPayload overridden;
  overridden.mutable_deal()->mutable_probability_overridden()->set_probability_bp(4000);
  history_.Append("deals/1", "2024-01-06", {overridden});
  v1::RunReportRequest request = Ask("pipeline_snapshot", {"stage"});
  EXPECT_EQ(Rows(request, {"stage", "deals"})[0], "offer 1");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  EXPECT_EQ(Rows(request, {"stage", "deals"})[0], "potential 1");
}

// A sum of no records is 0, also beside a sum of records that all have no value.
TEST_F(AggregateReportsTest, AGroupThatOneRunDoesNotHaveIsAGroupOfNothing) {
  history_.Pipelines({"sales: potential offer won+ lost-"});
  history_.Create("1", "2024-01-05", {.stage = "offer", .pipeline = "sales", .value = 7});
  v1::RunReportRequest request = Ask("pipeline_snapshot", {"stage"});
  *request.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 1, 1);
  *request.mutable_compare()->mutable_valid_at()->mutable_date() = Date(2024, 1, 6);
  EXPECT_EQ(Rows(request, {"stage", "deals", "value", "weighted", "weighted.compared", "weighted.change"})[0], "offer 0 0 USD 0 USD - -");
}

// demands.md FX-07.
TEST_F(AggregateReportsTest, ConversionBySource) {
  history_.Pipelines({"p: a won+ lost-"});
  for (const auto& [source, won] : std::vector<std::pair<std::string, int>>{{"email", 12}, {"paid", 5}}) {
    for (int i = 0; i < 100; ++i) {
      const std::string id = absl::StrCat(source, i);
      history_.Append("leads/" + id, "2024-01-01", {Captured(source)});
      if (i >= won) continue;
      history_.Append("deals/" + id, "2024-01-02", {DealOf("leads/" + id)});
      history_.Win(id, "2024-01-20");
    }
  }
  // Two deals of one lead are one conversion.
  history_.Append("deals/again", "2024-01-02", {DealOf("leads/email0")});
  history_.Win("again", "2024-01-03");
  history_.Append("leads/nowhere", "2024-02-01", {Captured("")});
  EXPECT_THAT(Rows(Ask("sales_conversion"), {"source", "leads", "won", "conversion"}),
              ElementsAre("email 100 12 12/100", "paid 100 5 5/100", "- 1 0 0/1", "=- 201 17 17/201"));
  v1::RunReportRequest within = Ask("sales_conversion");
  (*within.mutable_parameters()->mutable_arguments())["within_days"] = "10";
  EXPECT_THAT(Rows(within, {"source", "won"}), ElementsAre("email 1", "paid 0", "- 0", "=- 1"));
  v1::RunReportRequest month = Ask("sales_conversion", {"month"});
  month.mutable_parameters()->set_period("2024-02");
  EXPECT_THAT(Rows(month, {"month", "leads", "won"}), ElementsAre("2024-02-01 1 0", "=- 1 0"));
  month.mutable_parameters()->set_period("2024-01");
  month.mutable_parameters()->set_mode("period");
  EXPECT_THAT(Rows(month, {"month", "leads", "won"}), ElementsAre("2024-01-01 200 17", "=- 200 17"));
}

TEST_F(AggregateReportsTest, ADealWonBeforeItsFirstContactKeepsItsSign) {
  history_.Pipelines({"p: a won+ lost-"});
  for (const auto& [id, captured, won] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"1", "2024-01-10", "2024-01-08"}, {"2", "2024-01-01", "2024-01-11"}, {"3", "2024-01-01", "2024-01-16"}, {"4", "2024-01-01", "2024-02-01"}}) {
    history_.Append("leads/" + id, captured, {Captured("web")});
    history_.Append("deals/" + id, "2024-01-01", {DealOf("leads/" + id)});
    history_.Win(id, won);
  }
  EXPECT_THAT(Rows(Ask("sales_cycle", {"-"}), {"deals", "mean", "median", "p90", "least", "most", "anomalies"}),
              ElementsAre("=4 54/4 25/2 31 -2 31 1"));
  v1::RunReportRequest created = Ask("sales_cycle", {"-"});
  (*created.mutable_parameters()->mutable_arguments())["start"] = "created";
  EXPECT_THAT(Rows(created, {"mean", "median", "least"}), ElementsAre("=63/4 25/2 7"));
  EXPECT_THAT(Rows(Ask("sales_conversion", {"-"}), {"won", "anomalies"}), ElementsAre("=4 1"));
}

TEST_F(AggregateReportsTest, ALeadThatCountsAsWonOpensIntoItsWonDeals) {
  history_.Pipelines({"p: a won+ lost-"});
  for (const std::string id : {"1", "2"}) history_.Append("leads/" + id, "2024-01-01", {Captured("web")});
  for (const auto& [id, lead] : std::vector<std::pair<std::string, std::string>>{
           {"lost", "1"}, {"first", "1"}, {"second", "1"}, {"open", "2"}}) {
    history_.Append("deals/" + id, "2024-01-02", {DealOf("leads/" + lead)});
  }
  history_.Lose("lost", "2024-01-03");
  history_.Win("first", "2024-01-03");
  history_.Win("second", "2024-01-04");
  const v1::RunReportResponse answer = Run(Ask("sales_conversion", {"-"}));
  for (const std::string column : {"won", "conversion"}) {
    const auto opened = history_.Explain(answer.rows(0).cells(column == "won" ? 5 : 6).cell_id());
    ASSERT_TRUE(opened.ok()) << opened.status();
    const v1::Contribution& lead = opened->contributions(0);
    EXPECT_EQ(lead.record(), "leads/1");
    ASSERT_EQ(lead.related_size(), 2) << column;
    EXPECT_EQ(lead.total_related(), 2);
    EXPECT_EQ(lead.related(0).record(), "deals/first");
    EXPECT_EQ(lead.related(1).record(), "deals/second");
    EXPECT_EQ(lead.related(1).total_events(), lead.related(1).events_size());
    EXPECT_EQ(lead.related(1).events(lead.related(1).events_size() - 1).type_name(), "DealWon");
    for (int i = 1; i < opened->contributions_size(); ++i) EXPECT_EQ(opened->contributions(i).related_size(), 0);
  }
}

// Leads that came one after the other have codes that do, and what leads to a part of them is looked up for that part; those that lie far
// apart in the dictionary are rolled up for all parts at once.
TEST_F(AggregateReportsTest, RollUpsOfRecordsNearAndFar) {
  history_.Pipelines({"p: a won+ lost-"});
  for (const bool far : {false, true}) {
    for (int i = 0; i < 40; ++i) {
      const std::string id = absl::StrCat(far ? "far" : "near", i);
      history_.Append("leads/" + id, "2024-01-02", {Captured(far ? "far" : "near")});
      for (int text = 0; far && text < 60; ++text) history_.tables().dictionary.Intern(absl::StrCat(id, " ", text));
    }
    for (int i = 0; i < 40; ++i) {
      const std::string id = absl::StrCat(far ? "far" : "near", i);
      for (int deal = 0; deal < i % 3; ++deal) {
        const std::string name = absl::StrCat(id, "-", deal);
        history_.Append("deals/" + name, "2024-01-03", {DealOf("leads/" + id)});
        if (deal == 1) history_.Win(name, "2024-01-04");
      }
    }
  }
  EXPECT_THAT(Rows(Ask("sales_conversion"), {"source", "leads", "deals", "won"}),
              ElementsAre("far 40 26 13", "near 40 26 13", "=- 80 52 26"));
}

TEST_F(AggregateReportsTest, WinRatesReversalsAndQuartersByUnit) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("teams/north", "org_units/east");
  for (const auto& [id, owner] : std::vector<std::pair<std::string, std::string>>{
           {"1", "users/ann"}, {"2", "users/ann"}, {"3", "users/bob"}, {"4", "users/bob"}, {"5", ""}}) {
    history_.Create(id, "2024-01-01", {.owner = owner, .value = 100});
  }
  history_.Win("1", "2024-02-01", 150);
  history_.Win("2", "2024-05-01");
  history_.Lose("3", "2024-02-02");
  history_.Win("4", "2024-02-03");
  history_.Reopen("4", "2024-02-04", "a");
  EXPECT_THAT(Rows(Ask("won_lost", {"-"}), {"currency", "deals", "won", "lost", "win_rate", "won_value", "win_rate_by_value",
                                            "share_of_all", "reversed"}),
              ElementsAre("=USD 5 2 1 2/3 25000 USD 25000/35000 2/5 1"));
  // demands.md R-065: beside a benchmark that the caller gives. 2/3 less 1/4 is 5/12.
  v1::RunReportRequest beside = Ask("won_lost", {"-"});
  beside.mutable_parameters()->add_measures("win_rate_above_benchmark");
  EXPECT_THAT(Rows(beside, {"win_rate_above_benchmark"}), ElementsAre("=-"));
  (*beside.mutable_parameters()->mutable_arguments())["benchmark"] = "2500";
  EXPECT_THAT(Rows(beside, {"win_rate_above_benchmark"}), ElementsAre("=12500/30000"));
  v1::RunReportRequest quarters = Ask("won_lost", {"quarter", "unit"});
  quarters.mutable_parameters()->add_measures("won");
  quarters.mutable_parameters()->add_measures("won_value");
  EXPECT_THAT(Rows(quarters, {"quarter", "unit", "won", "won_value"}),
              ElementsAre("2024-01-01 org_units/east 1 15000 USD", "2024-04-01 org_units/east 1 10000 USD", "=- - 2 25000 USD"));
  v1::RunReportRequest owners = Ask("won_lost", {"owner"});
  EXPECT_THAT(Rows(owners, {"owner", "deals", "won"}), ElementsAre("users/ann 2 2", "users/bob 2 0", "- 1 0", "=- 5 2"));
}

TEST_F(AggregateReportsTest, AttributionPicksOwnerAndDay) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/ann", "teams/south", "2024-03-01");
  history_.Belongs("users/bob", "teams/west");
  history_.Create("1", "2024-01-01", {.owner = "users/ann", .value = 100});
  history_.Win("1", "2024-02-01");
  history_.Owner("1", "2024-04-01", "users/bob");
  v1::RunReportRequest request = Ask("won_lost", {"owner", "team"});
  request.mutable_parameters()->add_measures("won");
  EXPECT_THAT(Rows(request, {"owner", "team", "won"}), ElementsAre("users/ann teams/north 1", "=- - 1"));
  request.mutable_parameters()->set_attribution(v1::ATTRIBUTION_AT_EVENT);
  EXPECT_THAT(Rows(request, {"owner", "team", "won"}), ElementsAre("users/ann teams/north 1", "=- - 1"));
  request.mutable_parameters()->set_attribution(v1::ATTRIBUTION_CURRENT);
  EXPECT_THAT(Rows(request, {"owner", "team", "won"}), ElementsAre("users/bob teams/west 1", "=- - 1"));
  *request.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 3, 15);
  EXPECT_THAT(Rows(request, {"owner", "team", "won"}), ElementsAre("users/ann teams/south 1", "=- - 1"));
}

TEST_F(AggregateReportsTest, CurrenciesSplitRowsAndAreConvertedOnTheirOwnDay) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Publish(Probabilities({{"a", 3333}}, "p"));
  history_.Rate("EUR", "USD", "2024-01-01", 1.1);
  history_.Rate("EUR", "USD", "2024-03-01", 1.2);
  history_.Create("open", "2024-01-01", {.currency = "EUR", .value = 100});
  history_.Create("won", "2024-01-01", {.currency = "EUR", .value = 100});
  history_.Create("dollars", "2024-01-01", {.value = 7});
  history_.Create("yen", "2024-01-01", {.currency = "JPY", .value = 500});
  history_.Create("none", "2024-01-01", {});
  history_.Win("won", "2024-02-01");
  history_.RecordedOn("2024-04-01");
  history_.Stage("open", "2024-03-31", "a");
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"-"}), {"currency", "deals", "value", "weighted"}),
              ElementsAre("=EUR 1 10000 EUR 3333 EUR", "=JPY 1 500 JPY 167 JPY", "=USD 1 700 USD 233 USD", "=- 1 - -"));
  v1::RunReportRequest dollars = Ask("pipeline_snapshot", {"-"});
  dollars.mutable_parameters()->set_currency("USD");
  const auto answer = Run(dollars);
  EXPECT_THAT(History::Texts(answer, {"currency", "deals", "value", "weighted"}),
              ElementsAre("=USD 3 12700 USD 4233 USD", "=unconverted 1 - -"));
  std::vector<std::string> notes;
  for (const v1::Note& note : answer.notes()) notes.push_back(absl::StrCat(note.code(), " ", note.count()));
  EXPECT_THAT(notes, ElementsAre("NO_RATE 1", "NO_VALUE 1"));
  // What was won takes the rate of its day, also now.
  v1::RunReportRequest won = Ask("won_lost", {"-"});
  won.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(Rows(won, {"currency", "won_value"}), ElementsAre("=USD 11000 USD", "=unconverted -"));
  // Counts alone are not split.
  v1::RunReportRequest counts = Ask("pipeline_snapshot", {"-"});
  counts.mutable_parameters()->add_measures("deals");
  EXPECT_THAT(Rows(counts, {"deals"}), ElementsAre("=4"));
}

TEST_F(AggregateReportsTest, DeletedRecordsAreInNoReport) {
  history_.Pipelines({"p: a won+ lost-"});
  history_.Create("1", "2024-01-01", {.value = 1});
  history_.Create("2", "2024-01-01", {.value = 2});
  history_.Delete("2", "2024-02-01");
  EXPECT_EQ(Total(Ask("pipeline_snapshot"), "deals"), "1");
  v1::RunReportRequest before = Ask("pipeline_snapshot");
  *before.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 1, 31);
  EXPECT_EQ(Total(before, "deals"), "2");
}

TEST_F(AggregateReportsTest, ThePriorPeriodIsCutAtTheSameWorkingDays) {
  history_.Pipelines({"p: a won+ lost-"});
  for (int day = 1; day <= 28; ++day) {
    const std::string id = absl::StrCat("jan", day);
    history_.Create(id, "2024-01-01", {.value = 1});
    history_.Win(id, absl::StrCat("2024-01-", day < 10 ? "0" : "", day));
  }
  // 2024-02-01 and 02 are working days, like 2024-01-01 and 02.
  history_.Create("feb", "2024-02-01", {.value = 1});
  history_.Win("feb", "2024-02-02");
  v1::RunReportRequest request = Ask("won_lost", {"-"});
  request.mutable_parameters()->set_period("2024-02");
  request.mutable_parameters()->add_measures("won");
  request.mutable_compare()->set_prior_period(true);
  const auto answer = Run(request);
  EXPECT_THAT(History::Texts(answer, {"won", "won.compared", "won.change"}), ElementsAre("=1 2 -1"));
  EXPECT_EQ(answer.compared_basis().period_last().day(), 2);
  // The same month written as days.
  v1::RunReportRequest days = request;
  days.mutable_parameters()->set_period("2024-02-01..2024-02-29");
  EXPECT_THAT(Rows(days, {"won", "won.compared"}), ElementsAre("=1 2"));
  EXPECT_EQ(Run(days).compared_basis().period_first().ShortDebugString(), "year: 2024 month: 1 day: 1");
  // February 2024 has 21 working days, January 23: on its last day the month is not over.
  history_.RecordedOn("2024-02-29 12:00");
  history_.Create("late", "2024-02-29 12:00", {.value = 1});
  EXPECT_EQ(Run(request).compared_basis().period_last().day(), 29);
  *request.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 2, 29);
  EXPECT_EQ(Run(request).compared_basis().period_last().day(), 31);
}

// Won before the first contact (decisions.md 4): by the days where only a day is known, else by the instants.
TEST_F(AggregateReportsTest, AnomaliesLookAtWhatIsKnown) {
  history_.Pipelines({"p: a won+"});
  const auto win = [&](const std::string& id, const std::string& captured, const std::string& created, const std::string& won) {
    history_.Append("leads/" + id, captured, {Captured("web")});
    history_.Append("deals/" + id, created, {DealOf("leads/" + id)});
    history_.Win(id, won);
    return absl::StrCat(Total(Ask("sales_conversion"), "anomalies"), " ", Total(Ask("sales_cycle"), "anomalies"));
  };
  EXPECT_EQ(win("1", "2024-01-10 10:00", "2024-01-10", "2024-01-10"), "0 0") << "on that day, who knows when";
  EXPECT_EQ(win("2", "2024-01-10 10:00", "2024-01-10 08:00", "2024-01-10 09:00"), "1 1") << "an hour before";
  EXPECT_EQ(win("3", "2024-01-10 10:00", "2024-01-09", "2024-01-09"), "2 2") << "on the day before";
  EXPECT_EQ(win("4", "2024-01-10", "2024-01-10 08:00", "2024-01-10 09:00"), "2 2");
}

TEST_F(AggregateReportsTest, AnEmptyTenantHasAnswersToo) {
  EXPECT_THAT(Rows(Ask("pipeline_snapshot"), {"deals"}), ElementsAre("=0"));
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"-"}), {"deals", "value", "mean_days_in_stage"}), ElementsAre("=0 - -"));
  EXPECT_THAT(Rows(Ask("pipeline_detail"), {"record"}), IsEmpty());
}

}  // namespace
}  // namespace recount::projections
