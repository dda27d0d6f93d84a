#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class DealStagesTest : public testing::Test {
 protected:
  DealStagesTest() {
    scenario.GivenRecord("users/1");
    scenario.Given("deals/1", "2024-03-01T08:00:00Z",
                   "deal { created { pipeline: 'sales' stage: 'potential' data_subject: 'd' } }");
  }
  Asked Stage(const std::string& stage,
              std::source_location where = std::source_location::current()) {
    return scenario.When("change_deal_stage { deal { name: 'deals/1' } stage: '" + stage + "' }",
                         where);
  }
  static std::string Changed(const std::string& stage) {
    return "deal { stage_changed { stage: '" + stage + "' } }";
  }
  const v1::Deal& deal() { return scenario.The<v1::Deal>("deals/1"); }

  Scenario scenario;
};

TEST_F(DealStagesTest, MovesBetweenOpenStages) {
  const Decision decision = Stage("order").Then({Changed("order")});
  EXPECT_EQ(decision.answer_name, "deals/1");
  EXPECT_EQ(decision.events[0].data_subject, "d");
  Stage("order").Nothing();
  Stage("offer").Then({Changed("offer")});
  EXPECT_EQ(deal().stage(), "offer");
}

TEST_F(DealStagesTest, KnowsWhichStagesThereAre) {
  Stage("").Refused(v1::FIELD_REQUIRED, "stage");
  Stage("nowhere").Refused(v1::UNKNOWN_STAGE, "stage");
  Stage("asked").Refused(v1::STAGE_OF_OTHER_PIPELINE, "stage");
  EXPECT_EQ(Stage("asked").Metadata("pipeline"), "service");
}

TEST_F(DealStagesTest, AsksTheRulesOfTheDayOnWhichItOccurred) {
  scenario.GivenRule(
      "pipelines { pipelines { id: 'sales' stages { id: 'potential' } stages { id: 'talk' } } }",
      "2024-05-01");
  Stage("talk").At("2024-04-30").Refused(v1::UNKNOWN_STAGE);
  Stage("order").At("2024-05-02").Refused(v1::UNKNOWN_STAGE);
  Stage("order").At("2024-04-30").Then({Changed("order")});
  Stage("talk").At("2024-05-01").Then({Changed("talk")});
}

TEST_F(DealStagesTest, LateEntryTakesItsPlace) {
  Stage("order").At("2024-03-10T08:00:00Z").Then({Changed("order")});
  Stage("offer").At("2024-03-05T08:00:00Z").Then({Changed("offer")});
  EXPECT_EQ(deal().stage(), "order");
  Stage("offer").At("2024-03-06T08:00:00Z").Nothing();  // it was there then
  Stage("offer").At("2024-03-11T08:00:00Z").Then({Changed("offer")});
}

TEST_F(DealStagesTest, RefusesTheVeryInstantOfAnotherChange) {
  Stage("order").At("2024-03-10T08:00:00Z").Then({Changed("order")});
  Stage("offer").At("2024-03-10T08:00:00Z").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  EXPECT_EQ(Stage("offer").At("2024-03-10T08:00:00Z").Metadata("conflicting_time"),
            "2024-03-10T08:00:00+00:00");
  Stage("order").At("2024-03-10T08:00:00Z").Nothing();
  Stage("offer").At("2024-03-10T08:00:00.000001Z").Then({Changed("offer")});
  // Days do not clash, and neither do commands at the server's time.
  Stage("order").At("2024-03-11").Then({Changed("order")});
  Stage("offer").At("2024-03-11").Then({Changed("offer")});
  Stage("order").Then({Changed("order")});
  Stage("offer").Then({Changed("offer")});
}

