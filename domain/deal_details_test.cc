#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class DealDetailsTest : public testing::Test {
 protected:
  DealDetailsTest() {
    for (const char* name : {"users/1", "users/2", "persons/1", "organizations/1", "products/1"})
      scenario.GivenRecord(name);
    scenario.Given("leads/1", "2024-01-01T08:00:00Z",
                   "lead { captured { source { id: 'email' medium: 'news' } } }");
    scenario.Given(
        "deals/1", "2024-03-01T08:00:00Z",
        R"(deal { created { pipeline: 'sales' stage: 'offer' owner: 'users/1' title: 'old' data_subject: 'd'
                      external_ids { source: 'x' id: '1' } value { currency_code: 'ILS' units: 100 } } })");
    scenario.keys["deals/external/x/1"] = "deals/1";
  }
  const v1::Deal& deal() { return scenario.The<v1::Deal>("deals/1"); }
  Scenario scenario;
};

TEST_F(DealDetailsTest, IsCreatedWithEverything) {
  const Decision decision =
      scenario
          .When(
              R"(create_deal { name: 'deals/4711' external_ids { source: 'olist' id: 'a/b%' } title: 'Press' pipeline: 'sales'
                   stage: 'offer' value { currency_code: 'EUR' units: 5 nanos: 500000000 } owner { name: 'users/1' }
                   lead { name: 'leads/1' } person { name: 'persons/1' } organization { name: 'organizations/1' }
                   product { name: 'products/1' } expected_close { year: 2024 month: 9 day: 1 } next_step: 'call' needs: 'much'
                   probability_bp: 4000 })")
          .At("2024-04-01T10:00:00Z")
          .Then(
              {R"(deal { created { external_ids { source: 'olist' id: 'a/b%' } title: 'Press' pipeline: 'sales' stage: 'offer'
                    value { currency_code: 'EUR' units: 5 nanos: 500000000 } owner: 'users/1' lead: 'leads/1'
                    person: 'persons/1' organization: 'organizations/1' product: 'products/1'
                    source { id: 'email' medium: 'news' } expected_close { year: 2024 month: 9 day: 1 } next_step: 'call'
                    needs: 'much' probability_bp: 4000 data_subject: 'id-1' } })"},
              {"deals/4711"});
  ASSERT_EQ(decision.claims.size(), 1u);
  EXPECT_EQ(decision.claims[0].key(), "deals/external/olist/a%2Fb%25");
  EXPECT_EQ(decision.claims[0].stream(), "deals/4711");
  const v1::Deal& made = scenario.The<v1::Deal>("deals/4711");
  EXPECT_EQ(made.info().name(), "deals/4711");
  EXPECT_EQ(made.info().create_time().seconds(), MicrosOf("2024-04-01T10:00:00Z") / 1000000);
  EXPECT_EQ(made.value().nanos(), 500000000);
  EXPECT_EQ(made.expected_close().day(), 1);
}

TEST_F(DealDetailsTest, StartsInTheFirstStageOfTheFirstPipeline) {
  scenario.When("create_deal { source { id: 'web' } lead { name: 'leads/1' } }")
      .Then(
          {R"(deal { created { pipeline: 'sales' stage: 'potential' lead: 'leads/1' source { id: 'web' } data_subject: 'id-2' } })"});
  scenario.When("create_deal { stage: 'won' }").Refused(v1::STAGE_IS_OUTCOME, "stage");
  scenario.When("create_deal { stage: 'delivery' }").Refused(v1::STAGE_IS_OUTCOME, "stage");
  scenario.When("create_deal { stage: 'asked' }").Refused(v1::STAGE_OF_OTHER_PIPELINE, "stage");
  scenario.When("create_deal { pipeline: 'no' }").Refused(v1::UNKNOWN_PIPELINE, "pipeline");
  scenario.When("create_deal { stage: 'no' }").Refused(v1::UNKNOWN_STAGE, "stage");
  scenario.rules = Rulebook();
  scenario.When("create_deal {}").Refused(v1::UNKNOWN_PIPELINE, "pipeline");
}

