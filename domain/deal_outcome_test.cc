#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class DealOutcomeTest : public testing::Test {
 protected:
  DealOutcomeTest() {
    scenario.Given(
        "deals/1", "2024-03-01T08:00:00Z",
        R"(deal { created { pipeline: 'sales' stage: 'potential' value { currency_code: 'ILS' units: 100 } } })");
    scenario.Given("deals/1", "2024-03-10T08:00:00Z", "deal { stage_changed { stage: 'offer' } }");
  }
  const v1::Deal& deal() { return scenario.The<v1::Deal>("deals/1"); }
  Scenario scenario;
};

constexpr char kWonStage[] = "deal { stage_changed { stage: 'won' } }";
constexpr char kLostStage[] = "deal { stage_changed { stage: 'lost' } }";
constexpr char kWon[] = "deal { won {} }";
constexpr char kWin[] = "win_deal { deal { name: 'deals/1' } }";
constexpr char kLose[] = "lose_deal { deal { name: 'deals/1' } reason: 'price' }";
constexpr char kReopen[] = "reopen_deal { deal { name: 'deals/1' } }";

TEST_F(DealOutcomeTest, WinsWithValueStageAndOutcomeInOneCommit) {
  const Decision decision =
      scenario
          .When("win_deal { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 120 } }")
          .At("2024-04-01T09:00:00Z")
          .Then({"deal { value_changed { value { currency_code: 'ILS' units: 120 } } }", kWonStage,
                 kWon});
  for (const NewEvent& event : decision.events)
    EXPECT_EQ(event.occurred_micros, MicrosOf("2024-04-01T09:00:00Z"));
  EXPECT_EQ(deal().outcome(), v1::DEAL_OUTCOME_WON);
  EXPECT_EQ(deal().stage(), "won");
  EXPECT_EQ(deal().value().units(), 120);
  scenario.When(kWin).Nothing();
  scenario.When("win_deal { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 120 } }")
      .Nothing();
  scenario.When("win_deal { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 121 } }")
      .Refused(v1::DEAL_CLOSED);
}

TEST_F(DealOutcomeTest, WinsAtTheValueThatItHas) {
  scenario.When("win_deal { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 100 } }")
      .Then({kWonStage, kWon});
}

TEST_F(DealOutcomeTest, WinsWithoutAStageWhereThePipelineHasNone) {
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'plain' stage: 'only' } }");
  scenario.When("win_deal { deal { name: 'deals/2' } }").Then({kWon});
  scenario.Given("deals/3", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'gone' stage: 'only' } }");
  scenario.When("win_deal { deal { name: 'deals/3' } }").Then({kWon});
}

TEST_F(DealOutcomeTest, AsksWhichOfSeveralWonStages) {
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'service' stage: 'asked' } }");
  scenario.When("win_deal { deal { name: 'deals/2' } }").Refused(v1::STAGE_AMBIGUOUS, "stage");
  scenario.When("win_deal { deal { name: 'deals/2' } stage: 'agreed' }")
      .Refused(v1::FIELD_INVALID, "stage");
  scenario.When("win_deal { deal { name: 'deals/2' } stage: 'won' }")
      .Refused(v1::STAGE_OF_OTHER_PIPELINE, "stage");
  scenario.When("win_deal { deal { name: 'deals/2' } stage: 'renewed' }")
      .Then({"deal { stage_changed { stage: 'renewed' } }", kWon});
}

TEST_F(DealOutcomeTest, StaysInTheStageThatItWasClosedIn) {
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'service' stage: 'asked' } }");
  const auto stage = [this](const std::string& stage) {
    return scenario.When("change_deal_stage { deal { name: 'deals/2' } stage: '" + stage + "' }");
  };
  stage("sold").At("2024-04-01").Then({"deal { stage_changed { stage: 'sold' } }", kWon});
  stage("sold").Nothing();
  // To say nothing would look as if it had moved.
  stage("renewed").Refused(v1::DEAL_CLOSED, "stage");
  scenario.When("win_deal { deal { name: 'deals/2' } stage: 'renewed' }")
      .Refused(v1::DEAL_CLOSED, "stage");
  scenario.When(kWin).At("2024-04-01").Then({kWonStage, kWon});
  scenario.When("change_deal_stage { deal { name: 'deals/1' } stage: 'delivery' }")
      .Then({"deal { stage_changed { stage: 'delivery' } }"});
  scenario.When("change_deal_stage { deal { name: 'deals/1' } stage: 'won' }").Nothing();
}

