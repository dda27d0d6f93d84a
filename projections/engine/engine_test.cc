// Pages, pins, tokens and explained cells, over every report of the catalogue.
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    history_.Pipelines({"p: a b won+ lost-", "q: x won+"});
    v1::RuleContent content;
    auto* row = content.mutable_probabilities()->add_probabilities();
    row->set_pipeline("p");
    row->set_stage("a");
    row->set_probability_bp(3333);
    history_.Publish(content);
    history_.Rate("EUR", "USD", "2023-01-01", 1.1);
    history_.Belongs("users/ann", "teams/north");
    history_.Belongs("teams/north", "org_units/east");
    const std::vector<std::string> owners = {"users/ann", "users/bob", ""}, sources = {"web", "", "unknown"};
    for (int i = 0; i < 24; ++i) {
      const std::string id = absl::StrCat(i), day = absl::StrCat("2024-0", 1 + i % 3, "-", 10 + i % 15);
      const std::string lead = "leads/" + id;
      if (i % 2 == 0) {
        v1::EventPayload captured;
        captured.mutable_lead()->mutable_captured()->mutable_source()->set_id("web");
        history_.Append(lead, absl::StrCat("2024-01-", 10 + i % 15), {captured});
      }
      v1::EventPayload payload;
      auto* created = payload.mutable_deal()->mutable_created();
      created->set_pipeline(i % 5 == 0 ? "q" : "p");
      created->set_stage(i % 5 == 0 ? "x" : i % 3 == 0 ? "a" : "b");
      created->set_owner(owners[i % 3]);
      if (!sources[i % 3].empty()) created->mutable_source()->set_id(sources[i % 3]);
      if (i % 2 == 0) created->set_lead(lead);
      if (i % 7 != 0) *created->mutable_value() = domain::MoneyFromMinor(1001 * (i + 1), i % 4 == 0 ? "EUR" : i % 11 == 0 ? "JPY" : "USD");
      if (i % 6 != 0) *created->mutable_expected_close() = domain::DateFromDay(domain::DayFromCivil(2024, 1 + i % 8, 20));
      history_.Append("deals/" + id, day, {payload});
      if (i % 4 == 1) history_.Win(id, absl::StrCat("2024-04-", 10 + i % 15), -1, "won");
      if (i % 4 == 2 && i % 5 != 0) history_.Lose(id, absl::StrCat("2024-04-", 10 + i % 15), "lost");
      if (i == 5 || i == 6) history_.Reopen(id, "2024-05-01", i % 5 == 0 ? "x" : "a");
    }
    history_.RecordedOn("2024-05-05");
    history_.Owner("3", "2024-05-05", "users/bob");
  }

  static v1::RunReportRequest Ask(const std::string& report) {
    v1::RunReportRequest request;
    request.set_report(report);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << request.ShortDebugString() << ": " << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  v1::ErrorReason ReasonOf(const v1::RunReportRequest& request) {
    return domain::ReasonOf(history_.Run(request).status());
  }
  static int64_t Number(const v1::Value& value) {
    switch (value.value_case()) {
      case v1::Value::kInteger: return value.integer();
      case v1::Value::kMoney: return *domain::MinorFromMoney(value.money(), "");
      case v1::Value::kFlag: return value.flag();
      default: return 0;
    }
  }
  void ExpectExplained(const std::string& what, const v1::Cell& cell);

  History history_;
};

void EngineTest::ExpectExplained(const std::string& what, const v1::Cell& cell) {
  const auto opened = history_.Explain(cell.cell_id());
  ASSERT_TRUE(opened.ok()) << what << ": " << opened.status();
  EXPECT_EQ(History::Text(opened->value()), History::Text(cell.value())) << what;
  EXPECT_EQ(opened->contributions_size(), opened->total_contributions()) << what;
  int64_t sum = 0, numerator = 0, denominator = 0, rank = 0, own = 0, others = 0;
  for (const v1::Contribution& contribution : opened->contributions()) {
    sum += Number(contribution.value());
    numerator += Number(contribution.numerator());
    denominator += Number(contribution.denominator());
    own += contribution.numerator().value_case() != v1::Value::VALUE_NOT_SET;
    others += contribution.denominator().value_case() != v1::Value::VALUE_NOT_SET;
    if (contribution.rank() > 0) {
      EXPECT_EQ(contribution.rank(), ++rank) << what;
    }
    EXPECT_GT(contribution.total_events(), 0) << what << " " << contribution.record();
  }
  const std::string& formula = opened->formula();
  const bool adds = absl::StartsWith(formula, "count(") || absl::StartsWith(formula, "sum(");
  if (absl::StartsWith(formula, "1 - (") && cell.value().has_ratio()) {  // two means
    const v1::Ratio& below = cell.value().ratio();
    EXPECT_EQ(below.numerator() * denominator * own, below.denominator() * (denominator * own - numerator * others)) << what;
  } else if (cell.value().has_ratio() && rank == 0) {
    EXPECT_EQ(absl::StrCat(numerator, "/", denominator), History::Text(cell.value())) << what << " " << formula;
  } else if (adds && cell.value().value_case() != v1::Value::VALUE_NOT_SET) {
    EXPECT_EQ(sum, Number(cell.value())) << what << " " << formula;
  }
}