TEST_F(DealDetailsTest, RefusesWrongValues) {
  scenario.When("create_deal { value { currency_code: 'XXY' units: 1 } }")
      .Refused(v1::CURRENCY_INVALID);
  scenario.When("create_deal { value { currency_code: 'JPY' units: 1 nanos: 500000000 } }")
      .Refused(v1::CURRENCY_INVALID);
  scenario.When("create_deal { value { currency_code: 'EUR' units: -1 } }")
      .Refused(v1::AMOUNT_INVALID, "value");
  scenario.When("create_deal { probability_bp: 10001 }")
      .Refused(v1::FIELD_INVALID, "probability_bp");
  scenario.When("create_deal { owner { name: 'users/9' } }").Refused(v1::RECORD_NOT_FOUND, "owner");
  scenario.When("create_deal { lead { external { source: 'x' id: 'y' } } }")
      .Refused(v1::RECORD_NOT_FOUND, "lead");
  scenario.When("create_deal { external_ids { source: 'x' id: '1' } }")
      .Refused(v1::EXTERNAL_ID_TAKEN, "external_ids");
  scenario.When("create_deal { expected_close { year: 2023 month: 2 day: 29 } }")
      .Refused(v1::FIELD_INVALID, "expected_close");
}

TEST_F(DealDetailsTest, UpsertChangesDetailsValueOwnerAndExpectedClose) {
  const std::string upsert =
      R"(create_deal { allow_existing: true external_ids { source: 'x' id: '1' } title: 'new'
      stage: 'order' value { currency_code: 'ILS' units: 120 } owner { name: 'users/2' }
      expected_close { year: 2024 month: 7 day: 1 } person { name: 'persons/1' } })";
  scenario.When(upsert)
      .At("2024-03-01T08:00:00Z")
      .Then({"deal { details_changed { title: 'new' person: 'persons/1' } }",
             "deal { stage_changed { stage: 'order' } }",
             "deal { value_changed { value { currency_code: 'ILS' units: 120 } } }",
             "deal { assigned { owner: 'users/2' } }",
             "deal { expected_close_changed { expected_close { year: 2024 month: 7 day: 1 } } }"},
            {"deals/1", "deals/1", "deals/1", "deals/1", "deals/1"});
  EXPECT_EQ(deal().stage(), "order");
  scenario.When(upsert).At("2024-03-01T08:00:00Z").Nothing();
  scenario.When("create_deal { allow_existing: true name: 'deals/1' }").Nothing();
  scenario.Given("deals/1", "2024-05-01T08:00:00Z", "deal { deleted { reason: 'x' } }");
  scenario.When(upsert).Refused(v1::RECORD_DELETED);
}

TEST_F(DealDetailsTest, UpsertChangesNothingBeforeTheCreation) {
  const std::string upsert = "create_deal { allow_existing: true name: 'deals/1' tags: 'hot' }";
  scenario.When(upsert).At("2024-02-01").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  scenario.When(upsert).At("2024-03-02").Then({"deal { annotated { tags_added: 'hot' } }"});
  scenario.When(upsert).At("2024-03-02").Nothing();
  // The tags of then become the ones that are given; without any they stay.
  scenario.When("create_deal { allow_existing: true name: 'deals/1' tags: 'cold' tags: 'new' }")
      .At("2024-03-03")
      .Then({"deal { annotated { tags_added: 'cold' tags_added: 'new' tags_removed: 'hot' } }"});
  scenario.When("create_deal { allow_existing: true name: 'deals/1' }").At("2024-03-04").Nothing();
}

