// Cells of `.change` open into both sides of a comparison (decisions.md 25), in every report of the catalogue.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

int64_t Number(const v1::Value& value) {
  if (value.has_money()) return *domain::MinorFromMoney(value.money(), "");
  return value.integer();
}

class ExplainChangeTest : public AggregateReportsTest {
 protected:
  ExplainChangeTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    v1::RuleContent content;
    for (const auto& [stage, bp] : {std::pair("a", 2000), std::pair("b", 5000)}) {
      auto* row = content.mutable_probabilities()->add_probabilities();
      row->set_pipeline("p");
      row->set_stage(stage);
      row->set_probability_bp(bp);
    }
    history_.Publish(content);
    const std::vector<std::string> owners = {"users/ann", "users/bob", ""};
    for (int i = 0; i < 9; ++i) {
      const std::string id = absl::StrCat(i), day = absl::StrCat("2024-01-1", i);
      history_.Append("leads/" + id, day, {Captured(i % 2 == 0 ? "web" : "fair", owners[i % 3])});
      if (i % 3 != 1) history_.Append("deals/lead" + id, day, {DealOf("leads/" + id)});
      history_.Create(id, day, {.stage = i % 2 == 0 ? "a" : "b", .owner = owners[i % 3], .source = i % 2 == 0 ? "web" : "fair",
                                .expected_close = "2024-03-10", .value = i == 4 ? -1 : 100 * (i + 1)});
    }
    history_.Win("0", "2024-02-01");
    history_.Lose("1", "2024-02-02");
    history_.Win("lead0", "2024-02-02");
    before_ = history_.position();
    history_.Value("2", "2024-02-03", 777);
    history_.Stage("3", "2024-02-04", "a");
    history_.Win("5", "2024-02-05", 950);
    history_.Lose("6", "2024-02-06");
    history_.Reopen("1", "2024-02-07", "b");
    history_.Win("lead2", "2024-02-08");
    history_.Owner("7", "2024-02-08", "users/ann");
    history_.Delete("8", "2024-02-09");
    history_.Create("9", "2024-02-10", {.stage = "a", .owner = "users/cem", .source = "ad", .value = 5});
  }

  // The cell beside its two sides.
  void ExpectOpens(const std::string& what, const v1::Row& row, int change) {
    const auto opened = history_.Explain(row.cells(change).cell_id());
    ASSERT_TRUE(opened.ok()) << what << ": " << opened.status();
    ++opened_;
    EXPECT_EQ(History::Text(opened->value()), History::Text(row.cells(change).value())) << what;
    EXPECT_TRUE(opened->has_compared_basis()) << what;
    EXPECT_EQ(opened->contributions_size(), opened->total_contributions()) << what;
    int64_t sum = 0, numerator = 0, denominator = 0, compared_numerator = 0, compared_denominator = 0;
    for (const v1::Contribution& contribution : opened->contributions()) {
      sum += Number(contribution.value());
      numerator += Number(contribution.numerator());
      denominator += Number(contribution.denominator());
      compared_numerator += Number(contribution.compared_numerator());
      compared_denominator += Number(contribution.compared_denominator());
      EXPECT_GT(contribution.total_events(), 0) << what << " " << contribution.record();
    }
    const std::string& formula = opened->formula();
    if (formula.find('/') == std::string::npos && (absl::StartsWith(formula, "count(") || absl::StartsWith(formula, "sum("))) {
      EXPECT_EQ(sum, Number(row.cells(change).value())) << what << " " << formula;
    }
    if (absl::StartsWith(formula, "1 - (")) return;  // two means on each side
    if (row.cells(change - 2).value().has_ratio() && denominator != 0 && compared_denominator != 0) {
      EXPECT_EQ(absl::StrCat(numerator, "/", denominator), History::Text(row.cells(change - 2).value())) << what;
      EXPECT_EQ(absl::StrCat(compared_numerator, "/", compared_denominator), History::Text(row.cells(change - 1).value())) << what;
    }
  }
  // Every cell of `.change` of the answer.
  void ExpectAllOpen(const v1::RunReportRequest& request) {
    const auto answer = Run(request);
    for (const v1::Row& row : answer.rows()) {
      for (int i = 0; i < row.cells_size(); ++i) {
        const std::string& column = answer.columns(i).id();
        const bool opens = absl::EndsWith(column, ".change") && !row.cells(i - 2).cell_id().empty();
        if (opens) ExpectOpens(absl::StrCat(request.ShortDebugString(), " ", column), row, i);
      }
    }
  }
  v1::ExplainReportResponse Open(const v1::RunReportRequest& request, const std::string& column, const std::string& row,
                                 const std::string& measure) {
    const auto opened = history_.Explain(History::Cell(Run(request), {column}, row, measure).cell_id());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *opened : v1::ExplainReportResponse();
  }

  uint64_t before_ = 0;
  int opened_ = 0;
};

