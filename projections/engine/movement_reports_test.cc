#include "projections/engine/movement_reports_testing.h"

namespace recount::projections {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TEST_F(MovementReportsTest, WhatCameAndWent) {
  history_.Create("stays", "2024-01-10", {.value = 100});
  history_.Create("wins", "2024-01-10", {.value = 100});
  history_.Create("loses", "2024-01-10", {.value = 50});
  history_.Create("gone", "2024-01-10", {.value = 7});
  history_.Create("back", "2024-01-10", {.value = 20});
  history_.Lose("back", "2024-01-20", "lost");
  history_.Win("wins", "2024-02-10", 130, "won");
  history_.Lose("loses", "2024-02-10", "lost");
  history_.Delete("gone", "2024-02-10");
  history_.Reopen("back", "2024-02-10", "a");
  history_.Create("new", "2024-02-11", {.value = 40});
  history_.Value("new", "2024-02-12", 30);
  history_.Value("stays", "2024-02-13", 120);
  history_.Stage("stays", "2024-02-14", "c");
  history_.Stage("stays", "2024-02-15", "b");
  history_.Create("quick", "2024-02-20", {.value = 5});
  history_.Win("quick", "2024-02-20", -1, "won");
  history_.Create("later", "2024-03-01", {.value = 1000});
  EXPECT_THAT(Moved(Ask()),
              ElementsAre("opening 4 25700 USD 4", "new 2 4500 USD 2", "reopened 1 2000 USD 1", "increased 0 5000 USD 2",
                          "won -2 -13500 USD 2", "lost -1 -5000 USD 1", "removed -1 -700 USD 1", "decreased 0 -1000 USD 1",
                          "advanced 0 0 USD 1", "regressed 0 0 USD 1", "closing 3 17000 USD 3"));
}

// demands.md: between which stages the deals flowed.
TEST_F(MovementReportsTest, ChangesStandBetweenTheStageBeforeAndTheStageAfter) {
  history_.Create("stays", "2024-01-10", {.value = 100});
  history_.Create("wins", "2024-01-10", {.owner = "users/ann", .value = 100});
  history_.Create("loses", "2024-01-10", {.stage = "b", .value = 50});
  history_.Stage("stays", "2024-02-05", "c");
  history_.Stage("stays", "2024-02-06", "b");
  history_.Value("stays", "2024-02-07", 110);
  history_.Stage("wins", "2024-02-08", "c");
  history_.Win("wins", "2024-02-10", 130, "won");
  history_.Lose("loses", "2024-02-10", "lost");
  history_.Create("new", "2024-02-11", {.stage = "b", .value = 40});
  auto request = Ask();
  for (const char* id : {"from_stage", "to_stage"}) request.mutable_parameters()->add_group_by(id);
  const auto rows = Moved(request, {"from_stage", "to_stage", "category", "deals", "value", "changes"});
  EXPECT_THAT(rows, ElementsAre("a a opening 2 20000 USD 2", "a c advanced 0 0 USD 2", "b b opening 1 5000 USD 1",
                                "b b increased 0 1000 USD 1", "b b closing 2 15000 USD 2", "b - lost -1 -5000 USD 1",
                                "c b regressed 0 0 USD 1", "c - increased 0 3000 USD 1", "c - won -1 -13000 USD 1",
                                "- b new 1 4000 USD 1", "=- - opening 3 25000 USD 3", "=- - new 1 4000 USD 1",
                                "=- - increased 0 4000 USD 2", "=- - won -1 -13000 USD 1", "=- - lost -1 -5000 USD 1",
                                "=- - advanced 0 0 USD 2", "=- - regressed 0 0 USD 1", "=- - closing 2 15000 USD 2"));
  ExpectOpens(history_, Run(request));
  const auto opened = history_.Explain(History::Cell(Run(request), {"from_stage", "to_stage", "category"}, "a c advanced", "changes").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->contributions_size(), 2);
  // One side alone, and beside what a deal is all the way.
  request.mutable_parameters()->clear_group_by();
  request.mutable_parameters()->add_group_by("owner");
  request.mutable_parameters()->add_group_by("to_stage");
  EXPECT_THAT(Moved(request, {"owner", "to_stage", "category", "deals", "value", "changes"}),
              testing::IsSupersetOf({"users/ann c advanced 0 0 USD 1", "- c advanced 0 0 USD 1", "users/ann - won -1 -13000 USD 1"}));
}

TEST_F(MovementReportsTest, RestoredComesBackAsReopened) {
  history_.Create("1", "2024-01-10", {.value = 7});
  history_.Delete("1", "2024-01-20");
  history_.Restore("1", "2024-02-10");
  EXPECT_THAT(Moved(Ask()), ElementsAre("reopened 1 700 USD 1", "closing 1 700 USD 1"));
}

TEST_F(MovementReportsTest, AnEmptyPipelineIsAMovementOfZeros) {
  const auto rows = History::Texts(Run(Ask()), {"currency", "category", "deals", "value"});
  EXPECT_THAT(rows, Contains("- opening 0 -"));
  EXPECT_THAT(rows, Contains("- closing 0 -"));
}

TEST_F(MovementReportsTest, PulledAndPushedByAWindowOnly) {
  history_.Create("in", "2024-01-10", {.expected_close = "2024-09-01", .value = 10});
  history_.Create("out", "2024-01-10", {.expected_close = "2024-05-01", .value = 20});
  history_.ExpectedClose("in", "2024-02-10", "2024-04-01");
  history_.ExpectedClose("out", "2024-02-10", "2024-07-01");
  auto request = Ask();
  (*request.mutable_parameters()->mutable_arguments())["expected_close"] = "2024-Q2";
  const std::vector<std::string> moved = {"opening 1 2000 USD 1", "pulled_in 1 1000 USD 1", "pushed_out -1 -2000 USD 1",
                                          "closing 1 1000 USD 1"};
  EXPECT_EQ(Moved(request), moved);
  EXPECT_EQ(Moved(Ask("expected_close >= \"2024-04-01\" AND expected_close <= \"2024-06-30\"")), moved);
  const auto all = History::Texts(Run(Ask()), {"category"});
  EXPECT_THAT(all, Not(Contains("pulled_in")));
  EXPECT_THAT(all, Not(Contains("transferred_in")));
  EXPECT_THAT(all, Not(Contains("restated")));
  EXPECT_THAT(all, Not(Contains("revaluation")));
}

TEST_F(MovementReportsTest, TransferredByAnOwnerOnly) {
  history_.Create("to", "2024-01-10", {.owner = "users/bob", .value = 10});
  history_.Create("from", "2024-01-10", {.owner = "users/ann", .value = 20});
  history_.Owner("to", "2024-02-10", "users/ann");
  history_.Owner("from", "2024-02-10", "users/bob");
  EXPECT_THAT(Moved(Ask("owner = \"users/ann\"")),
              ElementsAre("opening 1 2000 USD 1", "transferred_in 1 1000 USD 1", "transferred_out -1 -2000 USD 1",
                          "closing 1 1000 USD 1"));
  EXPECT_THAT(Moved(Ask()), ElementsAre("opening 2 3000 USD 2", "closing 2 3000 USD 2"));
}

TEST_F(MovementReportsTest, MovedBetweenPipelines) {
  history_.Create("1", "2024-01-10", {.value = 10});
  history_.Move("1", "2024-02-10", "q", "x");
  EXPECT_THAT(Moved(Ask("pipeline = \"p\"")), ElementsAre("opening 1 1000 USD 1", "moved_out -1 -1000 USD 1"));
  EXPECT_THAT(Moved(Ask("pipeline = \"q\"")), ElementsAre("moved_in 1 1000 USD 1", "closing 1 1000 USD 1"));
}

TEST_F(MovementReportsTest, ACustomFieldMovesADealWhenItChanges) {
  v1::RuleContent schema;
  auto* field = schema.mutable_field_schema()->add_fields();
  field->set_collection("deals");
  field->set_id("segment");
  field->set_type(v1::FIELD_TYPE_TEXT);
  history_.Publish(schema);
  history_.RecordedOn("2024-04-01");
  history_.Create("1", "2024-01-10", {.value = 10});
  history_.Value("1", "2024-02-05", 20);
  v1::EventPayload annotated;
  auto* change = annotated.mutable_deal()->mutable_annotated()->add_fields();
  change->set_field_id("segment");
  change->mutable_value()->set_text("pets");
  history_.Append("deals/1", "2024-02-10", {annotated});
  history_.Value("1", "2024-02-20", 25);
  EXPECT_THAT(Moved(Ask("field.segment = \"pets\"")),
              ElementsAre("increased 0 500 USD 1", "moved_in 1 2000 USD 1", "closing 1 2500 USD 1"));
}

TEST_F(MovementReportsTest, GroupsByTheMomentAndTheWholeApart) {
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 10});
  history_.Create("2", "2024-01-10", {.owner = "users/bob", .value = 1});
  history_.Owner("1", "2024-02-10", "users/bob");
  history_.Value("1", "2024-02-12", 15);
  auto request = Ask();
  request.mutable_parameters()->add_group_by("owner");
  EXPECT_THAT(Moved(request, {"owner", "category", "deals", "value", "changes"}),
              ElementsAre("users/ann opening 1 1000 USD 1", "users/ann transferred_out -1 -1000 USD 1",
                          "users/bob opening 1 100 USD 1", "users/bob increased 0 500 USD 1",
                          "users/bob transferred_in 1 1000 USD 1", "users/bob closing 2 1600 USD 2",
                          "=- opening 2 1100 USD 2", "=- increased 0 500 USD 1", "=- closing 2 1600 USD 2"));
}

