#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

constexpr char kLead[] =
    "lead { captured { person_name { display: 'Ann' } data_subject: 's' owner: 'users/1' } }";

class LeadTest : public testing::Test {
 protected:
  LeadTest() {
    scenario.GivenRecord("users/1");
    scenario.GivenRecord("users/2");
    scenario.Given("leads/1", "2024-03-01T08:00:00Z", kLead);
  }
  Scenario scenario;
};

TEST_F(LeadTest, IsCapturedWithMatchingFormsOfTheServer) {
  const Decision decision =
      scenario
          .When(
              R"(capture_lead { person_name { display: 'Bo' folded: 'forged' } phones { raw: '97250' e164: 'forged' }
                   emails { raw: 'Bo@X' } source { id: 'email' } owner { name: 'users/1' } status: 'new' tags: 'b' tags: 'a'
                   tags: 'b' })")
          .Then(
              {R"(lead { captured { person_name { display: 'Bo' folded: 'bo' } phones { raw: '97250' e164: '+97250' }
                    emails { raw: 'Bo@X' folded: 'bo@x' } source { id: 'email' } owner: 'users/1' status: 'new' tags: 'a'
                    tags: 'b' data_subject: 'id-2' normaliser_version: 7 } })"},
              {"leads/id-1"});
  EXPECT_EQ(decision.answer_name, "leads/id-1");
  EXPECT_EQ(decision.events[0].data_subject, "id-2");
  ASSERT_EQ(decision.lookups.size(), 2u);
  EXPECT_EQ(decision.lookups[0].kind, "phone");
  EXPECT_EQ(decision.lookups[0].value, "+97250");
  EXPECT_EQ(decision.lookups[1].value, "bo@x");
  const v1::Lead& lead = scenario.The<v1::Lead>("leads/id-1");
  EXPECT_EQ(lead.state(), v1::LEAD_STATE_OPEN);
  EXPECT_EQ(lead.info().data_subject(), "id-2");
  EXPECT_EQ(lead.info().revision(), 1u);
  EXPECT_EQ(lead.owner(), "users/1");
}

TEST_F(LeadTest, NeedsSomethingToKnowItBy) {
  scenario.When("capture_lead { request: 'hello' }").Refused(v1::LEAD_UNIDENTIFIED);
  scenario.When("capture_lead { external_ids { source: 'x' id: '1' } }")
      .Then({"lead { captured { external_ids { source: 'x' id: '1' } data_subject: 'id-3' "
             "normaliser_version: 7 } }"});
}

TEST_F(LeadTest, BlankTextsAreNothingToKnowItBy) {
  scenario.When("capture_lead { person_name { display: '  ' } phones {} emails { raw: ' ' } }")
      .Refused(v1::LEAD_UNIDENTIFIED, "person_name");
}

TEST_F(LeadTest, KeepsSomethingToKnowItBy) {
  const std::string unname = "change_lead_details { lead { name: 'leads/1' } person_name {} ";
  scenario.When(unname + "}").Refused(v1::LEAD_UNIDENTIFIED, "person_name");
  scenario.When(unname + "phones { raw: '' } }").Refused(v1::LEAD_UNIDENTIFIED);
  scenario.When("capture_lead { name: 'leads/1' allow_existing: true person_name {} }")
      .Refused(v1::LEAD_UNIDENTIFIED);
  scenario.When(unname + "emails { raw: 'a@x' } }")
      .Then({"lead { details_changed { person_name { } emails { raw: 'a@x' folded: 'a@x' } "
             "normaliser_version: 7 } }"});
  scenario.When("change_lead_details { lead { name: 'leads/1' } emails { raw: ' ' } }")
      .Refused(v1::LEAD_UNIDENTIFIED);
  scenario
      .When("link_external_id { record { name: 'leads/1' } external_id { source: 'x' id: '1' } }")
      .Then({"lead { external_id_linked { external_id { source: 'x' id: '1' } } }"});
  scenario.When("change_lead_details { lead { name: 'leads/1' } emails { raw: ' ' } }")
      .Then({"lead { details_changed { emails { raw: ' ' folded: ' ' } normaliser_version: 7 } }"});
}

