// Parameters of reports: every one is echoed as it was resolved, and none is passed over.
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

class ParametersTest : public testing::Test {
 protected:
  ParametersTest() {
    history_.Pipelines({"p: a b c won+ lost-"});
    history_.Create("1", "2024-01-10", {.stage = "a", .value = 100});
    history_.Stage("1", "2024-02-10", "b");
  }
  static v1::RunReportRequest Ask(const std::string& report, const std::string& period = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.mutable_parameters()->set_period(period);
    return request;
  }
  static v1::RunReportRequest Ask(const std::string& report, const std::string& argument, const std::string& value) {
    v1::RunReportRequest request = Ask(report);
    (*request.mutable_parameters()->mutable_arguments())[argument] = value;
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  static std::map<std::string, std::string> ArgumentsOf(const v1::Basis& basis) {
    return {basis.arguments().begin(), basis.arguments().end()};
  }

  History history_;
};

TEST_F(ParametersTest, ArgumentsAreEchoedAlsoDefaults) {
  EXPECT_THAT(ArgumentsOf(Run(Ask("sales_cycle")).basis()),
              UnorderedElementsAre(Pair("start", "capture"), Pair("outcome", "won"), Pair("bands", "1000, 10000, 100000")));
  EXPECT_THAT(ArgumentsOf(Run(Ask("sales_cycle", "outcome", "all")).basis()),
              UnorderedElementsAre(Pair("start", "capture"), Pair("outcome", "all"), Pair("bands", "1000, 10000, 100000")));
  EXPECT_THAT(ArgumentsOf(Run(Ask("sales_conversion")).basis()), ElementsAre(Pair("within_days", "null")));
  EXPECT_THAT(ArgumentsOf(Run(Ask("sales_conversion", "within_days", "030")).basis()), ElementsAre(Pair("within_days", "30")));
}

TEST_F(ParametersTest, AMovementEchoesItsOpeningAlsoWhenACellIsOpened) {
  const auto answer = Run(Ask("pipeline_movement", "2024-02"));
  EXPECT_EQ(answer.basis().opening_position(), history_.position());
  EXPECT_EQ(answer.basis().opening_valid_at().seconds(), 86400LL * 19754 - 1) << "the last second of 31 January";
  EXPECT_THAT(answer.basis().measures(), ElementsAre("deals", "value", "changes"));
  const auto opened = history_.Explain(answer.rows(0).cells(2).cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->basis().opening_position(), history_.position());
  EXPECT_EQ(opened->basis().opening_valid_at().seconds(), 86400LL * 19754 - 1);
  EXPECT_FALSE(Run(Ask("pipeline_movement")).basis().has_opening_valid_at()) << "from before everything";
  EXPECT_EQ(Run(Ask("pipeline_snapshot")).basis().opening_position(), 0);
}

TEST_F(ParametersTest, ATimelineEchoesItsRecord) {
  v1::RunReportRequest request = Ask("entity_timeline");
  request.mutable_parameters()->mutable_record()->set_name("deals/1");
  EXPECT_EQ(Run(request).basis().record(), "deals/1");
}

TEST_F(ParametersTest, AnUnknownValueIsRefusedWithWhatThereIs) {
  const auto expect = [&](const v1::RunReportRequest& request, const std::string& field, const std::string& what) {
    const absl::Status status = history_.Run(request).status();
    EXPECT_EQ(domain::ReasonOf(status), v1::PARAMETER_INVALID) << request.ShortDebugString() << ": " << status;
    EXPECT_EQ(History::FieldOf(status), field) << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(what));
  };
  expect(Ask("sales_cycle", "start", "captur"), "parameters.arguments[start]",
         "`captur` is no value of start; there is: capture, created, a, b, c, won, lost");
  expect(Ask("sales_cycle", "outcome", "open"), "parameters.arguments[outcome]", "`open` is no value of outcome; there is: won, lost, all");
  expect(Ask("sales_cycle", "outcome", "null"), "parameters.arguments[outcome]", "there is: won, lost, all");
  expect(Ask("sales_funnel", "by", "hour"), "parameters.arguments[by]", "there is: cohort, period");
  expect(Ask("sales_conversion", "within_days", "soon"), "parameters.arguments[within_days]", "`soon` is text, but integer is needed");
  expect(Ask("pipeline_movement", "expected_close", "soon"), "parameters.arguments[expected_close]", "'soon' is no period");
  expect(Ask("sales_cycle", "begin", "a"), "parameters.arguments[begin]", "no parameter `begin`; there is: start, outcome");
  expect(Ask("won_lost", "benchmark", "high"), "parameters.arguments[benchmark]", "`high` is text, but integer is needed");
  v1::RunReportRequest timeline = Ask("entity_timeline", "linked", "maybe");
  timeline.mutable_parameters()->mutable_record()->set_name("deals/1");
  expect(timeline, "parameters.arguments[linked]", "`maybe` is no value of linked; there is: no, yes");
  EXPECT_TRUE(history_.Run(Ask("sales_cycle", "start", "b")).ok()) << "a stage";