TEST_F(MovementReportsTest, RecordedLaterButOccurredBeforeIsRestated) {
  history_.Create("1", "2024-01-10", {.value = 10});
  history_.RecordedOn("2024-02-01");
  const uint64_t before = history_.Create("0", "2024-01-11", {.value = 1});
  history_.RecordedOn("2024-03-10");
  history_.Value("1", "2024-01-20", 15);
  history_.Create("2", "2024-01-21", {.value = 30});
  history_.Win("2", "2024-02-05", -1, "won");
  EXPECT_THAT(Moved(Ask()), ElementsAre("opening 3 4600 USD 3", "won -1 -3000 USD 1", "closing 2 1600 USD 2"));
  auto request = Ask();
  request.mutable_parameters()->mutable_opening_as_of()->set_position(before);
  EXPECT_THAT(Moved(request), ElementsAre("opening 2 1100 USD 2", "restated 1 3500 USD 2", "won -1 -3000 USD 1",
                                          "closing 2 1600 USD 2"));
}

TEST_F(MovementReportsTest, EachCurrencyByItself) {
  history_.Create("1", "2024-01-10", {.value = 10});
  history_.Create("2", "2024-01-10", {.currency = "EUR", .value = 20});
  history_.Create("none", "2024-01-10", {});
  history_.Value("1", "2024-02-10", 9, "EUR");
  EXPECT_THAT(Moved(Ask(), {"currency", "category", "deals", "value", "changes"}),
              ElementsAre("EUR opening 1 2000 EUR 1", "EUR increased 1 900 EUR 1", "EUR closing 2 2900 EUR 2",
                          "USD opening 1 1000 USD 1", "USD decreased -1 -1000 USD 1", "- opening 1 - 1", "- closing 1 - 1"));
}