TEST_F(LeadTest, KeepsNameAndExternalIdsUnique) {
  scenario.When("capture_lead { name: 'leads/1' person_name { display: 'x' } }")
      .Refused(v1::RECORD_EXISTS, "name");
  scenario.When("capture_lead { name: 'deals/1' person_name { display: 'x' } }")
      .Refused(v1::FIELD_INVALID, "name");
  scenario.When("capture_lead { name: 'leads/a b' person_name { display: 'x' } }")
      .Refused(v1::FIELD_INVALID, "name");
  scenario
      .When("link_external_id { record { name: 'leads/1' } external_id { source: 'x' id: '1' } }")
      .Then({"lead { external_id_linked { external_id { source: 'x' id: '1' } } }"});
  scenario.When("capture_lead { external_ids { source: 'x' id: '1' } }")
      .Refused(v1::EXTERNAL_ID_TAKEN, "external_ids");
  EXPECT_EQ(scenario.When("capture_lead { external_ids { source: 'x' id: '1' } }").Metadata("name"),
            "leads/1");
}

TEST_F(LeadTest, UpsertChangesWhatIsGivenAndOnlyThat) {
  scenario
      .When("link_external_id { record { name: 'leads/1' } external_id { source: 'x' id: '1' } }")
      .Then({"lead { external_id_linked { external_id { source: 'x' id: '1' } } }"});
  const std::string upsert =
      R"(capture_lead { allow_existing: true external_ids { source: 'x' id: '1' }
      external_ids { source: 'y' id: '2' } source { id: 'web' } owner { name: 'users/2' } tags: 'hot' })";
  const Decision decision =
      scenario.When(upsert)
          .At("2024-03-01T08:00:00Z")
          .Then({"lead { details_changed { source { id: 'web' } normaliser_version: 7 } }",
                 "lead { assigned { owner: 'users/2' } }",
                 "lead { external_id_linked { external_id { source: 'y' id: '2' } } }",
                 "lead { annotated { tags_added: 'hot' } }"});
  EXPECT_EQ(decision.claims.size(), 1u);
  EXPECT_EQ(decision.events[0].data_subject, "s");
  scenario.When(upsert).At("2024-03-01T08:00:00Z").Nothing();
  // A later change stands: what is given holds at its own moment already.
  scenario.When("assign_lead { lead { name: 'leads/1' } }")
      .At("2024-04-01T08:00:00Z")
      .Then({"lead { assigned {} }"});
  scenario.When(upsert).At("2024-03-01T08:00:00Z").Nothing();
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").owner(), "");
}

TEST_F(LeadTest, ChangesDetails) {
  scenario
      .When(
          "change_lead_details { lead { name: 'leads/1' } request: 'more' person_name { display: "
          "'Ann' folded: 'ann' } }")
      .Then({"lead { details_changed { request: 'more' person_name { display: 'Ann' folded: 'ann' "
             "} normaliser_version: 7 } }"});
  scenario
      .When(
          "change_lead_details { lead { name: 'leads/1' } request: 'more' person_name { display: "
          "'Ann' } }")
      .Nothing();
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").request(), "more");
  scenario.When("change_lead_details { lead { name: 'leads/9' } request: 'x' }")
      .Refused(v1::RECORD_NOT_FOUND, "lead");
  scenario.When("change_lead_details { request: 'x' }").Refused(v1::FIELD_REQUIRED, "lead");
}

TEST_F(LeadTest, ASourceThatIsEnteredLateTakesItsPlace) {
  const auto source = [this](const std::string& id) {
    return scenario.When("change_lead_details { lead { name: 'leads/1' } source { id: '" + id +
                         "' } }");
  };
  const auto changed = [](const std::string& id) {
    return "lead { details_changed { source { id: '" + id + "' } normaliser_version: 7 } }";
  };
  source("web").At("2024-05-01").Then({changed("web")});
  source("fair").At("2024-04-01").Then({changed("fair")});
  source("fair").At("2024-04-01").Nothing();
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").source().id(), "web");
}