TEST_F(DealOutcomeTest, NamesOneOfSeveralLostStages) {
  scenario.GivenRule(
      "pipelines { pipelines { id: 'two' stages { id: 'start' } stages { id: 'cold' meaning: "
      "STAGE_MEANING_LOST } stages { id: 'gone' meaning: STAGE_MEANING_LOST } } }");
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'two' stage: 'start' } }");
  scenario.When("lose_deal { deal { name: 'deals/2' } }").Refused(v1::STAGE_AMBIGUOUS, "stage");
  scenario.When("lose_deal { deal { name: 'deals/2' } stage: 'start' }")
      .Refused(v1::FIELD_INVALID, "stage");
  scenario.When("lose_deal { deal { name: 'deals/2' } stage: 'gone' competitor: 'Evil' }")
      .Then({"deal { stage_changed { stage: 'gone' } }", "deal { lost { competitor: 'Evil' } }"});
  scenario.When("lose_deal { deal { name: 'deals/2' } stage: 'gone' }").Nothing();
  scenario.When("lose_deal { deal { name: 'deals/2' } stage: 'cold' }").Refused(v1::DEAL_CLOSED);
}

TEST_F(DealOutcomeTest, RefusesAnOutcomeBeforeALaterStageChange) {
  scenario.When(kWin).At("2024-03-09T08:00:00Z").Refused(v1::BACKDATING_CONFLICT);
  EXPECT_EQ(scenario.When(kWin).At("2024-03-09T08:00:00Z").Metadata("conflicting_time"),
            "2024-03-10T08:00:00+00:00");
  scenario.When(kLose).At("2024-03-09").Refused(v1::BACKDATING_CONFLICT);
  scenario.When(kWin)
      .At("2024-03-10")
      .Refused(v1::BACKDATING_CONFLICT);  // a day counts from its first instant
  scenario.When(kWin).At("2024-03-11").Then({kWonStage, kWon});
}

TEST_F(DealOutcomeTest, LosesForAReason) {
  scenario.GivenRule(
      "reasons { reasons { id: 'price' for_lost_deals: true } reasons { id: 'spam' "
      "for_disqualified_leads: true } }");
  scenario.When("lose_deal { deal { name: 'deals/1' } }").Refused(v1::REASON_REQUIRED, "reason");
  scenario.When("lose_deal { deal { name: 'deals/1' } reason: 'spam' }")
      .Refused(v1::UNKNOWN_REASON, "reason");
  scenario.When("lose_deal { deal { name: 'deals/1' } reason: 'price' competitor: 'Evil' }")
      .Then({kLostStage, "deal { lost { reason: 'price' competitor: 'Evil' } }"});
  EXPECT_EQ(deal().outcome(), v1::DEAL_OUTCOME_LOST);
  EXPECT_EQ(deal().lost_reason(), "price");
  scenario.When(kLose).Nothing();
  scenario.When("lose_deal { deal { name: 'deals/1' } reason: 'NOT_STATED' }")
      .Refused(v1::DEAL_CLOSED);
  scenario.When(kWin).Refused(v1::DEAL_CLOSED);
}

TEST_F(DealOutcomeTest, NotStatedIsAlwaysAccepted) {
  scenario.GivenRule("reasons { reasons { id: 'price' for_lost_deals: true } }");
  scenario.When("lose_deal { deal { name: 'deals/1' } reason: 'NOT_STATED' }")
      .Then({kLostStage, "deal { lost { reason: 'NOT_STATED' } }"});
}

TEST_F(DealOutcomeTest, APipelineMayDoWithoutReasons) {
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'service' stage: 'asked' } }");
  scenario.When("lose_deal { deal { name: 'deals/2' } }").Then({"deal { lost {} }"});
}

