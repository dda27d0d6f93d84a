#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class LeadConversionTest : public testing::Test {
 protected:
  LeadConversionTest() {
    scenario.GivenRecord("users/1");
    scenario.GivenRecord("users/2");
    scenario.Given(
        "leads/1", "2024-03-01T08:00:00Z",
        "lead { captured { person_name { display: 'Ann' } data_subject: 's' owner: 'users/1' } }");
  }
  Scenario scenario;
};

TEST_F(LeadConversionTest, ConvertsIntoAPersonAndAnOrganizationThatAreMade) {
  const Decision decision =
      scenario
          .When(
              R"(convert_lead { lead { name: 'leads/1' } create_person: true create_organization_name: 'Acme'
                   organization_external_ids { source: 'x' id: '1' } })")
          .Then(
              {R"(organization { created { display_name: 'Acme' owner: 'users/1' data_subject: 'id-4'
                    external_ids { source: 'x' id: '1' } } })",
               R"(person { created { person_name { display: 'Ann' } organization: 'organizations/id-3' owner: 'users/1'
                    data_subject: 'id-2' normaliser_version: 7 } })",
               R"(lead { converted { person: 'persons/id-1' organization: 'organizations/id-3' linked_subject: 'id-2' } })"},
              {"organizations/id-3", "persons/id-1", "leads/1"});
  EXPECT_EQ(decision.answer_name, "leads/1");
  EXPECT_EQ(decision.events[1].data_subject, "id-2");
  EXPECT_EQ(decision.events[2].data_subject, "s");
  EXPECT_EQ(decision.claims.size(), 1u);
  EXPECT_EQ(scenario.The<v1::Lead>("leads/1").info().linked_subjects(0), "id-2");
}

TEST_F(LeadConversionTest, ConvertsIntoWhatIsThere) {
  scenario.GivenRecord("persons/1");
  scenario.GivenRecord("deals/1");
  scenario
      .When(
          "convert_lead { lead { name: 'leads/1' } person { name: 'persons/1' } deal { name: "
          "'deals/1' } }")
      .Then({"lead { converted { person: 'persons/1' deal: 'deals/1' linked_subject: "
             "'person-subject' } }",
             "deal { details_changed { lead: 'leads/1' } }"},
            {"leads/1", "deals/1"});
  EXPECT_EQ(scenario.The<v1::Deal>("deals/1").lead(), "leads/1");
}

TEST_F(LeadConversionTest, ADealKeepsTheLeadAndTheSourceThatItHas) {
  scenario.GivenRecord("organizations/1");
  scenario.Given("leads/2", "2024-03-01T08:00:00Z", "lead { captured { source { id: 'web' } } }");
  scenario.Given("leads/3", "2024-03-01T08:00:00Z", "lead { captured { source { id: 'fair' } } }");
  scenario.Given("deals/1", "2024-03-05T08:00:00Z",
                 "deal { created { pipeline: 'sales' stage: 'potential' } }");
  scenario.Given("deals/2", "2024-03-05T08:00:00Z",
                 "deal { created { pipeline: 'sales' stage: 'potential' source { id: 's' } } }");
  const auto convert = [this](const std::string& lead, const std::string& deal) {
    return scenario.When("convert_lead { lead { name: '" + lead +
                         "' } organization { name: 'organizations/1' } deal { name: '" + deal +
                         "' } }");
  };
  // Converted before the deal was recorded: the deal has no past before its creation.
  const Decision decision =
      convert("leads/2", "deals/1")
          .At("2024-03-03")
          .Then({"lead { converted { organization: 'organizations/1' deal: 'deals/1' } }",
                 "deal { details_changed { lead: 'leads/2' source { id: 'web' } } }"});
  EXPECT_EQ(decision.events[1].occurred_micros, MicrosOf("2024-03-05T08:00:00Z"));
  EXPECT_EQ(decision.events[1].precision, v1::PRECISION_INSTANT);
  convert("leads/3", "deals/1")
      .Then({"lead { converted { organization: 'organizations/1' deal: 'deals/1' } }"});
  convert("leads/1", "deals/2")
      .Then({"lead { converted { organization: 'organizations/1' deal: 'deals/2' } }",
             "deal { details_changed { lead: 'leads/1' } }"});
}

TEST_F(LeadConversionTest, ConversionNeedsAPartyAndNoContradiction) {
  scenario.GivenRecord("persons/1");
  scenario.GivenRecord("organizations/1");
  scenario.When("convert_lead { lead { name: 'leads/1' } }").Refused(v1::PARTY_REQUIRED);
  scenario
      .When(
          "convert_lead { lead { name: 'leads/1' } person { name: 'persons/1' } create_person: "
          "true }")
      .Refused(v1::FIELD_INVALID, "create_person");
  scenario
      .When(R"(convert_lead { lead { name: 'leads/1' } organization { name: 'organizations/1' }
                   create_organization_name: 'x' })")
      .Refused(v1::FIELD_INVALID, "create_organization_name");
  scenario
      .When(R"(convert_lead { lead { name: 'leads/1' } organization { name: 'organizations/1' }
                   organization_external_ids { source: 'x' id: '1' } })")
      .Refused(v1::FIELD_INVALID);
  scenario.When("convert_lead { lead { name: 'leads/1' } person { name: 'persons/7' } }")
      .Refused(v1::RECORD_NOT_FOUND, "person");
}

TEST_F(LeadConversionTest, IsConvertedOnceAndKeepsItsHistoryOpenForCorrections) {
  scenario.GivenRecord("organizations/1");
  scenario
      .When("convert_lead { lead { name: 'leads/1' } organization { name: 'organizations/1' } }")
      .Then({"lead { converted { organization: 'organizations/1' } }"});
  scenario.When("convert_lead { lead { name: 'leads/1' } create_person: true }")
      .Refused(v1::LEAD_CONVERTED, "lead");
  scenario.When("qualify_lead { lead { name: 'leads/1' } }").Refused(v1::LEAD_CONVERTED);
  scenario.When("accept_lead { lead { name: 'leads/1' } }").Refused(v1::LEAD_CONVERTED);
  scenario.When("disqualify_lead { lead { name: 'leads/1' } reason: 'x' }")
      .Refused(v1::LEAD_CONVERTED);
  scenario.When("requalify_lead { lead { name: 'leads/1' } }").Refused(v1::LEAD_CONVERTED);
  scenario.When("change_lead_status { lead { name: 'leads/1' } status: 'x' }")
      .Refused(v1::LEAD_CONVERTED);
  scenario.When("schedule_lead_handling { lead { name: 'leads/1' } handle_by { seconds: 1 } }")
      .Refused(v1::LEAD_CONVERTED);
  scenario.When("assign_lead { lead { name: 'leads/1' } owner { name: 'users/2' } }")
      .Then({"lead { assigned { owner: 'users/2' } }"});
  scenario.When("change_lead_details { lead { name: 'leads/1' } request: 'x' }")
      .Then({"lead { details_changed { request: 'x' normaliser_version: 7 } }"});
  scenario.When("annotate_record { record { name: 'leads/1' } tags { add: 't' } }")
      .Then({"lead { annotated { tags_added: 't' } }"});
}

}  // namespace
}  // namespace recount::domain