TEST_F(LeadTest, IsAssigned) {
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/1' } }").Nothing();
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/3' } }")
      .Refused(v1::RECORD_NOT_FOUND, "owner");
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/2' } }")
      .Then({"lead { assigned { owner: 'users/2' } }"});
  // Entered late: it takes its place in the past and leaves the present.
  scenario.When("assign_lead { lead { name: 'leads/1' } }")
      .At("2024-04-01")
      .Then({"lead { assigned {} }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").owner(), "users/2");
  scenario.Given("users/2", "2024-05-01T00:00:00Z", "user { deleted { reason: 'left' } }");
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/2' } }")
      .Refused(v1::RECORD_DELETED, "owner");
}

TEST_F(LeadTest, MayHaveAPastBeforeItsCapture) {
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/2' } }")
      .At("2024-01-15")
      .Then({"lead { assigned { owner: 'users/2' } }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").owner(),
            "users/2");  // the capture comes first, as in reports
}

TEST_F(LeadTest, RefusesTheFuture) {
  scenario.When("assign_lead { lead { name: 'leads/1' } }")
      .At("2024-06-01T12:05:00.000001Z")
      .Refused(v1::OCCURRED_IN_FUTURE);
  scenario.When("assign_lead { lead { name: 'leads/1' } }")
      .At("2024-06-02")
      .Refused(v1::OCCURRED_IN_FUTURE, "header.occurred");
  scenario.When("assign_lead { lead { name: 'leads/1' } }")
      .At("2024-06-01T12:05:00Z")
      .Then({"lead { assigned {} }"});
}

TEST_F(LeadTest, IsChangedOnBehalfOfUsersOnly) {
  const auto assign = [this](const std::string& user) {
    return scenario.When("assign_lead { lead { name: 'leads/1' } header { on_behalf_of: '" + user +
                         "' } }");
  };
  assign("Ann Smith").Refused(v1::FIELD_INVALID, "header.on_behalf_of");
  assign("teams/1").Refused(v1::FIELD_INVALID, "header.on_behalf_of");
  assign("users/ann").Then({"lead { assigned {} }"});
}

TEST_F(LeadTest, HasStatusAndHandling) {
  scenario.When("change_lead_status { lead { name: 'leads/1' } }")
      .Refused(v1::FIELD_REQUIRED, "status");
  scenario.When("change_lead_status { lead { name: 'leads/1' } status: 'seen' }")
      .Then({"lead { status_changed { status: 'seen' } }"});
  scenario.When("change_lead_status { lead { name: 'leads/1' } status: 'seen' }").Nothing();
  scenario.When("schedule_lead_handling { lead { name: 'leads/1' } }")
      .Refused(v1::FIELD_REQUIRED, "handle_by");
  scenario
      .When("schedule_lead_handling { lead { name: 'leads/1' } handle_by { seconds: 1720000000 } }")
      .Then({"lead { handling_due { handle_by { seconds: 1720000000 } } }"});
  scenario
      .When("schedule_lead_handling { lead { name: 'leads/1' } handle_by { seconds: 1720000000 } }")
      .Nothing();
}

TEST_F(LeadTest, QualifiesUpward) {
  scenario.When("qualify_lead { lead { name: 'leads/1' } }")
      .Then({"lead { qualified { level: LEAD_LEVEL_SQL } }"});
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_SQL }").Nothing();
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .Refused(v1::LEVEL_NOT_UPWARD, "level");
  // Known later, but earlier in the world: upward there.
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .At("2024-04-01")
      .Then({"lead { qualified { level: LEAD_LEVEL_MQL } }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").level(), v1::LEAD_LEVEL_SQL);
  scenario.When("accept_lead { lead { name: 'leads/1' } }").Then({"lead { accepted {} }"});
  scenario.When("accept_lead { lead { name: 'leads/1' } }").Nothing();
  scenario.When("requalify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .Then({"lead { requalified { level: LEAD_LEVEL_MQL } }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").level(), v1::LEAD_LEVEL_MQL);
}

