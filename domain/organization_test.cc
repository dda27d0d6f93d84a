#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class OrganizationTest : public testing::Test {
 protected:
  OrganizationTest() {
    for (const char* name : {"organizations/a", "organizations/b", "organizations/c", "users/1"})
      scenario.GivenRecord(name);
  }
  Asked Parent(const std::string& child, const std::string& parent,
               std::source_location where = std::source_location::current()) {
    const std::string ref =
        parent.empty() ? "" : " parent { name: 'organizations/" + parent + "' }";
    return scenario.When("set_organization_parent { organization { name: 'organizations/" + child +
                             "' }" + ref + " }",
                         where);
  }
  const v1::Organization& The(const std::string& id) {
    return scenario.The<v1::Organization>("organizations/" + id);
  }
  Scenario scenario;
};

TEST_F(OrganizationTest, IsCreated) {
  const Decision decision =
      scenario
          .When(
              R"(create_organization { name: 'organizations/1' display_name: 'Acme' legal_id: '51' kinds: PARTY_KIND_PARTNER
                   kinds: PARTY_KIND_CUSTOMER kinds: PARTY_KIND_PARTNER parent { name: 'organizations/a' } sector: 'steel'
                   address { country: 'IL' } owner { name: 'users/1' } phones { raw: '1' } emails { raw: 'A@x' } })")
          .Then(
              {R"(organization { created { display_name: 'Acme' legal_id: '51' kinds: PARTY_KIND_CUSTOMER
                    kinds: PARTY_KIND_PARTNER parent: 'organizations/a' sector: 'steel' address { country: 'IL' }
                    owner: 'users/1' phones { raw: '1' e164: '+1' } emails { raw: 'A@x' folded: 'a@x' }
                    data_subject: 'id-1' normaliser_version: 7 } })"});
  EXPECT_EQ(decision.lookups.size(), 2u);
  EXPECT_EQ(The("1").sector(), "steel");
  scenario.When("create_organization {}").Refused(v1::NAME_REQUIRED, "display_name");
  scenario.When("create_organization { display_name: 'x' kinds: PARTY_KIND_UNSPECIFIED }")
      .Refused(v1::FIELD_INVALID, "kinds");
}

TEST_F(OrganizationTest, ChangesDetails) {
  const std::string change =
      R"(change_organization_details { organization { name: 'organizations/a' } display_name: 'New'
      owner { name: 'users/1' } legal_id: '' sector: 'x' })";
  scenario.When(change).Then(
      {"organization { details_changed { display_name: 'New' owner: 'users/1' sector: 'x' "
       "normaliser_version: 7 } }"});
  scenario.When(change).Nothing();
  scenario
      .When(
          "change_organization_details { organization { name: 'organizations/a' } display_name: '' "
          "}")
      .Refused(v1::NAME_REQUIRED);
}

TEST_F(OrganizationTest, LiesUnderAnotherWithoutACycle) {
  Parent("a", "a").Refused(v1::PARENT_CYCLE, "parent");
  Parent("b", "a").Then({"organization { parent_set { parent: 'organizations/a' } }"},
                        {"organizations/b"});
  Parent("b", "a").Nothing();
  Parent("c", "b").Then({"organization { parent_set { parent: 'organizations/b' } }"});
  Parent("a", "c").Refused(v1::PARENT_CYCLE, "parent");
  scenario
      .When(
          "create_organization { name: 'organizations/a' allow_existing: true parent { name: "
          "'organizations/c' } }")
      .Refused(v1::PARENT_CYCLE, "parent");
  Parent("b", "").Then({"organization { parent_set {} }"});
  EXPECT_EQ(The("b").parent(), "");
  Parent("a", "c").Then({"organization { parent_set { parent: 'organizations/c' } }"});
  Parent("a", "z").Refused(v1::RECORD_NOT_FOUND, "parent");
}

TEST_F(OrganizationTest, AtMostFiftyLieAboveOne) {
  const auto name = [](int id) { return "organizations/" + std::to_string(id); };
  const auto create = [&](int id, int parent) {
    return scenario.When("create_organization { name: '" + name(id) +
                         "' display_name: 'x' parent { name: '" + name(parent) + "' } }");
  };
  scenario.GivenRecord(name(0));
  for (int level = 1; level <= 49; ++level) {
    scenario.Given(name(level), "2024-01-01T08:00:00Z",
                   "organization { created { display_name: 'o' parent: '" + name(level - 1) +
                       "' } }");
  }
  create(50, 49).Then({"organization { created { display_name: 'x' parent: 'organizations/49' "
                       "data_subject: 'id-1' normaliser_version: 7 } }"});
  create(51, 50).Refused(v1::FIELD_INVALID, "parent");
  Parent("a", "50").Refused(v1::FIELD_INVALID, "parent");
  scenario
      .When(
          "create_organization { name: 'organizations/a' allow_existing: true parent { name: "
          "'organizations/50' } }")
      .Refused(v1::FIELD_INVALID, "parent");
  Parent("0", "50").Refused(v1::PARENT_CYCLE, "parent");
  Parent("a", "49").Then({"organization { parent_set { parent: 'organizations/49' } }"});
}

TEST_F(OrganizationTest, HasKinds) {
  const std::string set =
      "set_party_kinds { organization { name: 'organizations/a' } kinds: PARTY_KIND_SUPPLIER "
      "kinds: PARTY_KIND_LEAD }";
  scenario.When(set).Then(
      {"organization { kinds_set { kinds: PARTY_KIND_LEAD kinds: PARTY_KIND_SUPPLIER } }"});
  scenario.When(set).Nothing();
  scenario.When("set_party_kinds { organization { name: 'organizations/a' } }")
      .Then({"organization { kinds_set {} }"});
}

TEST_F(OrganizationTest, Upserts) {
  const std::string upsert =
      R"(create_organization { name: 'organizations/a' allow_existing: true display_name: 'o' sector: 's'
      kinds: PARTY_KIND_CUSTOMER parent { name: 'organizations/b' } external_ids { source: 'x' id: '1' } })";
  scenario.When(upsert).Then(
      {"organization { details_changed { sector: 's' normaliser_version: 7 } }",
       "organization { kinds_set { kinds: PARTY_KIND_CUSTOMER } }",
       "organization { parent_set { parent: 'organizations/b' } }",
       "organization { external_id_linked { external_id { source: 'x' id: '1' } } }"});
  scenario.When(upsert).Nothing();
}

}  // namespace
}  // namespace recount::domain