TEST_F(MovementReportsTest, RatesThatMoveAreRevaluation) {
  history_.Rate("EUR", "USD", "2024-01-01", 2);
  history_.Rate("EUR", "USD", "2024-02-10", 3);
  history_.Create("1", "2024-01-10", {.currency = "EUR", .value = 10});
  history_.Create("2", "2024-01-10", {.currency = "GBP", .value = 10});
  history_.Value("1", "2024-02-05", 11, "EUR");
  history_.Create("3", "2024-02-20", {.value = 1});
  auto request = Ask();
  request.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 2000 USD 1", "new 1 100 USD 1", "increased 0 200 USD 1",
                                          "revaluation 0 1100 USD 1", "closing 2 3400 USD 2", "opening 1 - 1", "closing 1 - 1"));
}

TEST_F(MovementReportsTest, WhatTheQuestionDoesNotSeeCutsNoRevaluation) {
  history_.Rate("EUR", "USD", "2024-01-01", 2);
  history_.Rate("EUR", "USD", "2024-02-10", 3);
  history_.Rate("EUR", "USD", "2024-02-20", 4);
  history_.RecordedOn("2024-04-01");
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .currency = "EUR", .value = 10});
  history_.Owner("1", "2024-02-15", "users/bob");
  auto request = Ask();
  request.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 2000 USD 1", "revaluation 0 2000 USD 1", "closing 1 4000 USD 1"));
}