TEST_F(LeadTest, IsDisqualifiedForAReasonOfTheCatalogue) {
  scenario.When("disqualify_lead { lead { name: 'leads/1' } }")
      .Refused(v1::REASON_REQUIRED, "reason");
  scenario.GivenRule(
      "reasons { reasons { id: 'spam' for_disqualified_leads: true } reasons { id: 'price' "
      "for_lost_deals: true } }");
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'price' }")
      .Refused(v1::UNKNOWN_REASON, "reason");
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'spam' }")
      .Then({"lead { disqualified { reason: 'spam' } }"});
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'spam' }").Nothing();
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'NOT_STATED' }")
      .Refused(v1::LEAD_DISQUALIFIED, "lead");
  scenario.When("qualify_lead { lead { name: 'leads/1' } }").Refused(v1::LEAD_DISQUALIFIED, "lead");
  scenario.When("convert_lead { lead { name: 'leads/1' } create_person: true }")
      .Refused(v1::LEAD_DISQUALIFIED, "lead");
  scenario.When("requalify_lead { lead { name: 'leads/1' } }").Then({"lead { requalified {} }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").disqualify_reason(), "");
  scenario.When("requalify_lead { lead { name: 'leads/1' } }").Nothing();
}

TEST_F(LeadTest, ALevelThatIsEnteredLateIsNotAboveTheNextOne) {
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .At("2024-05-01")
      .Then({"lead { qualified { level: LEAD_LEVEL_MQL } }"});
  const std::string accept = "accept_lead { lead { name: 'leads/1' } }";
  scenario.When(accept).At("2024-04-01").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  EXPECT_EQ(scenario.When(accept).At("2024-04-01").Metadata("conflicting_event"), "qualification");
  scenario.When("qualify_lead { lead { name: 'leads/1' } }")
      .At("2024-04-01")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When("requalify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_SQL }")
      .At("2024-04-01")
      .Refused(v1::BACKDATING_CONFLICT);
  // A requalification may lower it.
  scenario.When("requalify_lead { lead { name: 'leads/1' } }")
      .At("2024-05-10")
      .Then({"lead { requalified {} }"});
  scenario.When(accept).At("2024-05-05").Then({"lead { accepted {} }"});
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").level(), v1::LEAD_LEVEL_UNSPECIFIED);
}

TEST_F(LeadTest, StandsAsTheOrderOfOccurrenceTells) {
  const std::string disqualify = "disqualify_lead { lead { name: 'leads/1' } reason: 'whim' }";
  const std::string requalify = "requalify_lead { lead { name: 'leads/1' } }";
  scenario.When(disqualify).At("2024-04-10").Then({"lead { disqualified { reason: 'whim' } }"});
  scenario.When(disqualify).At("2024-04-05").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  scenario.When(requalify).At("2024-04-05").Nothing();  // it was open then
  scenario.When("requalify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .At("2024-04-05")
      .Refused(v1::BACKDATING_CONFLICT);
  scenario.When(requalify).At("2024-04-20").Then({"lead { requalified {} }"});
  scenario.When(disqualify).At("2024-04-10").Nothing();
  // Else it would be open again in reports, five days later.
  scenario.When(disqualify).At("2024-04-25").Then({"lead { disqualified { reason: 'whim' } }"});
  scenario.When(requalify).At("2024-05-01").Then({"lead { requalified {} }"});
  const std::string convert = "convert_lead { lead { name: 'leads/1' } create_person: true }";
  scenario.When(convert).At("2024-04-01").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  EXPECT_EQ(scenario.When(convert).At("2024-04-22").Metadata("conflicting_event"),
            "disqualification");
  // What it was qualified for before is known late.
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .At("2024-04-12")
      .Refused(v1::LEAD_DISQUALIFIED);
  scenario.When(disqualify).Then({"lead { disqualified { reason: 'whim' } }"});
  scenario.When("qualify_lead { lead { name: 'leads/1' } level: LEAD_LEVEL_MQL }")
      .At("2024-05-02")
      .Then({"lead { qualified { level: LEAD_LEVEL_MQL } }"});
}

TEST_F(LeadTest, AnyReasonWithoutACatalogue) {
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'whim' }")
      .Then({"lead { disqualified { reason: 'whim' } }"});
}

}  // namespace
}  // namespace recount::domain
