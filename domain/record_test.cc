#include "absl/strings/match.h"
#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class RecordTest : public testing::Test {
 protected:
  RecordTest() {
    scenario.GivenRule(R"(field_schema {
      fields { collection: 'deals' id: 'area' type: FIELD_TYPE_INTEGER }
      fields { collection: 'deals' id: 'cost' type: FIELD_TYPE_MONEY }
      fields { collection: 'deals' id: 'kind' type: FIELD_TYPE_OPTION options { id: 'new' } options { id: 'old' } }
      fields { collection: 'deals' id: 'parts' type: FIELD_TYPE_OPTIONS options { id: 'a' } options { id: 'b' } }
      fields { collection: 'deals' id: 'free' type: FIELD_TYPE_OPTION }
      fields { collection: 'deals' id: 'due' type: FIELD_TYPE_DATE }
      fields { collection: 'deals' id: 'secret' type: FIELD_TYPE_TEXT personal: true }
      fields { collection: 'teams' id: 'floor' type: FIELD_TYPE_INTEGER required: true } })");
    scenario.GivenRecord("deals/1");
  }
  Asked Annotate(const std::string& what,
                 std::source_location where = std::source_location::current()) {
    return scenario.When("annotate_record { record { name: 'deals/1' } " + what + " }", where);
  }
  const v1::RecordInfo& info() { return *InfoOf(scenario.states["deals/1"]); }
  Scenario scenario;
};

TEST_F(RecordTest, Tags) {
  Annotate("").Refused(v1::EMPTY_COMMAND);
  Annotate("tags { add: 'b' add: 'a' add: 'b' }")
      .Then({"deal { annotated { tags_added: 'a' tags_added: 'b' } }"});
  Annotate("tags { add: 'a' }").Nothing();
  Annotate("tags { add: 'c' remove: 'a' remove: 'z' }")
      .Then({"deal { annotated { tags_added: 'c' tags_removed: 'a' } }"});
  EXPECT_EQ(std::vector<std::string>(info().tags().begin(), info().tags().end()),
            (std::vector<std::string>{"b", "c"}));
  Annotate("tags { add: 'x' remove: 'x' }").Refused(v1::FIELD_INVALID, "tags");
  Annotate("tags { add: '' }").Refused(v1::FIELD_INVALID, "tags");
}

TEST_F(RecordTest, FieldsAreTyped) {
  Annotate("fields { field_id: 'no' value { integer: 1 } }")
      .Refused(v1::UNKNOWN_FIELD, "fields[0]");
  Annotate("fields { field_id: 'floor' value { integer: 1 } }")
      .Refused(v1::UNKNOWN_FIELD);  // of teams
  Annotate("fields { field_id: 'area' value { text: '1' } }")
      .Refused(v1::FIELD_TYPE_MISMATCH, "fields[0]");
  Annotate("fields { field_id: 'kind' value { option: 'big' } }").Refused(v1::FIELD_INVALID);
  Annotate("fields { field_id: 'parts' value { options { ids: 'a' ids: 'z' } } }")
      .Refused(v1::FIELD_INVALID);
  Annotate("fields { field_id: 'cost' value { money { currency_code: 'JPY' nanos: 1 } } }")
      .Refused(v1::CURRENCY_INVALID);
  Annotate("fields { field_id: 'due' value { date { year: 2024 } } }").Refused(v1::FIELD_INVALID);
  Annotate("fields { field_id: 'area' }").Refused(v1::FIELD_REQUIRED, "fields[0].value");
  Annotate("fields { field_id: 'area' value { integer: 1 } remove: true }")
      .Refused(v1::FIELD_INVALID);
  Annotate(
      "fields { field_id: 'area' value { integer: 1 } } fields { field_id: 'area' value { integer: "
      "2 } }")
      .Refused(v1::FIELD_INVALID, "fields[1]");
  Annotate(
      "fields { field_id: 'free' value { option: 'anything' } } fields { field_id: 'parts' value { "
      "options { ids: 'a' } } }")
      .Then({"deal { annotated { fields { field_id: 'free' value { option: 'anything' } } "
             "fields { field_id: 'parts' value { options { ids: 'a' } } } } }"});
}

TEST_F(RecordTest, OptionsAreASet) {
  Annotate("fields { field_id: 'parts' value { options { ids: 'b' ids: 'a' ids: 'b' } } }")
      .Then({"deal { annotated { fields { field_id: 'parts' value { options { ids: 'a' ids: 'b' } "
             "} } } }"});
  Annotate("fields { field_id: 'parts' value { options { ids: 'b' ids: 'a' } } }").Nothing();
}

