#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

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

class AggregateReportsTest : public testing::Test {
 protected:
  static v1::RunReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by = {}) {
    v1::RunReportRequest request;
    request.set_report(report);
    for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    return History::Texts(Run(request), columns);
  }
  // The one number of a report without groups.
  std::string Total(v1::RunReportRequest request, const std::string& column) {
    request.mutable_parameters()->clear_group_by();
    request.mutable_parameters()->add_group_by("-");
    const auto rows = Rows(request, {column});
    return rows.size() == 1 ? rows[0].substr(1) : absl::StrCat(rows.size(), " rows");
  }
  static google::type::Date Date(int year, int month, int day) {
    google::type::Date date;
    date.set_year(year);
    date.set_month(month);
    date.set_day(day);
    return date;
  }

  History history_;
};

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

v1::EventPayload Captured(const std::string& source, const std::string& owner = "") {
  v1::EventPayload payload;
  auto* captured = payload.mutable_lead()->mutable_captured();
  if (!source.empty()) captured->mutable_source()->set_id(source);
  captured->set_owner(owner);
  return payload;
}
v1::EventPayload DealOf(const std::string& lead) {
  v1::EventPayload payload;
  auto* created = payload.mutable_deal()->mutable_created();
  created->set_pipeline("p");
  created->set_stage("a");
  created->set_lead(lead);
  return payload;
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