TEST_F(DealDetailsTest, UpsertChangesPlaceAndProbabilityFromItsMomentOn) {
  const auto upsert = [this](const std::string& what) {
    return scenario.When(absl::StrCat("create_deal { allow_existing: true name: 'deals/1' ", what, " }"));
  };
  upsert("stage: 'order'").At("2024-04-01").Then({"deal { stage_changed { stage: 'order' } }"});
  upsert("stage: 'offer'").At("2024-03-01T08:00:00Z").Nothing();
  upsert("pipeline: 'sales' stage: 'order'").At("2024-04-02").Nothing();
  upsert("pipeline: 'sales'").At("2024-04-02").Nothing();
  upsert("probability_bp: 4000")
      .At("2024-04-03")
      .Then({"deal { probability_overridden { probability_bp: 4000 } }"});
  upsert("probability_bp: 4000").At("2024-04-03").Nothing();
  // A change of stage clears it; what is given with it holds anew.
  upsert("stage: 'offer' probability_bp: 4000")
      .At("2024-04-04")
      .Then({"deal { stage_changed { stage: 'offer' } }",
             "deal { probability_overridden { probability_bp: 4000 } }"},
            {"deals/1", "deals/1"});
  upsert("pipeline: 'service' stage: 'asked'")
      .At("2024-04-05")
      .Then({"deal { moved_to_pipeline { pipeline: 'service' stage: 'asked' } }"});
  upsert("pipeline: 'sales'").At("2024-04-03").Nothing();
  upsert("pipeline: 'service'").At("2024-04-02").Refused(v1::BACKDATING_CONFLICT);
}

TEST_F(DealDetailsTest, UpsertRefusesWhatItCannotChange) {
  const auto upsert = [this](const std::string& what) {
    return scenario.When(absl::StrCat("create_deal { allow_existing: true name: 'deals/1' ", what, " }"));
  };
  upsert("stage: 'won'").Refused(v1::STAGE_IS_OUTCOME, "stage");
  upsert("stage: 'no'").Refused(v1::UNKNOWN_STAGE, "stage");
  upsert("stage: 'asked'").Refused(v1::STAGE_OF_OTHER_PIPELINE, "stage");
  upsert("pipeline: 'no'").Refused(v1::UNKNOWN_PIPELINE, "pipeline");
  upsert("probability_bp: 10001").Refused(v1::FIELD_INVALID, "probability_bp");
  upsert("lead { name: 'leads/1' }").Then({"deal { details_changed { lead: 'leads/1' } }"});
  upsert("lead { name: 'leads/1' }").Nothing();
  scenario.Given("leads/2", "2024-01-01T08:00:00Z", "lead { captured {} }");
  upsert("lead { name: 'leads/2' }").Refused(v1::FIELD_INVALID, "lead");
  scenario.Given("deals/1", "2024-05-01T08:00:00Z", "deal { won {} }");
  upsert("stage: 'order'").Refused(v1::DEAL_CLOSED);
  upsert("probability_bp: 1").Refused(v1::DEAL_CLOSED);
}

TEST_F(DealDetailsTest, UpsertOfAnotherRecordsExternalIdIsRefused) {
  scenario
      .When(
          "create_deal { allow_existing: true name: 'deals/2' external_ids { source: 'x' id: '1' } "
          "}")
      .Refused(v1::EXTERNAL_ID_TAKEN);
}

TEST_F(DealDetailsTest, ChangesDetails) {
  const std::string change =
      R"(change_deal_details { deal { external { source: 'x' id: '1' } } title: 'new'
      organization { name: 'organizations/1' } product { name: 'products/1' } source { id: 's' } next_step: '' needs: 'n' })";
  scenario.When(change).Then(
      {R"(deal { details_changed { title: 'new' organization: 'organizations/1' product: 'products/1'
      source { id: 's' } needs: 'n' } })"});
  scenario.When(change).Nothing();
  scenario.When("change_deal_details { deal { name: 'deals/1' } title: '' }")
      .Then({"deal { details_changed { title: '' } }"});
  EXPECT_EQ(deal().title(), "");
  EXPECT_EQ(deal().needs(), "n");
  scenario.When("change_deal_details { deal { name: 'deals/1' } person { name: 'persons/2' } }")
      .Refused(v1::RECORD_NOT_FOUND, "person");
}

