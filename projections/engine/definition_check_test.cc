// Definitions that must not be taken, since their numbers would be wrong or what they say would be passed over.
#include "projections/engine/definition_check.h"

#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::HasSubstr;

v1::ReportDefinition Read(const std::string& text) {
  v1::ReportDefinition definition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("id: 'mine' " + text, &definition)) << text;
  return definition;
}

// What is wrong with a definition; empty: nothing.
std::string Wrong(const std::string& text) {
  const absl::Status checked = CheckDefinition(Read(text));
  if (!checked.ok()) {
    EXPECT_EQ(domain::ReasonOf(checked), v1::DEFINITION_INVALID);
  }
  return std::string(checked.message());
}

constexpr char kDeals[] = "subject: 'deal' aggregate {} ";
constexpr char kFunnel[] = "subject: 'deal' funnel { pipeline { id: 'pipeline' } stage { id: 'stage' } } ";

TEST(DefinitionCheckTest, AnIdIsANameAndThereOnce) {
  const std::string count = "measures { id: 'deals' function: FUNCTION_COUNT } ";
  EXPECT_EQ(Wrong(kDeals + count), "");
  EXPECT_THAT(Wrong(kDeals + count + count), HasSubstr("measures[deals]: the id is there twice"));
  EXPECT_THAT(Wrong(kDeals + count + "dimensions { id: 'deals' expr: 'owner' }"), HasSubstr("twice"));
  EXPECT_THAT(Wrong(kDeals + std::string("dimensions { id: 'currency' expr: 'owner' }")), HasSubstr("twice"));
  EXPECT_THAT(Wrong(kDeals + std::string("measures { id: 'a.compared' function: FUNCTION_COUNT }")), HasSubstr("letters, digits and _"));
  EXPECT_THAT(Wrong(kDeals + std::string("modes { id: 'a' } modes { id: 'a' }")), HasSubstr("modes[a]: the id is there twice"));
  EXPECT_THAT(Wrong("subject: 'deal' list { columns { id: 'record' expr: 'owner' } }"), HasSubstr("twice"));
}

TEST(DefinitionCheckTest, NothingIsPassedOver) {
  EXPECT_EQ(Wrong(kFunnel + std::string("measures { id: 'reached' function: FUNCTION_COUNT }")), "");
  EXPECT_THAT(Wrong(kFunnel + std::string("measures { id: 'reached' function: FUNCTION_COUNT where: 'is_open' }")),
              HasSubstr("measures[reached].where"));
  EXPECT_THAT(Wrong(kFunnel + std::string("modes { id: 'strict' by_measure_axis: true }")), HasSubstr("only aggregates"));
  EXPECT_THAT(Wrong("subject: 'deal_state' movement {} modes { id: 'm' axis: 'stage_entered_at' }"), HasSubstr("its own time"));
  EXPECT_THAT(Wrong("subject: 'deal' list { columns { id: 'owner' expr: 'owner' } } measures { id: 'n' function: FUNCTION_COUNT }"),
              HasSubstr("no measures"));
  EXPECT_THAT(Wrong("subject: 'deal' where: 'is_open' timeline { columns { id: 'type' } }"), HasSubstr("selects nothing"));
}

TEST(DefinitionCheckTest, OnlyNumbersOfOneKind) {
  EXPECT_THAT(Wrong(kDeals + std::string("dimensions { id: 'v' expr: 'value' }")), HasSubstr("makes no groups"));
  EXPECT_EQ(Wrong("subject: 'deal' list { columns { id: 'v' expr: 'value' } }"), "");
  EXPECT_THAT(Wrong(kDeals + std::string("measures { id: 'v' function: FUNCTION_COUNT_DISTINCT expr: 'value' }")),
              HasSubstr("cannot be told apart"));
  EXPECT_THAT(Wrong(kDeals + std::string("measures { id: 'first' function: FUNCTION_MIN expr: 'created_at' } "
                                         "measures { id: 'n' function: FUNCTION_COUNT } "
                                         "measures { id: 'r' function: FUNCTION_RATIO numerator: 'first' denominator: 'n' }")),
              HasSubstr("`first` is time, and no number"));
}

TEST(DefinitionCheckTest, WhatStandsBesideOthersAddsUp) {
  const std::string parts = "measures { id: 'n' function: FUNCTION_COUNT } measures { id: 'days' function: FUNCTION_SUM expr: '1' } "
                            "measures { id: 'middle' function: FUNCTION_MEDIAN expr: '1' } "
                            "measures { id: 'mean' function: FUNCTION_RATIO numerator: 'days' denominator: 'n' } ";
  const auto with = [&](const std::string& measure) { return Wrong(kDeals + parts + "measures { id: 'm' " + measure + " }"); };
  EXPECT_EQ(with("function: FUNCTION_SHARE numerator: 'n'"), "");
  EXPECT_EQ(with("function: FUNCTION_BELOW_OTHERS numerator: 'days' denominator: 'n'"), "");
  EXPECT_THAT(with("function: FUNCTION_SHARE numerator: 'n' denominator: 'n'"), HasSubstr("a share is of the total"));
  EXPECT_THAT(with("function: FUNCTION_SHARE numerator: 'middle'"), HasSubstr("does not add up"));
  EXPECT_THAT(with("function: FUNCTION_SHARE numerator: 'mean'"), HasSubstr("no measure `mean`"));
  EXPECT_THAT(with("function: FUNCTION_BELOW_OTHERS numerator: 'days'"), HasSubstr("no measure ``"));
}

TEST(DefinitionCheckTest, SidesAndFactsBelongToTheirShapes) {
  EXPECT_THAT(Wrong(kDeals + std::string("dimensions { id: 's' expr: 'stage' side: MOVEMENT_SIDE_BEFORE }")), HasSubstr("two sides"));
  EXPECT_EQ(Wrong("subject: 'deal_state' movement {} dimensions { id: 's' expr: 'stage' side: MOVEMENT_SIDE_BEFORE }"), "");
  EXPECT_THAT(Wrong("subject: 'deal_state' movement {} dimensions { id: 's' expr: 'owner' side: MOVEMENT_SIDE_AFTER }"),
              HasSubstr("Only the `stage` has a side"));
  EXPECT_THAT(Wrong(kFunnel + std::string("measures { id: 'reached' function: FUNCTION_COUNT subject: 'reversal' }")),
              HasSubstr("only aggregates"));
  EXPECT_THAT(Wrong(kDeals + std::string("measures { id: 'v' function: FUNCTION_SUM expr: 'value' subject: 'reversal' }")),
              HasSubstr("no money"));
  EXPECT_THAT(Wrong("subject: 'deal' timeline { columns { id: 'type' } } measures { id: 'deals' function: FUNCTION_COUNT }"),
              HasSubstr("no measure `deals`"));
}

// A funnel by cohort without an axis would count all that ever was.
TEST(DefinitionCheckTest, APeriodThatNothingLooksAtIsRefused) {
  History history;
  history.Pipelines({"p: a b won+"});
  v1::RunReportRequest request;
  *request.mutable_definition() =
      Read(kFunnel + std::string("modes { id: 'strict' } parameters { id: 'by' default_expr: '\"cohort\"' } "
                                 "measures { id: 'reached' function: FUNCTION_COUNT }"));
  request.mutable_parameters()->set_period("2024");
  EXPECT_EQ(domain::ReasonOf(history.Run(request).status()), v1::PARAMETER_INVALID);
  (*request.mutable_parameters()->mutable_arguments())["by"] = "period";
  EXPECT_TRUE(history.Run(request).ok());
}

}  // namespace
}  // namespace recount::projections