TEST_F(EngineTest, EveryCellOfEveryReportOpensIntoWhatMakesIt) {
  const auto catalogue = Catalogue::Load();
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  int cells = 0;
  for (const v1::ReportDefinition& definition : catalogue->definitions()) {
    if (definition.has_timeline()) continue;
    for (int mode = 0; mode < std::max(1, definition.modes_size()); ++mode) {
      for (int dimension = -1; dimension < definition.dimensions_size(); ++dimension) {
        v1::RunReportRequest request = Ask(definition.id());
        if (definition.modes_size() > 0) request.mutable_parameters()->set_mode(definition.modes(mode).id());
        if (dimension >= 0) request.mutable_parameters()->add_group_by(definition.dimensions(dimension).id());
        if (dimension % 2 == 0) request.mutable_parameters()->set_currency("USD");
        const auto answer = Run(request);
        for (const v1::Row& row : answer.rows()) {
          for (int i = 0; i < row.cells_size(); ++i) {
            if (row.cells(i).cell_id().empty()) continue;
            ++cells;
            ExpectExplained(absl::StrCat(request.ShortDebugString(), " ", answer.columns(i).id()), row.cells(i));
          }
        }
      }
    }
  }
  EXPECT_GT(cells, 1000);
}

TEST_F(EngineTest, ComparedCellsOpenToo) {
  v1::RunReportRequest request = Ask("won_lost");
  request.mutable_parameters()->set_period("2024-04");
  request.mutable_parameters()->add_group_by("owner");
  request.mutable_compare()->set_period("2024-01..2024-12");
  const auto answer = Run(request);
  for (const v1::Row& row : answer.rows()) {
    for (int i = 0; i < row.cells_size(); ++i) {
      if (absl::EndsWith(answer.columns(i).id(), ".change")) continue;  // explain_change_test.cc
      if (!row.cells(i).cell_id().empty()) ExpectExplained(answer.columns(i).id(), row.cells(i));
    }
  }
}

TEST_F(EngineTest, PagesAgreeWhileCommandsComeIn) {
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.mutable_parameters()->set_mode("all");
  const auto whole = Run(request);
  ASSERT_EQ(whole.total_rows(), 24);
  std::vector<std::string> rows;
  request.set_page_size(5);
  for (int page = 0; page < 10; ++page) {
    const auto answer = Run(request);
    EXPECT_EQ(answer.total_rows(), 24);
    for (const std::string& row : History::Texts(answer, {"record", "value", "stage"})) rows.push_back(row);
    history_.Create(absl::StrCat("new", page), "2024-05-06", {.value = 1});
    history_.Value("1", "2024-05-06", 5 + page);
    history_.Pipelines({"p: a b c won+ lost-", "q: x won+"}, "2024-04-01");
    request.set_page_token(answer.next_page_token());
    if (answer.next_page_token().empty()) break;
  }
  EXPECT_EQ(rows, History::Texts(whole, {"record", "value", "stage"}));
}

TEST_F(EngineTest, APinReproducesTheAnswerAfterRuleChanges) {
  v1::RunReportRequest request = Ask("sales_forecast");
  request.mutable_parameters()->set_period("2024");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_HEAD);
  request.mutable_compare()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  const auto before = Run(request);
  v1::RuleContent content;
  auto* row = content.mutable_probabilities()->add_probabilities();
  row->set_pipeline("p");
  row->set_stage("a");
  row->set_probability_bp(9000);
  history_.Publish(content);
  history_.Win("3", "2024-05-05 12:00", 7);
  const std::vector<std::string> columns = {"bucket", "deals", "forecast", "forecast.compared", "forecast.change"};
  EXPECT_NE(History::Texts(Run(request), columns), History::Texts(before, columns));
  v1::RunReportRequest again;
  again.set_page_token(before.pin());
  const auto after = Run(again);
  EXPECT_EQ(History::Texts(after, columns), History::Texts(before, columns));
  EXPECT_EQ(after.pin(), before.pin());
  EXPECT_EQ(after.basis().position(), before.basis().position());
  again.set_report("sales_forecast");
  EXPECT_EQ(ReasonOf(again), v1::PAGE_TOKEN_MISMATCH);
}