TEST_F(RecordTest, NullIsNotAbsent) {
  Annotate("fields { field_id: 'area' remove: true }").Nothing();
  Annotate("fields { field_id: 'area' value {} }")
      .Then({"deal { annotated { fields { field_id: 'area' value {} } } }"});
  Annotate("fields { field_id: 'area' value {} }").Nothing();
  ASSERT_EQ(info().fields().count("area"), 1u);
  EXPECT_EQ(info().fields().at("area").value_case(), v1::FieldValue::VALUE_NOT_SET);
  Annotate("fields { field_id: 'area' value { integer: 7 } }")
      .Then({"deal { annotated { fields { field_id: 'area' value { integer: 7 } } } }"});
  Annotate("fields { field_id: 'area' value { integer: 7 } }").Nothing();
  Annotate("fields { field_id: 'area' remove: true }")
      .Then({"deal { annotated { fields { field_id: 'area' remove: true } } }"});
  EXPECT_EQ(info().fields().count("area"), 0u);
}

TEST_F(RecordTest, WhatIsEnteredLateTakesItsPlace) {
  const auto area = [](int value) {
    return absl::StrCat("fields { field_id: 'area' value { integer: ", value, " } }");
  };
  const auto annotated = [](const std::string& what) {
    return "deal { annotated { " + what + " } }";
  };
  Annotate(area(2) + " tags { add: 'b' }")
      .At("2024-04-01")
      .Then({annotated(area(2) + " tags_added: 'b'")});
  Annotate(area(1) + " tags { add: 'a' }")
      .At("2024-03-01")
      .Then({annotated(area(1) + " tags_added: 'a'")});
  Annotate(area(1) + " tags { add: 'a' }").At("2024-03-01").Nothing();
  EXPECT_EQ(info().fields().at("area").integer(), 2);
  EXPECT_EQ(info().tags_size(), 2);
  // What is so now was not so then.
  Annotate(area(2) + " tags { remove: 'b' }").At("2024-03-15").Then({annotated(area(2))});
  Annotate("fields { field_id: 'area' remove: true } tags { remove: 'b' }")
      .Then({annotated("fields { field_id: 'area' remove: true } tags_removed: 'b'")});
  Annotate(area(7) + " tags { add: 'b' }").At("2024-04-02").Then({annotated(area(7))});
  EXPECT_EQ(info().fields().count("area"), 0u);
  EXPECT_EQ(info().tags_size(), 1);
}

TEST_F(RecordTest, PersonalFieldsLieApart) {
  Annotate(
      "fields { field_id: 'secret' value { text: 'x' } } fields { field_id: 'area' value { "
      "integer: 1 } }")
      .Then({"deal { annotated { fields { field_id: 'area' value { integer: 1 } } "
             "personal_fields { field_id: 'secret' value { text: 'x' } } } }"});
  EXPECT_EQ(info().personal_fields().at("secret").text(), "x");
  EXPECT_EQ(info().fields().count("secret"), 0u);
}

TEST_F(RecordTest, RequiredFieldsAtCreation) {
  scenario.When("create_team { name: 'teams/1' display_name: 'T' }")
      .Refused(v1::FIELD_REQUIRED, "fields.floor");
  scenario
      .When(
          "create_team { name: 'teams/1' display_name: 'T' fields { field_id: 'floor' value {} } }")
      .Refused(v1::FIELD_REQUIRED);
  scenario
      .When(
          "create_team { name: 'teams/1' display_name: 'T' fields { field_id: 'floor' value { "
          "integer: 3 } } }")
      .Then({"team { created { display_name: 'T' fields { field_id: 'floor' value { integer: 3 } } "
             "} }"});
}

TEST_F(RecordTest, IsDeletedAndRestored) {
  const std::string deletion = "delete_record { record { name: 'deals/1' } reason: 'test' }";
  scenario.When("delete_record { record { name: 'deals/1' } }")
      .Refused(v1::REASON_REQUIRED, "reason");
  scenario.When("restore_record { record { name: 'deals/1' } }").Nothing();
  const Decision decision =
      scenario.When(deletion).Then({"deal { deleted { personal_reason: 'test' } }"}, {"deals/1"});
  EXPECT_EQ(decision.answer_name, "deals/1");
  scenario.When(deletion).Nothing();
  EXPECT_TRUE(info().deleted());
  EXPECT_EQ(info().delete_reason(), "test");
  Annotate("tags { add: 'a' }").Refused(v1::RECORD_DELETED, "record");
  scenario.When("win_deal { deal { name: 'deals/1' } }").Refused(v1::RECORD_DELETED, "deal");
  scenario.When("restore_record { record { name: 'deals/1' } }").Then({"deal { restored {} }"});
  EXPECT_FALSE(info().deleted());
}