  v1::RunReportRequest request = Ask("won_lost");
  request.mutable_parameters()->set_mode("weekly");
  expect(request, "parameters.mode", "no mode `weekly`; there is: period, cohort");
  request = Ask("won_lost");
  request.mutable_parameters()->set_attribution(static_cast<v1::Attribution>(17));
  expect(request, "parameters.attribution", "there is: AT_EVENT, AT_CLOSE, CURRENT");
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(static_cast<v1::RuleBasisKind>(17));
  expect(request, "parameters.rule_basis.kind", "there is: CURRENT, HEAD, AT, DRAFT, AS_RECORDED");
}

TEST_F(ParametersTest, WhatAReportWouldPassOverIsRefused) {
  const auto field_of = [&](const v1::RunReportRequest& request) { return History::FieldOf(history_.Run(request).status()); };
  v1::RunReportRequest request = Ask("won_lost");
  request.mutable_parameters()->mutable_opening_as_of()->set_position(2);
  EXPECT_EQ(field_of(request), "parameters.opening_as_of");
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_opening_valid_at()->mutable_time();
  EXPECT_EQ(field_of(request), "parameters.opening_valid_at");
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_record()->set_name("deals/1");
  EXPECT_EQ(field_of(request), "parameters.record");
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AT);
  EXPECT_EQ(field_of(request), "parameters.rule_basis.at") << "of which moment?";
  request.mutable_parameters()->mutable_rule_basis()->mutable_at()->set_position(2);
  EXPECT_EQ(field_of(request), "");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_HEAD);
  EXPECT_EQ(field_of(request), "parameters.rule_basis.at");
  request = Ask("won_lost");
  request.mutable_parameters()->mutable_rule_basis()->set_draft("drafts/half");
  EXPECT_EQ(field_of(request), "parameters.rule_basis.draft");
}

TEST_F(ParametersTest, AShapeFollowsTheDefaultOfADefinition) {
  v1::RunReportRequest request = Ask("", "2024-02");
  v1::ReportDefinition* definition = request.mutable_definition();
  definition->set_id("mine");
  definition->set_subject("deal");
  definition->mutable_funnel()->mutable_pipeline()->set_id("pipeline");
  definition->mutable_funnel()->mutable_stage()->set_id("stage");
  auto* mode = definition->add_modes();
  mode->set_id("touched");
  auto* reached = definition->add_measures();
  reached->set_id("reached");
  reached->set_function(v1::FUNCTION_COUNT);
  auto* by = definition->add_parameters();
  by->set_id("by");
  by->set_default_expr("'period'");
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached"}), ElementsAre("a 0", "b 1", "c 0", "won 0"));
}

}  // namespace
}  // namespace recount::projections