TEST_F(MovementReportsTest, AnOrgChartOfTheDayOfAnEventIsNoPartOfTheEvent) {
  history_.RecordedOn("2024-04-01");
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/ann", "teams/south", "2024-02-15");
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 10});
  history_.Value("1", "2024-02-15", 12);
  EXPECT_THAT(Moved(Ask("team = \"teams/south\"")),
              ElementsAre("rule 1 1000 USD 1", "increased 0 200 USD 1", "closing 1 1200 USD 1"));
}

TEST_F(MovementReportsTest, AWinLeavesAtTheRateOfItsDay) {
  history_.Rate("EUR", "USD", "2024-01-01", 2);
  history_.Rate("EUR", "USD", "2024-02-10", 3);
  history_.Create("1", "2024-01-10", {.currency = "EUR", .value = 10});
  history_.Win("1", "2024-02-15", -1, "won");
  auto request = Ask();
  request.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 2000 USD 1", "won -1 -3000 USD 1", "revaluation 0 1000 USD 1"));
}

TEST_F(MovementReportsTest, OtherRulesAtTheClosingAreARowOfTheirOwn) {
  history_.RecordedOn("2024-04-01");
  history_.Create("1", "2024-01-10", {.stage = "a", .value = 10});
  history_.Create("2", "2024-01-10", {.stage = "b", .value = 20});
  history_.Pipelines({"p: ab c won+ lost-", "q: x y won+ lost-"}, "2024-02-15", {"p: a=ab b=ab"});
  EXPECT_THAT(Moved(Ask("stage = \"a\"")), ElementsAre("opening 1 1000 USD 1", "rule -1 -1000 USD 1"));
  EXPECT_THAT(Moved(Ask("stage = \"ab\"")), ElementsAre("rule 2 3000 USD 2", "closing 2 3000 USD 2"));
}

TEST_F(MovementReportsTest, ATeamThatMovesIsNoTransfer) {
  history_.RecordedOn("2024-04-01");
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/ann", "teams/south", "2024-02-15");
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 10});
  EXPECT_THAT(Moved(Ask("team = \"teams/north\"")), ElementsAre("opening 1 1000 USD 1", "rule -1 -1000 USD 1"));
}

TEST_F(MovementReportsTest, ATeamIsThatOfEachMomentUnderEveryAttribution) {
  history_.RecordedOn("2024-04-01");
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/ann", "teams/south", "2024-02-15");
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 10});
  history_.Value("1", "2024-02-10", 12);
  for (const v1::Attribution attribution : {v1::ATTRIBUTION_AT_EVENT, v1::ATTRIBUTION_AT_CLOSE, v1::ATTRIBUTION_CURRENT}) {
    auto request = Ask("team = \"teams/north\"");
    request.mutable_parameters()->set_attribution(attribution);
    EXPECT_THAT(Moved(request), ElementsAre("opening 1 1000 USD 1", "rule -1 -1200 USD 1", "increased 0 200 USD 1"));
  }
}

// A version that was published before the deal, and holds from a day between the opening and the closing.
TEST_F(MovementReportsTest, RulesThatHoldFromADayInThePeriodAreARuleAsRecordedToo) {
  const auto publish = [&](uint32_t basis_points, absl::string_view from) {
    v1::RuleContent content;
    auto* row = content.mutable_probabilities()->add_probabilities();
    row->set_pipeline("p");
    row->set_stage("a");
    row->set_probability_bp(basis_points);
    history_.Publish(content, from);
  };
  publish(5000, "2024-01-01");
  publish(1000, "2024-02-15");
  history_.RecordedOn("2024-04-01");
  history_.Create("1", "2024-01-10", {.value = 100});
  auto request = Ask("probability > 2000");
  for (const auto kind : {v1::RULE_BASIS_KIND_CURRENT, v1::RULE_BASIS_KIND_AS_RECORDED}) {
    request.mutable_parameters()->mutable_rule_basis()->set_kind(kind);
    EXPECT_THAT(Moved(request), ElementsAre("opening 1 10000 USD 1", "rule -1 -10000 USD 1")) << kind;
  }
}