TEST_F(DealStagesTest, RefusesChangesBeforeTheCreation) {
  Stage("order").At("2024-03-01T07:59:59Z").Refused(v1::BACKDATING_CONFLICT);
  EXPECT_EQ(Stage("order").At("2024-03-01T07:59:59Z").Metadata("conflicting_event"), "creation");
  Stage("order").At("2024-02-29").Refused(v1::BACKDATING_CONFLICT);
  Stage("order").At("2024-03-01").Then({Changed("order")});  // that day is not before it
  scenario.When("change_deal_value { deal { name: 'deals/1' } }")
      .At("2024-02-01")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When("assign_deal { deal { name: 'deals/1' } }")
      .At("2024-02-01")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When("win_deal { deal { name: 'deals/1' } }")
      .At("2024-02-01")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When("delete_record { record { name: 'deals/1' } reason: 'x' }")
      .At("2024-02-01")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When("annotate_record { record { name: 'deals/1' } tags { add: 'x' } }")
      .At("2024-02-01")
      .Refused(v1::BACKDATING_CONFLICT);
}

TEST_F(DealStagesTest, RefusesChangesAfterTheOutcome) {
  scenario.Given("deals/1", "2024-04-01T08:00:00Z", "deal { lost { reason: 'price' } }");
  Stage("order").Refused(v1::DEAL_CLOSED, "deal");
  Stage("order").At("2024-04-02").Refused(v1::BACKDATING_CONFLICT);
  EXPECT_EQ(Stage("order").At("2024-04-02").Metadata("conflicting_event"), "outcome");
  Stage("order").At("2024-03-20").Then({Changed("order")});
}

TEST_F(DealStagesTest, RefusesChangesWhileItWasClosed) {
  scenario.Given("deals/1", "2024-04-01T08:00:00Z", "deal { lost { reason: 'price' } }");
  scenario.Given("deals/1", "2024-04-20T08:00:00Z", "deal { reopened {} }");
  Stage("order").At("2024-04-10").Refused(v1::BACKDATING_CONFLICT);
  Stage("order").At("2024-04-21").Then({Changed("order")});
}

TEST_F(DealStagesTest, OutcomeStagesAreOutcomes) {
  Stage("won").Then({Changed("won"), "deal { won {} }"});
  EXPECT_EQ(deal().outcome(), v1::DEAL_OUTCOME_WON);
  Stage("won").Nothing();
  Stage("lost").Refused(v1::DEAL_CLOSED);
}

TEST_F(DealStagesTest, LostStageNeedsItsReason) {
  Stage("lost").Refused(v1::REASON_REQUIRED, "reason");
  scenario.When("change_deal_stage { deal { name: 'deals/1' } stage: 'lost' lost_reason: 'price' }")
      .Then({Changed("lost"), "deal { lost { reason: 'price' } }"});
}

TEST_F(DealStagesTest, DeliveryComesAfterWinning) {
  Stage("delivery").Refused(v1::DEAL_OPEN, "deal");
  scenario.When("win_deal { deal { name: 'deals/1' } }")
      .At("2024-04-01")
      .Then({Changed("won"), "deal { won {} }"});
  Stage("delivery").At("2024-03-30").Refused(v1::BACKDATING_CONFLICT);
  Stage("delivery").Then({Changed("delivery")});
  Stage("delivery").Nothing();
  EXPECT_EQ(deal().outcome(), v1::DEAL_OUTCOME_WON);
}

TEST_F(DealStagesTest, ClearsAProbabilityUnlessItIsKept) {
  const std::string by_hand =
      "override_deal_probability { deal { name: 'deals/1' } probability_bp: 5500 }";
  scenario.When(by_hand).Then({"deal { probability_overridden { probability_bp: 5500 } }"});
  scenario.When(by_hand).Nothing();
  scenario
      .When("change_deal_stage { deal { name: 'deals/1' } stage: 'offer' keep_probability: true }")
      .Then({"deal { stage_changed { stage: 'offer' keep_probability: true } }"});
  EXPECT_EQ(deal().probability_bp(), 5500u);
  Stage("order").Then({Changed("order")});
  EXPECT_FALSE(deal().has_probability_bp());
  scenario.When("override_deal_probability { deal { name: 'deals/1' } }").Nothing();
  scenario
      .When("override_deal_probability { deal { name: 'deals/1' } probability_bp: 100 keep: true }")
      .Then({"deal { probability_overridden { probability_bp: 100 keep: true } }"});
  Stage("offer").Then({Changed("offer")});
  EXPECT_EQ(deal().probability_bp(), 100u);
  scenario.When("override_deal_probability { deal { name: 'deals/1' } }")
      .Then({"deal { probability_cleared {} }"});
  scenario.When("override_deal_probability { deal { name: 'deals/1' } probability_bp: 10001 }")
      .Refused(v1::FIELD_INVALID);
}