TEST_F(EngineTest, TokensAreOfOneRequestAndOfOneTenant) {
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.set_page_size(3);
  const auto answer = Run(request);
  v1::RunReportRequest other = request;
  other.set_page_token(answer.next_page_token());
  other.set_sort("value");
  EXPECT_EQ(ReasonOf(other), v1::PAGE_TOKEN_MISMATCH);
  other = request;
  std::string token = answer.next_page_token();
  token[10] = token[10] == 'A' ? 'B' : 'A';
  other.set_page_token(token);
  EXPECT_EQ(ReasonOf(other), v1::TOKEN_INVALID);
  other.set_page_token("rubbish");
  EXPECT_EQ(ReasonOf(other), v1::TOKEN_INVALID);
  other.set_page_token(EncodeToken(*DecodeToken(answer.next_page_token(), "page_token", "key of the test"), "key of another tenant"));
  EXPECT_EQ(ReasonOf(other), v1::TOKEN_INVALID);
  EXPECT_FALSE(history_.Explain(answer.next_page_token()).ok());
  EXPECT_EQ(domain::ReasonOf(history_.Explain("rubbish").status()), v1::TOKEN_INVALID);
}

TEST_F(EngineTest, APinOfADraftIsHonouredWhileTheDraftCanBeHad) {
  v1::RunReportRequest request = Ask("pipeline_snapshot");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  request.mutable_parameters()->mutable_rule_basis()->set_draft("drafts/x");
  for (const int stages : {1, 1000}) {
    v1::RuleProposal proposal;
    for (int i = 0; i < stages; ++i) {
      auto* row = proposal.mutable_content()->mutable_probabilities()->add_probabilities();
      row->set_pipeline("p");
      row->set_stage(i == 0 ? "a" : absl::StrCat("other", i));
      row->set_probability_bp(7000);
    }
    history_.Draft({proposal});
    const auto before = Run(request);
    EXPECT_LT(before.pin().size(), 2000u);
    v1::RunReportRequest again;
    again.set_page_token(before.pin());
    EXPECT_EQ(History::Texts(Run(again), {"stage", "weighted"}), History::Texts(before, {"stage", "weighted"}));
    history_.Draft({});
    // A small one is carried by the token; a large one is gone.
    EXPECT_EQ(ReasonOf(again), stages == 1 ? v1::ERROR_REASON_UNSPECIFIED : v1::TOKEN_INVALID);
  }
}

TEST_F(EngineTest, WrongParametersAreNamed) {
  v1::RunReportRequest request = Ask("won_lost");
  request.mutable_parameters()->set_period("sometime");
  EXPECT_EQ(ReasonOf(request), v1::PARAMETER_INVALID);
  request = Ask("pipeline_snapshot");
  request.mutable_parameters()->set_period("2024");
  EXPECT_EQ(ReasonOf(request), v1::PARAMETER_INVALID) << "a period that nothing looks at";
  request = Ask("won_lost");
  request.mutable_parameters()->set_filter("nothing = 1");
  EXPECT_EQ(ReasonOf(request), v1::FILTER_INVALID);
  request = Ask("won_lost");
  request.set_sort("nothing desc");
  EXPECT_EQ(ReasonOf(request), v1::PARAMETER_INVALID);
  request = Ask("won_lost");
  request.mutable_parameters()->set_currency("XQX");
  EXPECT_EQ(ReasonOf(request), v1::UNKNOWN_CURRENCY);
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_as_of()->set_position(1000000);
  EXPECT_EQ(ReasonOf(request), v1::POSITION_BEYOND_HEAD);
  // Before the first commit there is no zone to tell a day by.
  request.mutable_parameters()->mutable_as_of()->set_position(0);
  EXPECT_EQ(ReasonOf(request), v1::PARAMETER_INVALID);
  request.mutable_parameters()->mutable_as_of()->mutable_time()->mutable_time()->set_seconds(1);
  EXPECT_EQ(ReasonOf(request), v1::PARAMETER_INVALID);
  request = Ask("sales_conversion");
  (*request.mutable_parameters()->mutable_arguments())["within_days"] = "soon";
  EXPECT_NE(ReasonOf(request), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(Ask("nothing")), v1::REPORT_NOT_FOUND);
}