TEST_F(MovementReportsTest, TheOpeningHasTheRulesThatWereKnownThen) {
  history_.Create("1", "2024-01-10", {.stage = "a", .value = 10});
  history_.RecordedOn("2024-02-01");
  const uint64_t before = history_.Create("2", "2024-02-01", {.stage = "b", .value = 1});
  history_.RecordedOn("2024-03-01");
  history_.Pipelines({"p: b c won+ lost-", "q: x y won+ lost-"}, "", {"p: a=b"});
  auto request = Ask("stage = \"a\"");
  EXPECT_THAT(Moved(request), ElementsAre());
  request.mutable_parameters()->mutable_opening_as_of()->set_position(before);
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 1000 USD 1", "rule -1 -1000 USD 1"));
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_HEAD);
  EXPECT_THAT(Moved(request), ElementsAre());
}

TEST_F(MovementReportsTest, TheOpeningHasTheRatesThatWereKnownThen) {
  history_.Rate("EUR", "USD", "2024-01-01", 2);
  history_.RecordedOn("2024-02-01");
  const uint64_t before = history_.Create("1", "2024-01-10", {.currency = "EUR", .value = 10});
  history_.Rate("EUR", "USD", "2024-01-20", 3);
  auto request = Ask();
  request.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 3000 USD 1", "closing 1 3000 USD 1"));
  request.mutable_parameters()->mutable_opening_as_of()->set_position(before);
  EXPECT_THAT(Moved(request), ElementsAre("opening 1 2000 USD 1", "rule 0 1000 USD 1", "closing 1 3000 USD 1"));
}

TEST_F(MovementReportsTest, ARecordThatADealRefersToMovesItWhenItChanges) {
  const auto sector = [](const std::string& id) {
    v1::EventPayload changed;
    changed.mutable_organization()->mutable_details_changed()->set_sector(id);
    return changed;
  };
  v1::EventPayload created, refers;
  created.mutable_organization()->mutable_created()->set_sector("food");
  refers.mutable_deal()->mutable_details_changed()->set_organization("organizations/1");
  history_.RecordedOn("2024-04-01");
  history_.Append("organizations/1", "2024-01-01", {created});
  history_.Create("1", "2024-01-10", {.value = 10});
  history_.Append("deals/1", "2024-01-10 12:00", {refers});
  history_.Append("organizations/1", "2024-02-10", {sector("steel")});
  history_.Append("organizations/1", "2024-02-12", {sector("food")});
  history_.Append("organizations/1", "2024-02-14", {sector("steel")});
  EXPECT_THAT(Moved(Ask("organization.sector = \"steel\"")),
              ElementsAre("moved_in 2 2000 USD 2", "moved_out -1 -1000 USD 1", "closing 1 1000 USD 1"));
}

TEST_F(MovementReportsTest, RunsForwardOnly) {
  history_.Create("1", "2024-01-10", {.value = 10});
  auto request = Ask("", "");
  auto* day = request.mutable_parameters()->mutable_opening_valid_at()->mutable_date();
  day->set_year(2025);
  day->set_month(1);
  day->set_day(1);
  EXPECT_FALSE(history_.Run(request).ok());
}

TEST_F(MovementReportsTest, EveryCellOpensIntoItsDeals) {
  history_.Create("1", "2024-01-10", {.owner = "users/ann", .value = 10});
  history_.Create("2", "2024-01-10", {.owner = "users/bob", .value = 20});
  history_.Value("1", "2024-02-10", 30);
  history_.Value("1", "2024-02-11", 25);
  history_.Win("2", "2024-02-12", 22, "won");
  ExpectOpens(history_, Run(Ask()));
  auto request = Ask();
  request.mutable_parameters()->add_group_by("owner");
  const auto answer = Run(request);
  ExpectOpens(history_, answer);
  const auto won = history_.Explain(History::Cell(answer, {"owner", "category"}, "users/bob won", "value").cell_id());
  ASSERT_TRUE(won.ok()) << won.status();
  ASSERT_EQ(won->contributions_size(), 1);
  EXPECT_EQ(won->contributions(0).record(), "deals/2");
  EXPECT_EQ(History::Text(won->contributions(0).value()), "-2200 USD");
}

}  // namespace
}  // namespace recount::projections