TEST_F(DealStagesTest, AProbabilityThatIsEnteredLateTakesItsPlace) {
  const auto by_hand = [this](int bp) {
    return scenario.When(absl::StrCat(
        "override_deal_probability { deal { name: 'deals/1' } probability_bp: ", bp, " }"));
  };
  const auto overridden = [](int bp) {
    return absl::StrCat("deal { probability_overridden { probability_bp: ", bp, " } }");
  };
  by_hand(5500).At("2024-04-10").Then({overridden(5500)});
  by_hand(4000).At("2024-03-20").Then({overridden(4000)});
  by_hand(4000).At("2024-03-20").Nothing();
  EXPECT_EQ(deal().probability_bp(), 5500u);
  // It holds until then, and not before.
  by_hand(4000).At("2024-04-09").Nothing();
  by_hand(5500).At("2024-04-09").Then({overridden(5500)});
  scenario.When("override_deal_probability { deal { name: 'deals/1' } }")
      .At("2024-03-19")
      .Nothing();
}

TEST_F(DealStagesTest, AStageChangeThatIsEnteredLateClearsTheProbabilityBeforeIt) {
  const std::string by_hand =
      "override_deal_probability { deal { name: 'deals/1' } probability_bp: 5500 }";
  const std::string kept =
      "change_deal_stage { deal { name: 'deals/1' } stage: 'order' keep_probability: true }";
  scenario.When(kept)
      .At("2024-05-01")
      .Then({"deal { stage_changed { stage: 'order' keep_probability: true } }"});
  scenario.When(by_hand)
      .At("2024-04-01")
      .Then({"deal { probability_overridden { probability_bp: 5500 } }"});
  EXPECT_EQ(deal().probability_bp(), 5500u);  // the later change of stage keeps it
  Stage("offer").At("2024-04-15").Then({Changed("offer")});
  EXPECT_FALSE(deal().has_probability_bp());
  scenario.When(by_hand)
      .At("2024-04-20")
      .Then({"deal { probability_overridden { probability_bp: 5500 } }"});
  EXPECT_EQ(deal().probability_bp(), 5500u);
}

TEST_F(DealStagesTest, MovesToAnotherPipeline) {
  const std::string move = "move_deal_to_pipeline { deal { name: 'deals/1' } pipeline: 'service' ";
  scenario.When("move_deal_to_pipeline { deal { name: 'deals/1' } }")
      .Refused(v1::FIELD_REQUIRED, "pipeline");
  scenario.When("move_deal_to_pipeline { deal { name: 'deals/1' } pipeline: 'no' }")
      .Refused(v1::UNKNOWN_PIPELINE, "pipeline");
  scenario.When(move + "stage: 'order' }").Refused(v1::STAGE_OF_OTHER_PIPELINE);
  scenario.When(move + "stage: 'sold' }").Refused(v1::STAGE_IS_OUTCOME);
  Stage("offer").At("2024-04-01").Then({Changed("offer")});
  scenario.When(move + "}").At("2024-03-20").Refused(v1::BACKDATING_CONFLICT);
  scenario.When(move + "}")
      .Then({"deal { moved_to_pipeline { pipeline: 'service' stage: 'asked' } }"});
  scenario.When(move + "}").Nothing();
  scenario.When(move + "stage: 'agreed' }").Refused(v1::FIELD_INVALID, "pipeline");
  EXPECT_EQ(deal().pipeline(), "service");
  Stage("agreed").Then({Changed("agreed")});
  // Before the move it was in the other pipeline.
  Stage("agreed").At("2024-04-02").Refused(v1::STAGE_OF_OTHER_PIPELINE);
  Stage("order").At("2024-04-02").Then({Changed("order")});
  EXPECT_EQ(deal().stage(), "agreed");
}

}  // namespace
}  // namespace recount::domain