TEST_F(RecordTest, DeletionsAndRestorationsKeepTheirOrder) {
  const std::string deletion = "delete_record { record { name: 'deals/1' } reason: 'test' }";
  const std::string restoration = "restore_record { record { name: 'deals/1' } }";
  scenario.When(deletion).At("2024-04-10").Then({"deal { deleted { personal_reason: 'test' } }"});
  EXPECT_EQ(MicrosFrom(info().delete_time()), MicrosOf("2024-04-09T21:00:00Z"));
  scenario.When(restoration).At("2024-04-09").Refused(v1::BACKDATING_CONFLICT, "header.occurred");
  EXPECT_EQ(scenario.When(restoration).At("2024-04-09").Metadata("conflicting_event"), "deletion");
  scenario.When(restoration).At("2024-04-20").Then({"deal { restored {} }"});
  EXPECT_FALSE(info().has_delete_time());
  // In the order of occurrence it would be restored again five days later.
  scenario.When(deletion).At("2024-04-15").Refused(v1::BACKDATING_CONFLICT);
  EXPECT_EQ(scenario.When(deletion).At("2024-04-15").Metadata("conflicting_event"), "restoration");
  scenario.When(deletion).At("2024-04-20").Then({"deal { deleted { personal_reason: 'test' } }"});
}

TEST_F(RecordTest, ADealGetsNoIdBeforeItsCreation) {
  scenario
      .When("link_external_id { record { name: 'deals/1' } external_id { source: 'x' id: '1' } }")
      .At("2023-12-31")
      .Refused(v1::BACKDATING_CONFLICT, "header.occurred");
}

TEST_F(RecordTest, IsFoundByItsExternalIds) {
  const std::string link =
      "link_external_id { record { name: 'deals/1' } external_id { source: 'x' id: '1' } }";
  scenario.When("link_external_id { record { name: 'deals/1' } }")
      .Refused(v1::FIELD_REQUIRED, "external_id");
  const Decision decision = scenario.When(link).Then(
      {"deal { external_id_linked { external_id { source: 'x' id: '1' } } }"});
  ASSERT_EQ(decision.claims.size(), 1u);
  scenario.When(link).Nothing();
  scenario.GivenRecord("deals/2");
  scenario
      .When("link_external_id { record { name: 'deals/2' } external_id { source: 'x' id: '1' } }")
      .Refused(v1::EXTERNAL_ID_TAKEN, "external_id");
  scenario.When("delete_record { record { external { source: 'x' id: '1' } } reason: 'r' }")
      .Refused(v1::FIELD_REQUIRED, "collection");
  scenario
      .When(
          "delete_record { collection: 'leads' record { external { source: 'x' id: '1' } } reason: "
          "'r' }")
      .Refused(v1::RECORD_NOT_FOUND, "record");
  scenario.When("delete_record { collection: 'leads' record { name: 'deals/1' } reason: 'r' }")
      .Refused(v1::FIELD_INVALID);
  scenario.When("delete_record { collection: 'rules' record { name: 'rules/x' } reason: 'r' }")
      .Refused(v1::FIELD_INVALID);
  scenario
      .When(
          "delete_record { collection: 'deals' record { external { source: 'x' id: '1' } } reason: "
          "'r' }")
      .Then({"deal { deleted { personal_reason: 'r' } }"});
}

TEST_F(RecordTest, SharedEventsHaveTheSameNumbersInAllTypes) {
  for (const char* collection :
       {"leads", "persons", "organizations", "deals", "products", "users", "teams", "org_units"}) {
    const uint32_t aggregate = static_cast<uint32_t>(AggregateOf(collection)) << 16;
    EXPECT_EQ(TypeName(aggregate | 100), "RecordDeleted") << collection;
    EXPECT_EQ(TypeName(aggregate | 101), "RecordRestored") << collection;
    EXPECT_EQ(TypeName(aggregate | 102), "ExternalIdLinked") << collection;
    EXPECT_EQ(TypeName(aggregate | 103), "RecordAnnotated") << collection;
    scenario.GivenRecord(absl::StrCat(collection, "/x"));
    scenario
        .When(absl::StrCat("delete_record { record { name: '", collection, "/x' } reason: 'r' }"))
        .Then({absl::StrCat(
            v1::EventPayload::descriptor()->FindFieldByNumber(AggregateOf(collection))->name(),
            absl::StrContains("leads persons deals", collection)
                ? " { deleted { personal_reason: 'r' } }"  // they have a data subject
                : " { deleted { reason: 'r' } }")});
    EXPECT_EQ(InfoOf(scenario.states[absl::StrCat(collection, "/x")])->delete_reason(), "r");
    EXPECT_TRUE(InfoOf(scenario.states[absl::StrCat(collection, "/x")])->deleted());
    scenario.When(absl::StrCat("restore_record { record { name: '", collection, "/x' } }"))
        .Then({absl::StrCat(
            v1::EventPayload::descriptor()->FindFieldByNumber(AggregateOf(collection))->name(),
            " { restored {} }")});
  }
}

}  // namespace
}  // namespace recount::domain
