#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class PersonTest : public testing::Test {
 protected:
  PersonTest() {
    scenario.GivenRecord("organizations/1");
    scenario.GivenRecord("users/1");
  }
  const v1::Person& person() { return scenario.The<v1::Person>("persons/1"); }
  Scenario scenario;
};

constexpr char kCreate[] =
    R"(create_person { name: 'persons/1' external_ids { source: 'x' id: '1' } person_name { display: 'Dana' }
    phones { raw: '1' } emails { raw: 'D@x' } address { city: 'Haifa' } birth_date { year: 1980 month: 2 day: 29 }
    organization { name: 'organizations/1' } job_title: 'CTO' owner { name: 'users/1' } )";

TEST_F(PersonTest, IsCreated) {
  const Decision decision =
      scenario.When(std::string(kCreate) + "}")
          .Then(
              {R"(person { created { external_ids { source: 'x' id: '1' } person_name { display: 'Dana' folded: 'dana' }
          phones { raw: '1' e164: '+1' } emails { raw: 'D@x' folded: 'd@x' } address { city: 'Haifa' }
          birth_date { year: 1980 month: 2 day: 29 } organization: 'organizations/1' job_title: 'CTO' owner: 'users/1'
          data_subject: 'id-1' normaliser_version: 7 } })"},
              {"persons/1"});
  EXPECT_EQ(decision.events[0].data_subject, "id-1");
  EXPECT_EQ(decision.lookups.size(), 2u);
  EXPECT_EQ(decision.lookups[0].stream, "persons/1");
  EXPECT_EQ(person().birth_date().day(), 29);
  EXPECT_EQ(person().organization(), "organizations/1");
  scenario.When(std::string(kCreate) + "}").Refused(v1::RECORD_EXISTS);
  scenario.When(std::string(kCreate) + "allow_existing: true }").Nothing();
}

TEST_F(PersonTest, NeedsSomethingToBeKnownBy) {
  scenario.When("create_person { job_title: 'x' }").Refused(v1::NAME_REQUIRED, "person_name");
  scenario.When("create_person { name: 'persons/7' }")
      .Then({"person { created { data_subject: 'id-3' normaliser_version: 7 } }"});
}

TEST_F(PersonTest, ChangesDetails) {
  scenario.When(std::string(kCreate) + "}")
      .Then(
          {R"(person { created { external_ids { source: 'x' id: '1' } person_name { display: 'Dana' folded: 'dana' }
          phones { raw: '1' e164: '+1' } emails { raw: 'D@x' folded: 'd@x' } address { city: 'Haifa' }
          birth_date { year: 1980 month: 2 day: 29 } organization: 'organizations/1' job_title: 'CTO' owner: 'users/1'
          data_subject: 'id-1' normaliser_version: 7 } })"});
  const std::string change =
      R"(change_person_details { person { external { source: 'x' id: '1' } } job_title: '' phones { raw: '2' }
      emails { raw: 'd@x' } address { city: 'Haifa' } })";
  const Decision decision = scenario.When(change).Then(
      {R"(person { details_changed { job_title: '' phones { raw: '2' e164: '+2' } emails { raw: 'd@x' folded: 'd@x' }
          normaliser_version: 7 } })"});
  EXPECT_EQ(decision.events[0].data_subject, "id-1");
  EXPECT_EQ(decision.lookups[0].value, "+2");
  scenario.When(change).Nothing();
  EXPECT_EQ(person().phones_size(), 1);
  EXPECT_EQ(person().person_name().display(), "Dana");
  scenario
      .When(
          "change_person_details { person { name: 'persons/1' } organization { name: "
          "'organizations/2' } }")
      .Refused(v1::RECORD_NOT_FOUND, "organization");
  scenario
      .When(
          "change_person_details { person { name: 'persons/1' } birth_date { year: 1981 month: 2 "
          "day: 29 } }")
      .Refused(v1::FIELD_INVALID, "birth_date");
}

TEST_F(PersonTest, UpsertKeepsWhatIsNotGiven) {
  scenario.Given("persons/1", "2024-01-01",
                 "person { created { job_title: 'CTO' owner: 'users/1' data_subject: 's' } }");
  scenario
      .When(
          "create_person { name: 'persons/1' allow_existing: true person_name { display: 'New' } "
          "tags: 'vip' }")
      .Then({"person { details_changed { person_name { display: 'New' folded: 'new' } "
             "normaliser_version: 7 } }",
             "person { annotated { tags_added: 'vip' } }"});
  EXPECT_EQ(person().job_title(), "CTO");
  EXPECT_EQ(person().info().create_precision(), v1::PRECISION_DAY);
}

}  // namespace
}  // namespace recount::domain