TEST_F(DealDetailsTest, DetailsThatAreEnteredLateTakeTheirPlace) {
  scenario.GivenRecord("organizations/2");
  const auto change = [this](int organization) {
    return scenario.When(absl::StrCat(
        "change_deal_details { deal { name: 'deals/1' } organization { name: 'organizations/",
        organization, "' } }"));
  };
  const auto changed = [](int organization) {
    return absl::StrCat("deal { details_changed { organization: 'organizations/", organization,
                        "' } }");
  };
  change(1).At("2024-04-01").Then({changed(1)});
  change(2).At("2024-03-15").Then({changed(2)});
  EXPECT_EQ(deal().organization(), "organizations/1");
  change(2).At("2024-03-15").Nothing();
  // What is so now was not so then.
  change(1).At("2024-03-20").Then({changed(1)});
  // A second import of the same history, in the order of its rows.
  const std::string upsert = R"(create_deal { allow_existing: true name: 'deals/1' title: 'old'
                                organization { name: 'organizations/2' } })";
  scenario.When(upsert).At("2024-03-16").Nothing();
  change(1).At("2024-04-01").Nothing();
}

TEST_F(DealDetailsTest, ChangesValueOverTime) {
  const std::string change =
      "change_deal_value { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 150 } }";
  scenario.When(change)
      .At("2024-04-10")
      .Then({"deal { value_changed { value { currency_code: 'ILS' units: 150 } } }"});
  scenario.When(change).Nothing();
  scenario
      .When(
          "change_deal_value { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 130 } "
          "}")
      .At("2024-04-05")
      .Then({"deal { value_changed { value { currency_code: 'ILS' units: 130 } } }"});
  EXPECT_EQ(deal().value().units(), 150);
  // What is so now was not so then.
  scenario.When(change)
      .At("2024-04-06")
      .Then({"deal { value_changed { value { currency_code: 'ILS' units: 150 } } }"});
  scenario.When("change_deal_value { deal { name: 'deals/1' } }")
      .Then({"deal { value_changed {} }"});
  EXPECT_FALSE(deal().has_value());
  scenario.When("change_deal_value { deal { name: 'deals/1' } }").Nothing();
}

TEST_F(DealDetailsTest, AWonDealMayStillChangeValueOwnerAndDetails) {
  scenario.Given("deals/1", "2024-04-01T08:00:00Z", "deal { won {} }");
  scenario
      .When(
          "change_deal_value { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 1 } }")
      .Then({"deal { value_changed { value { currency_code: 'ILS' units: 1 } } }"});
  scenario.When("assign_deal { deal { name: 'deals/1' } owner { name: 'users/2' } }")
      .Then({"deal { assigned { owner: 'users/2' } }"});
  scenario.When("change_deal_details { deal { name: 'deals/1' } title: 'x' }")
      .Then({"deal { details_changed { title: 'x' } }"});
  scenario.When("annotate_record { record { name: 'deals/1' } tags { add: 'x' } }")
      .Then({"deal { annotated { tags_added: 'x' } }"});
  scenario.When("override_deal_probability { deal { name: 'deals/1' } probability_bp: 1 }")
      .Refused(v1::DEAL_CLOSED);
  scenario
      .When(
          "change_deal_expected_close { deal { name: 'deals/1' } expected_close { year: 2024 "
          "month: 9 day: 1 } }")
      .Refused(v1::DEAL_CLOSED);
}

TEST_F(DealDetailsTest, ALostDealKeepsItsValue) {
  scenario.Given("deals/1", "2024-04-01T08:00:00Z", "deal { lost {} }");
  scenario.When("change_deal_value { deal { name: 'deals/1' } }").Refused(v1::DEAL_CLOSED);
  scenario.When("change_deal_value { deal { name: 'deals/1' } }")
      .At("2024-03-20")
      .Then({"deal { value_changed {} }"});
}

TEST_F(DealDetailsTest, ChangesExpectedClose) {
  const std::string change =
      "change_deal_expected_close { deal { name: 'deals/1' } expected_close { year: 2024 month: 2 "
      "day: 29 } }";
  scenario.When(change).Then(
      {"deal { expected_close_changed { expected_close { year: 2024 month: 2 day: 29 } } }"});
  scenario.When(change).Nothing();
  scenario.When("change_deal_expected_close { deal { name: 'deals/1' } }")
      .Then({"deal { expected_close_changed {} }"});
  EXPECT_FALSE(deal().has_expected_close());
}

TEST_F(DealDetailsTest, EmptyCommandIsRefused) { scenario.When("").Refused(v1::EMPTY_COMMAND); }

}  // namespace
}  // namespace recount::domain