TEST_F(DealOutcomeTest, ReopensIntoItsLastOpenStage) {
  scenario.When(kReopen).Refused(v1::DEAL_OPEN, "deal");
  scenario.When(kLose)
      .At("2024-04-01T08:00:00Z")
      .Then({kLostStage, "deal { lost { reason: 'price' } }"});
  scenario.When(kReopen).At("2024-03-31").Refused(v1::BACKDATING_CONFLICT);
  scenario.When("reopen_deal { deal { name: 'deals/1' } stage: 'won' }")
      .Refused(v1::STAGE_IS_OUTCOME);
  scenario.When("reopen_deal { deal { name: 'deals/1' } reason: 'again' }")
      .At("2024-04-05T08:00:00Z")
      .Then({"deal { reopened { reason: 'again' } }", "deal { stage_changed { stage: 'offer' } }"});
  EXPECT_EQ(deal().outcome(), v1::DEAL_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(deal().lost_reason(), "");
  EXPECT_EQ(deal().stage(), "offer");
  scenario.When(kWin).At("2024-04-04").Refused(v1::BACKDATING_CONFLICT);
  scenario.When(kWin).At("2024-04-06").Then({kWonStage, kWon});
  scenario.When("reopen_deal { deal { name: 'deals/1' } stage: 'order' }")
      .Then({"deal { reopened {} }", "deal { stage_changed { stage: 'order' } }"});
}

TEST_F(DealOutcomeTest, ReopensWhereTheStageOfOldStandsNow) {
  scenario.When(kLose)
      .At("2024-04-01T08:00:00Z")
      .Then({kLostStage, "deal { lost { reason: 'price' } }"});
  scenario.GivenRule(
      R"(pipelines { pipelines { id: 'sales' stages { id: 'start' } stages { id: 'talk' } }
      stage_maps { pipeline: 'sales' stages { key: 'potential' value: 'start' } stages { key: 'offer' value: 'talk' }
      stages { key: 'order' value: 'talk' } stages { key: 'won' } stages { key: 'lost' } stages { key: 'delivery' } } })");
  scenario.When(kReopen).Then({"deal { reopened {} }", "deal { stage_changed { stage: 'talk' } }"});
}

TEST_F(DealOutcomeTest, StaysWhereItIsIfLosingMovedItNowhere) {
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'service' stage: 'agreed' } }");
  scenario.Given("deals/2", "2024-04-01T08:00:00Z", "deal { lost {} }");
  scenario.When("reopen_deal { deal { name: 'deals/2' } }").Then({"deal { reopened {} }"});
}

TEST_F(DealOutcomeTest, IsNotCompletedBeforeItIsWon) {
  const std::string complete = "complete_deal { deal { name: 'deals/1' } }";
  scenario.When(kWin).At("2024-04-01T09:00:00Z").Then({kWonStage, kWon});
  // A day counts from its first instant, which is where reports fold it.
  scenario.When(complete).At("2024-04-01").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  scenario.When(complete).At("2024-04-01T09:00:00Z").Then({"deal { completed {} }"});
}

TEST_F(DealOutcomeTest, IsNotReopenedBeforeItsCompletion) {
  scenario.When(kWin).At("2024-04-01").Then({kWonStage, kWon});
  scenario.When("complete_deal { deal { name: 'deals/1' } }")
      .At("2024-05-01")
      .Then({"deal { completed {} }"});
  scenario.When(kReopen).At("2024-04-15").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  EXPECT_EQ(scenario.When(kReopen).At("2024-04-15").Metadata("conflicting_event"), "completion");
  scenario.When(kReopen)
      .At("2024-05-02")
      .Then({"deal { reopened {} }", "deal { stage_changed { stage: 'offer' } }"});
  EXPECT_FALSE(deal().completed());
}

TEST_F(DealOutcomeTest, CompletesWhatIsWon) {
  const std::string complete = "complete_deal { deal { name: 'deals/1' } }";
  scenario.When(complete).Refused(v1::DEAL_OPEN, "deal");
  scenario.When(kWin).At("2024-04-01").Then({kWonStage, kWon});
  scenario.When(complete).At("2024-03-31").Refused(v1::BACKDATING_CONFLICT);
  scenario.When(complete).Then({"deal { completed {} }"});
  scenario.When(complete).Nothing();
  EXPECT_TRUE(deal().completed());
  scenario.Given("deals/2", "2024-03-01T08:00:00Z",
                 "deal { created { pipeline: 'service' stage: 'agreed' } }");
  scenario.Given("deals/2", "2024-04-01T08:00:00Z", "deal { lost {} }");
  scenario.When("complete_deal { deal { name: 'deals/2' } }").Refused(v1::DEAL_CLOSED, "deal");
}

}  // namespace
}  // namespace recount::domain