TEST_F(ExplainChangeTest, EveryChangeOfEveryReportOpens) {
  for (const v1::ReportDefinition& report : History::BuiltInReports().definitions()) {
    for (int dimension = -1; dimension < report.dimensions_size(); ++dimension) {
      auto request = Ask(report.id());
      if (report.has_timeline()) request.mutable_parameters()->mutable_record()->set_name("deals/1");
      if (report.has_timeline() && dimension < 0) continue;  // events are not compared one by one
      if (dimension >= 0) request.mutable_parameters()->add_group_by(report.dimensions(dimension).id());
      request.mutable_compare()->mutable_as_of()->set_position(before_);
      ExpectAllOpen(request);
    }
  }
  EXPECT_GT(opened_, 500);
}

TEST_F(ExplainChangeTest, OfACountOrSumTheDifferencesAddUp) {
  auto request = Ask("won_lost", {"-"});
  request.mutable_compare()->mutable_as_of()->set_position(before_);
  const auto opened = Open(request, "won", "=2", "won_value.change");
  std::vector<std::string> brings;
  for (const v1::Contribution& contribution : opened.contributions()) {
    brings.push_back(absl::StrCat(contribution.record(), " ", History::Text(contribution.value())));
  }
  EXPECT_THAT(brings, ElementsAre("deals/5 95000 USD"));  // deals/0 is in both
  EXPECT_EQ(opened.contributions(0).total_events(), 3);
}

TEST_F(ExplainChangeTest, OfARatioBothSidesOpen) {
  auto request = Ask("won_lost", {"-"});
  request.mutable_parameters()->add_measures("win_rate");
  request.mutable_compare()->mutable_as_of()->set_position(before_);
  const auto opened = Open(request, "win_rate", "=4/5", "win_rate.change");
  std::vector<std::string> brings;
  for (const v1::Contribution& c : opened.contributions()) {
    brings.push_back(absl::StrCat(c.record(), " ", History::Text(c.numerator()), "/", History::Text(c.denominator()), " ",
                                  History::Text(c.compared_numerator()), "/", History::Text(c.compared_denominator())));
  }
  EXPECT_THAT(brings, testing::UnorderedElementsAre("deals/0 1/1 1/1", "deals/lead0 1/1 1/1", "deals/5 1/1 -/-", "deals/6 -/1 -/-",
                                                    "deals/lead2 1/1 -/-", "deals/1 -/- -/1"));
}

TEST_F(ExplainChangeTest, OfAMedianBothPopulationsOpenWithTheirRanks) {
  auto request = Ask("sales_cycle", {"-"});
  request.mutable_parameters()->add_measures("median");
  request.mutable_compare()->mutable_as_of()->set_position(before_);
  const auto answer = Run(request);
  const auto opened = history_.Explain(answer.rows(0).cells(2).cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  std::map<std::string, std::string> ranks;
  for (const v1::Contribution& c : opened->contributions()) {
    ranks[c.record()] = absl::StrCat(c.rank(), " ", History::Text(c.value()), ", ", c.compared_rank(), " ", History::Text(c.compared_value()));
  }
  EXPECT_EQ(ranks["deals/5"], "1 21, 0 -");
  EXPECT_EQ(ranks["deals/0"], "2 22, 1 22");
  EXPECT_EQ(ranks["deals/lead0"], "3 23, 2 23");
}

TEST_F(ExplainChangeTest, ADraftIsWhatWouldHoldMinusWhatHolds) {
  v1::RuleProposal proposal;
  auto* row = proposal.mutable_content()->mutable_probabilities()->add_probabilities();
  row->set_pipeline("p");
  row->set_stage("b");
  row->set_probability_bp(10000);
  history_.Draft({proposal});
  auto request = Ask("pipeline_snapshot", {"stage"});
  request.mutable_compare()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  request.mutable_compare()->mutable_rule_basis()->set_draft("drafts/half");
  const auto opened = Open(request, "stage", "b", "weighted.change");
  ASSERT_GT(opened.contributions_size(), 0);
  EXPECT_THAT(opened.formula(), testing::StartsWith("compared sum("));
  for (const v1::Contribution& contribution : opened.contributions()) EXPECT_GT(Number(contribution.value()), 0);
}

}  // namespace
}  // namespace recount::projections
