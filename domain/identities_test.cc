#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

TEST(UserTest, HasEMailsAndADataSubject) {
  Scenario scenario;
  scenario.When("create_user { name: 'users/1' emails { raw: 'A@x' } }")
      .Refused(v1::NAME_REQUIRED, "display_name");
  const Decision decision =
      scenario.When("create_user { name: 'users/1' display_name: 'Ann' emails { raw: 'A@x' } }")
          .Then({"user { created { display_name: 'Ann' emails { raw: 'A@x' folded: 'a@x' } "
                 "data_subject: 'id-1' } }"},
                {"users/1"});
  EXPECT_EQ(decision.events[0].data_subject, "id-1");
  ASSERT_EQ(decision.lookups.size(), 1u);
  EXPECT_EQ(decision.lookups[0].kind, "email");
  const Decision change = scenario
                              .When(
                                  "change_user_details { user { name: 'users/1' } display_name: "
                                  "'Anna' emails { raw: 'B@x' } }")
                              .Then({"user { details_changed { display_name: 'Anna' emails { raw: "
                                     "'B@x' folded: 'b@x' } } }"});
  EXPECT_EQ(change.events[0].data_subject, "id-1");
  EXPECT_EQ(scenario.The<v1::User>("users/1").emails(0).raw(), "B@x");
  scenario.When("change_user_details { user { name: 'users/1' } display_name: 'Anna' }").Nothing();
  scenario.When("change_user_details { user { name: 'users/1' } display_name: '' }")
      .Refused(v1::NAME_REQUIRED);
  scenario.When("create_user { name: 'users/1' display_name: 'x' }")
      .Refused(v1::RECORD_EXISTS, "name");
  scenario.When("create_user { name: 'users/1' allow_existing: true display_name: 'x' }")
      .Then({"user { details_changed { display_name: 'x' } }"});
}

TEST(TeamTest, HasAName) {
  Scenario scenario;
  const Decision decision =
      scenario.When("create_team { display_name: 'South' }")
          .Then({"team { created { display_name: 'South' } }"}, {"teams/id-1"});
  EXPECT_EQ(decision.events[0].data_subject, "");
  scenario.When("change_team_details { team { name: 'teams/id-1' } display_name: 'North' }")
      .Then({"team { details_changed { display_name: 'North' } }"});
  EXPECT_EQ(scenario.The<v1::Team>("teams/id-1").display_name(), "North");
  scenario.When("create_team {}").Refused(v1::NAME_REQUIRED);
}

TEST(OrgUnitTest, HasAName) {
  Scenario scenario;
  scenario.When("create_org_unit { display_name: 'All' external_ids { source: 'erp' id: '1' } }")
      .Then({"org_unit { created { display_name: 'All' external_ids { source: 'erp' id: '1' } } }"},
            {"org_units/id-1"});
  scenario
      .When(
          "change_org_unit_details { org_unit { external { source: 'erp' id: '1' } } display_name: "
          "'Whole' }")
      .Then({"org_unit { details_changed { display_name: 'Whole' } }"});
  scenario
      .When(
          "create_org_unit { allow_existing: true external_ids { source: 'erp' id: '1' } "
          "display_name: 'Whole' }")
      .Nothing();
  EXPECT_EQ(scenario.The<v1::OrgUnit>("org_units/id-1").display_name(), "Whole");
}

}  // namespace
}  // namespace recount::domain