TEST_F(EngineTest, ADefinitionOfOnesOwn) {
  v1::RunReportRequest request;
  v1::ReportDefinition* definition = request.mutable_definition();
  definition->set_id("mine");
  definition->set_subject("deal");
  definition->mutable_aggregate();
  auto* dimension = definition->add_dimensions();
  dimension->set_id("size");
  dimension->set_expr("if(value >= 150, 'large', if(has(value), 'small', null))");
  dimension->set_none("no_value");
  definition->add_default_group_by("size");
  auto* measure = definition->add_measures();
  measure->set_id("owners");
  measure->set_function(v1::FUNCTION_COUNT_DISTINCT);
  measure->set_expr("owner");
  auto* deals = definition->add_measures();
  deals->set_id("deals");
  deals->set_function(v1::FUNCTION_COUNT);
  const auto answer = Run(request);
  EXPECT_THAT(History::Texts(answer, {"size", "owners", "deals"}),
              testing::ElementsAre("large 2 9", "small 2 11", "- 2 4", "=- 2 24"));
  EXPECT_EQ(answer.rows(2).cells(0).label(), "no_value");
  ExpectExplained("owners", answer.rows(0).cells(1));
  const auto opened = history_.Explain(answer.rows(0).cells(1).cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  int named = 0;
  for (const v1::Contribution& contribution : opened->contributions()) {
    const bool is_text = contribution.value().has_record() || contribution.value().value_case() == v1::Value::VALUE_NOT_SET;
    EXPECT_TRUE(is_text) << contribution.ShortDebugString();
    named += absl::StartsWith(contribution.value().record(), "users/");
  }
  EXPECT_GT(named, 0);
  measure->set_expr("ovner");
  EXPECT_EQ(ReasonOf(request), v1::DEFINITION_INVALID);
}

TEST_F(EngineTest, FiltersSelectRows) {
  const auto count = [&](const std::string& filter) {
    v1::RunReportRequest request = Ask("pipeline_detail");
    request.mutable_parameters()->set_mode("all");
    request.mutable_parameters()->set_filter(filter);
    return Run(request).total_rows();
  };
  EXPECT_EQ(count("source = web"), 8);
  EXPECT_EQ(count("source != web"), 8);
  EXPECT_EQ(count("NOT has(source)"), 8);
  EXPECT_EQ(count("source = null"), 8);
  EXPECT_EQ(count("source in [\"web\", \"unknown\"] AND outcome = lost OR outcome = won"), count("source:* outcome != open"));
  EXPECT_EQ(count("lead.source = web"), 12);
}

TEST_F(EngineTest, ARatioOverANegativeSumIsSortedByItsValue) {
  v1::RunReportRequest request;
  v1::ReportDefinition* definition = request.mutable_definition();
  definition->set_id("mine");
  definition->set_subject("deal");
  definition->set_where("record in ['deals/2', 'deals/3']");
  definition->mutable_aggregate();
  auto* dimension = definition->add_dimensions();
  dimension->set_id("record");
  dimension->set_expr("record");
  definition->add_default_group_by("record");
  auto* days = definition->add_measures();
  days->set_id("days");
  days->set_function(v1::FUNCTION_SUM);
  days->set_expr("if(record = 'deals/2', -2, -1)");
  auto* deals = definition->add_measures();
  deals->set_id("deals");
  deals->set_function(v1::FUNCTION_COUNT);
  auto* ratio = definition->add_measures();
  ratio->set_id("ratio");
  ratio->set_function(v1::FUNCTION_RATIO);
  ratio->set_numerator("deals");
  ratio->set_denominator("days");
  request.set_sort("ratio");
  EXPECT_THAT(History::Texts(Run(request), {"record", "ratio"}),
              testing::ElementsAre("deals/3 1/-1", "deals/2 1/-2", "=- 2/-3"));
}

TEST_F(EngineTest, ADayBeyondTheYear9999IsNone) {
  v1::RunReportRequest request = Ask("pipeline_detail");
  request.mutable_parameters()->set_mode("all");
  request.mutable_parameters()->set_filter("has(today + 10)");
  EXPECT_EQ(Run(request).total_rows(), 24);
  request.mutable_parameters()->set_filter("has(today + 4000000000)");
  EXPECT_EQ(Run(request).total_rows(), 0);
}

TEST_F(EngineTest, RowsOfRecordsAreListed) {
  const auto answer = Run(Ask("pipeline_snapshot"));
  EXPECT_FALSE(answer.rows().empty());
  EXPECT_TRUE(answer.rows(answer.rows_size() - 1).is_total());
}

}  // namespace
}  // namespace recount::projections
