#include "absl/strings/match.h"
#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

class RulesTest : public testing::Test {
 protected:
  Asked Publish(const std::string& content, const std::string& from = "",
                std::source_location where = std::source_location::current()) {
    const std::string date = from.empty() ? "" : " effective_from { " + from + " }";
    return scenario.When("publish_rules { rules { content { " + content + " }" + date + " } }",
                         where);
  }
  static std::string Published(const std::string& content, const std::string& from = "") {
    const std::string date = from.empty() ? "" : " effective_from { " + from + " }";
    return "rule { published { rule { content { " + content + " }" + date + " } } }";
  }
  Scenario scenario;
};

constexpr char kOffer[] =
    "probabilities { probabilities { pipeline: 'sales' stage: 'offer' probability_bp: 2000 } }";
constexpr char kApril[] = "year: 2024 month: 4 day: 1";

TEST_F(RulesTest, ArePublishedToAStreamForEachKind) {
  const Decision decision =
      scenario
          .When(std::string("publish_rules { comment: 'first' rules { content { ") + kOffer +
                " } } rules { content { calendar { zone: 'Asia/Jerusalem' } } effective_from { " +
                kApril + " } } }")
          .Then({std::string("rule { published { comment: 'first' rule { content { ") + kOffer +
                     " } } } }",
                 std::string("rule { published { comment: 'first' rule { content { calendar { "
                             "zone: 'Asia/Jerusalem' } } "
                             "effective_from { ") +
                     kApril + " } } } }"},
                {"rules/probabilities", "rules/calendar"});
  EXPECT_EQ(decision.answer_name, "rules/probabilities");
  Publish(kOffer).Nothing();
  Publish(kOffer, kApril).Then({Published(kOffer, kApril)});
}

TEST_F(RulesTest, NeedContent) {
  scenario.When("publish_rules {}").Refused(v1::EMPTY_COMMAND);
  scenario.When("publish_rules { rules {} }").Refused(v1::FIELD_REQUIRED, "rules[0].content");
  scenario
      .When(std::string("publish_rules { rules { content { ") + kOffer + " } } rules { content { " +
            kOffer + " } } }")
      .Refused(v1::RULE_INVALID, "rules[1]");
  Publish(kOffer, "year: 2024 month: 13 day: 1")
      .Refused(v1::FIELD_INVALID, "rules[0].effective_from");
}

TEST_F(RulesTest, Pipelines) {
  Publish("pipelines {}").Refused(v1::RULE_INVALID, "rules[0].content.pipelines.pipelines");
  Publish("pipelines { pipelines { id: 'p' } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.pipelines.pipelines[0].stages");
  Publish("pipelines { pipelines { stages { id: 'a' } } }").Refused(v1::RULE_INVALID);
  Publish("pipelines { pipelines { id: 'p' stages { id: 'a' } stages { id: 'a' } } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.pipelines.pipelines[0].stages[1].id");
  Publish(
      "pipelines { pipelines { id: 'p' stages { id: 'a' } } pipelines { id: 'p' stages { id: 'a' } "
      "} }")
      .Refused(v1::RULE_INVALID);
  Publish("pipelines { pipelines { id: 'p' stages { id: 'a' meaning: STAGE_MEANING_WON } } }")
      .Refused(v1::RULE_INVALID);
}

TEST_F(RulesTest, StageMapsAreTotal) {
  scenario.rules = Rulebook();
  scenario.position = 0;
  const std::string first =
      "pipelines { pipelines { id: 'p' stages { id: 'a' } stages { id: 'b' } } }";
  const std::string second =
      "pipelines { pipelines { id: 'p' stages { id: 'ab' } } stage_maps { pipeline: 'p' ";
  Publish(first).Then({Published(first)});
  Publish(second + "} }").Refused(v1::STAGE_MAP_NOT_TOTAL);
  EXPECT_EQ(Publish(second + "} }").Metadata("stages"), "p/a, p/b");
  Publish(second + "stages { key: 'a' value: 'ab' } } }").Refused(v1::STAGE_MAP_NOT_TOTAL);
  Publish(second + "stages { key: 'a' value: 'no' } } }").Refused(v1::RULE_INVALID);
  Publish(second + "stages { key: 'ab' value: 'ab' } } }").Refused(v1::RULE_INVALID);
  const std::string total =
      second + "stages { key: 'a' value: 'ab' } stages { key: 'b' value: 'ab' } } }";
  Publish(total).Then({Published(total)});
  // The third version needs to say only what became of `ab`.
  const std::string third =
      "pipelines { pipelines { id: 'p' stages { id: 'z' } } stage_maps { pipeline: 'p' stages { "
      "key: 'ab' ";
  Publish("pipelines { pipelines { id: 'p' stages { id: 'z' } } }")
      .Refused(v1::STAGE_MAP_NOT_TOTAL);
  Publish(third + "value: 'z' } } }").Then({Published(third + "value: 'z' } } }")});
  // A pipeline that goes away leaves its stages unknown, and says so.
  Publish("pipelines { pipelines { id: 'q' stages { id: 'z' } } }")
      .Refused(v1::STAGE_MAP_NOT_TOTAL);
}

TEST_F(RulesTest, OfManyMissingStagesTheFirstAreNamed) {
  scenario.rules = Rulebook();
  scenario.position = 0;
  std::string first = "pipelines { pipelines { id: 'p' ";
  for (int i = 0; i < 90; ++i) absl::StrAppend(&first, "stages { id: 's", 10 + i, "' } ");
  first += "} }";
  Publish(first).Then({Published(first)});
  const std::string missing =
      Publish("pipelines { pipelines { id: 'p' stages { id: 'z' } } }").Metadata("stages");
  EXPECT_TRUE(absl::StrContains(missing, "p/s10, p/s11, ")) << missing;
  EXPECT_TRUE(absl::EndsWith(missing, "p/s29 ... (90 in all)")) << missing;
}

TEST_F(RulesTest, StageMapsStayTotalOnLaterDays) {
  const std::string merged = R"(pipelines { pipelines { id: 'p' stages { id: 'ab' } }
      stage_maps { pipeline: 'p' stages { key: 'a' value: 'ab' } stages { key: 'b' value: 'ab' } } })";
  const std::string early =
      "pipelines { pipelines { id: 'p' stages { id: 'a' } stages { id: 'b' } stages { id: 'c' } } "
      "}";
  constexpr char kMarch[] = "year: 2024 month: 3 day: 1";
  scenario.rules = Rulebook();
  scenario.position = 0;
  scenario.GivenRule("pipelines { pipelines { id: 'p' stages { id: 'a' } stages { id: 'b' } } }");
  Publish(merged, kApril).Then({Published(merged, kApril)});
  // Entered later and in force before it: `c` would have no place from April on.
  Publish(early, kMarch).Refused(v1::STAGE_MAP_NOT_TOTAL, "rules[0].content.pipelines.pipelines");
  EXPECT_EQ(Publish(early, kMarch).Metadata("stages"), "p/c");
  EXPECT_EQ(Publish(early, kMarch).Metadata("effective_from"), "2024-04-01");
  const std::string ready =
      R"(pipelines { pipelines { id: 'p' stages { id: 'ab' } } stage_maps { pipeline: 'p'
      stages { key: 'a' value: 'ab' } stages { key: 'b' value: 'ab' } stages { key: 'c' value: 'ab' } } })";
  Publish(ready, kApril).Then({Published(ready, kApril)});
  Publish(early, kMarch).Then({Published(early, kMarch)});
}

TEST_F(RulesTest, AWithdrawalLeavesStageMapsTotal) {
  scenario.rules = Rulebook();
  scenario.position = 0;
  scenario.GivenRule("pipelines { pipelines { id: 'p' stages { id: 'a' } } }");
  scenario.GivenRule(
      "pipelines { pipelines { id: 'p' stages { id: 'b' } } stage_maps { pipeline: 'p' stages { "
      "key: 'a' value: 'b' } } }",
      "2024-03-01");
  scenario.GivenRule(
      "pipelines { pipelines { id: 'p' stages { id: 'c' } } stage_maps { pipeline: 'p' stages { "
      "key: 'b' value: 'c' } } }",
      "2024-04-01");
  const auto withdraw = [](int position) {
    return absl::StrCat("withdraw_rule { kind: RULE_KIND_PIPELINES published_position: ", position,
                        " }");
  };
  scenario.When(withdraw(2)).Refused(v1::STAGE_MAP_NOT_TOTAL, "published_position");
  EXPECT_EQ(scenario.When(withdraw(2)).Metadata("stages"), "p/a");
  scenario.When(withdraw(3)).Then({"rule { withdrawn { published_position: 3 } }"});
  scenario.When(withdraw(2)).Then({"rule { withdrawn { published_position: 2 } }"});
}

TEST_F(RulesTest, ACalendarIsAlwaysInForce) {
  scenario.GivenRule("calendar { zone: 'Asia/Jerusalem' }");
  const std::string withdraw = absl::StrCat(
      "withdraw_rule { kind: RULE_KIND_CALENDAR published_position: ", scenario.position, " }");
  scenario.GivenRule("calendar { zone: 'Europe/Berlin' }", "2024-04-01");
  scenario.When(withdraw).Refused(v1::RULE_NOT_RETROACTIVE, "published_position");
  scenario.GivenRule("calendar { zone: 'Europe/Paris' }");
  scenario.When(withdraw).Then({"rule { withdrawn { published_position: 2 } }"});
}

TEST_F(RulesTest, Probabilities) {
  Publish(
      "probabilities { probabilities { pipeline: 'sales' stage: 'offer' probability_bp: 10001 } }")
      .Refused(v1::RULE_INVALID);
  Publish("probabilities { probabilities { pipeline: 'sales' stage: 'no' } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.probabilities.probabilities[0]");
  Publish(
      "probabilities { probabilities { pipeline: 'sales' stage: 'offer' } probabilities { "
      "pipeline: 'sales' stage: 'offer' } }")
      .Refused(v1::RULE_INVALID);
  // Of a pipeline that is published with them.
  scenario.rules = Rulebook();
  scenario
      .When(
          R"(publish_rules { rules { content { probabilities { probabilities { pipeline: 'n' stage: 's' } } } }
                   rules { content { pipelines { pipelines { id: 'n' stages { id: 's' } } } } } })")
      .Then({Published("probabilities { probabilities { pipeline: 'n' stage: 's' } }"),
             Published("pipelines { pipelines { id: 'n' stages { id: 's' } } }")});
}

TEST_F(RulesTest, Calendar) {
  Publish("calendar { zone: 'Moon/Sea' }").Refused(v1::UNKNOWN_ZONE);
  Publish("calendar { zone: 'UTC' week_start: 8 }").Refused(v1::RULE_INVALID);
  Publish("calendar { zone: 'UTC' fiscal_year_start_month: 13 }").Refused(v1::RULE_INVALID);
  Publish("calendar { zone: 'UTC' working_days: 0 }").Refused(v1::RULE_INVALID);
  Publish("calendar { zone: 'UTC' holidays { year: 2024 month: 2 day: 30 } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.calendar.holidays[0]");
}

TEST_F(RulesTest, ExchangeRates) {
  const std::string date = "date { year: 2024 month: 1 day: 1 }";
  Publish("exchange_rates { rates { from: 'USD' to: 'ILX' rate_nanos: 1 " + date + " } }")
      .Refused(v1::UNKNOWN_CURRENCY);
  Publish("exchange_rates { rates { from: 'USD' to: 'USD' rate_nanos: 1 " + date + " } }")
      .Refused(v1::RULE_INVALID);
  Publish("exchange_rates { rates { from: 'USD' to: 'ILS' rate_nanos: 0 " + date + " } }")
      .Refused(v1::RULE_INVALID);
  Publish("exchange_rates { rates { from: 'USD' to: 'ILS' rate_nanos: 1 } }")
      .Refused(v1::RULE_INVALID);
  const std::string rate = "rates { from: 'USD' to: 'ILS' rate_nanos: 3600000000 " + date + " }";
  Publish("exchange_rates { " + rate + rate + " }")
      .Refused(v1::RULE_INVALID, "rules[0].content.exchange_rates.rates[1]");
  Publish("exchange_rates { " + rate + " }").Then({Published("exchange_rates { " + rate + " }")});
}

TEST_F(RulesTest, AnOrgChartNamesRecordsThatAreThere) {
  const std::string chart = "org_chart { edges { child: 'users/1' parent: 'teams/2' } }";
  scenario.GivenRecord("users/1");
  Publish(chart).Refused(v1::RECORD_NOT_FOUND, "rules[0].content.org_chart.edges[0]");
  EXPECT_EQ(Publish(chart).Metadata("name"), "teams/2");
  scenario.When("draft_rules { draft: 'drafts/1' rules { content { " + chart + " } } }")
      .Refused(v1::RECORD_NOT_FOUND);
  // Somebody who left keeps the past.
  scenario.GivenRecord("teams/2");
  scenario.Given("users/1", "2024-05-01T08:00:00Z", "user { deleted { reason: 'left' } }");
  Publish(chart).Then({Published(chart)});
  const std::string nowhere = "org_chart { edges { child: 'users/1' } }";
  Publish(nowhere).Then({Published(nowhere)});
}

TEST_F(RulesTest, OrgChart) {
  Publish("org_chart { edges { child: 'users/1' parent: 'users/2' } }").Refused(v1::RULE_INVALID);
  Publish("org_chart { edges { child: 'org_units/1' parent: 'teams/2' } }")
      .Refused(v1::RULE_INVALID);
  Publish("org_chart { edges { child: 'deals/1' } }").Refused(v1::RULE_INVALID);
  Publish("org_chart { edges { child: 'users/1' parent: 'nonsense' } }").Refused(v1::RULE_INVALID);
  Publish(
      "org_chart { edges { child: 'users/1' parent: 'teams/2' } edges { child: 'users/1' parent: "
      "'teams/3' } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.org_chart.edges[1]");
  Publish("org_chart { edges { child: 'org_units/1' parent: 'org_units/1' } }")
      .Refused(v1::ORG_CYCLE);
  // A cycle that lasts one day only.
  Publish(R"(org_chart { edges { child: 'org_units/1' parent: 'org_units/2' }
             edges { child: 'org_units/1' from { year: 2024 month: 3 day: 2 } }
             edges { child: 'org_units/2' parent: 'org_units/1' from { year: 2024 month: 3 day: 1 } } })")
      .Refused(v1::ORG_CYCLE);
  for (const char* name : {"org_units/1", "org_units/2"}) scenario.GivenRecord(name);
  const std::string swapped = R"(org_chart { edges { child: 'org_units/1' parent: 'org_units/2' }
      edges { child: 'org_units/1' from { year: 2024 month: 3 day: 1 } }
      edges { child: 'org_units/2' parent: 'org_units/1' from { year: 2024 month: 3 day: 1 } } })";
  Publish(swapped).Then({Published(swapped)});
}

TEST_F(RulesTest, TheWayUpAnOrgChartEnds) {
  // The cycle lies above the child of the first edge.
  const std::string above = R"(org_chart { edges { child: 'users/1' parent: 'org_units/1' }
      edges { child: 'org_units/1' parent: 'org_units/2' } edges { child: 'org_units/2' parent: 'org_units/1' } })";
  Publish(above).Refused(v1::ORG_CYCLE, "rules[0].content.org_chart.edges[0]");
  EXPECT_EQ(Publish(above).Metadata("child"), "org_units/1");
  const auto chain = [](int length) {
    std::string edges;
    for (int i = 0; i < length; ++i) {
      absl::StrAppend(&edges, "edges { child: 'org_units/", i, "' parent: 'org_units/", i + 1,
                      "' } ");
    }
    return "org_chart { " + edges + "}";
  };
  Publish(chain(51)).Refused(v1::RULE_INVALID, "rules[0].content.org_chart.edges[0]");
  for (int i = 0; i <= 50; ++i) scenario.GivenRecord(absl::StrCat("org_units/", i));
  Publish(chain(50)).Then({Published(chain(50))});
}

TEST_F(RulesTest, FieldSchema) {
  const std::string text =
      "field_schema { fields { collection: 'deals' id: 'x' type: FIELD_TYPE_TEXT } }";
  Publish("field_schema { fields { collection: 'rules' id: 'x' type: FIELD_TYPE_TEXT } }")
      .Refused(v1::RULE_INVALID);
  Publish("field_schema { fields { collection: 'deals' id: 'a b' type: FIELD_TYPE_TEXT } }")
      .Refused(v1::RULE_INVALID);
  Publish("field_schema { fields { collection: 'deals' id: 'x' } }").Refused(v1::RULE_INVALID);
  Publish(
      "field_schema { fields { collection: 'deals' id: 'x' type: FIELD_TYPE_TEXT options { id: 'o' "
      "} } }")
      .Refused(v1::RULE_INVALID);
  Publish(
      "field_schema { fields { collection: 'products' id: 'x' type: FIELD_TYPE_TEXT personal: true "
      "} }")
      .Refused(v1::RULE_INVALID);
  // Facts keep a money field's currency under that name.
  Publish(
      "field_schema { fields { collection: 'deals' id: 'm' type: FIELD_TYPE_MONEY } "
      "fields { collection: 'deals' id: 'm_currency' type: FIELD_TYPE_TEXT } }")
      .Refused(v1::RULE_INVALID);
  Publish(text).Then({Published(text)});
  Publish("field_schema {}").Then({Published("field_schema {}")});
  Publish("field_schema { fields { collection: 'deals' id: 'x' type: FIELD_TYPE_FLAG } }")
      .Refused(v1::RULE_NOT_RETROACTIVE);
  Publish("field_schema { fields { collection: 'leads' id: 'x' type: FIELD_TYPE_FLAG } }")
      .Then({Published(
          "field_schema { fields { collection: 'leads' id: 'x' type: FIELD_TYPE_FLAG } }")});
}

TEST_F(RulesTest, AFieldStaysPersonalOrNot) {
  const auto schema = [](const std::string& personal) {
    return "field_schema { fields { collection: 'deals' id: 'x' type: FIELD_TYPE_TEXT personal: " +
           personal + " } }";
  };
  Publish(schema("true")).Then({Published(schema("true"))});
  Publish(schema("false"))
      .Refused(v1::RULE_NOT_RETROACTIVE, "rules[0].content.field_schema.fields[0]");
  const std::string open =
      "field_schema { fields { collection: 'deals' id: 'y' type: FIELD_TYPE_TEXT } }";
  Publish(open, kApril).Then({Published(open, kApril)});
  Publish(
      "field_schema { fields { collection: 'deals' id: 'y' type: FIELD_TYPE_TEXT personal: true } "
      "}")
      .Refused(v1::RULE_NOT_RETROACTIVE);
}

TEST_F(RulesTest, Reasons) {
  Publish("reasons { reasons { id: 'a' } reasons { id: 'a' } }")
      .Refused(v1::RULE_INVALID, "rules[0].content.reasons.reasons[1].id");
}

TEST_F(RulesTest, AreWithdrawn) {
  Publish(kOffer).Then({Published(kOffer)});
  const std::string withdraw = absl::StrCat(
      "withdraw_rule { kind: RULE_KIND_PROBABILITIES reason: 'typo' published_position: ",
      scenario.position, " }");
  scenario.When("withdraw_rule { published_position: 1 }").Refused(v1::FIELD_REQUIRED, "kind");
  scenario.When("withdraw_rule { kind: RULE_KIND_PROBABILITIES published_position: 77 }")
      .Refused(v1::RULE_VERSION_NOT_FOUND);
  scenario.When("withdraw_rule { kind: RULE_KIND_PROBABILITIES published_position: 1 }")
      .Refused(v1::RULE_VERSION_NOT_FOUND);
  scenario.When(withdraw).Then(
      {absl::StrCat("rule { withdrawn { reason: 'typo' published_position: ", scenario.position,
                    " } }")},
      {"rules/probabilities"});
  scenario.When(withdraw).Nothing();
  Publish(kOffer).Then({Published(kOffer)});
}

TEST_F(RulesTest, AreDraftedAndPublished) {
  const std::string rules = std::string("rules { content { ") + kOffer + " } }";
  const std::string draft = "draft_rules { draft: 'drafts/1' comment: 'c' " + rules + " }";
  scenario.When("draft_rules { " + rules + " }").Refused(v1::FIELD_REQUIRED, "draft");
  scenario.When("draft_rules { draft: 'rules/1' " + rules + " }")
      .Refused(v1::FIELD_INVALID, "draft");
  scenario.When("draft_rules { draft: 'drafts/a\\nb' " + rules + " }")
      .Refused(v1::FIELD_INVALID, "draft");
  scenario.When("draft_rules { draft: 'drafts/1' }").Refused(v1::EMPTY_COMMAND);
  scenario.When("draft_rules { draft: 'drafts/1' rules { content { calendar {} } } }")
      .Refused(v1::UNKNOWN_ZONE);
  scenario.When("publish_draft { draft: 'drafts/1' }").Refused(v1::DRAFT_NOT_FOUND, "draft");
  scenario.When(draft).Then({"draft { saved { comment: 'c' " + rules + " } }"}, {"drafts/1"});
  scenario.When(draft).Nothing();
  EXPECT_EQ(scenario.rules.InForce(v1::RULE_KIND_PROBABILITIES, 0), nullptr);
  EXPECT_TRUE(std::get<DraftState>(scenario.states["drafts/1"]).draft.is_open());
  scenario.When("publish_draft { draft: 'drafts/1' }")
      .Then({std::string("rule { published { comment: 'c' draft: 'drafts/1' rule { content { ") +
                 kOffer + " } } } }",
             "draft { published {} }"},
            {"rules/probabilities", "drafts/1"});
  EXPECT_NE(scenario.rules.InForce(v1::RULE_KIND_PROBABILITIES, 0), nullptr);
  scenario.When("publish_draft { draft: 'drafts/1' }").Refused(v1::DRAFT_CLOSED, "draft");
  scenario.When("discard_draft { draft: 'drafts/1' }").Refused(v1::DRAFT_CLOSED, "draft");
  scenario.When(draft).Refused(v1::DRAFT_CLOSED, "draft");
}

TEST_F(RulesTest, DraftsAreCheckedAgainWhenPublished) {
  const std::string pipelines =
      "rules { content { pipelines { pipelines { id: 'n' stages { id: 's' } } } } }";
  scenario.rules = Rulebook();
  scenario.position = 0;
  scenario.When("draft_rules { draft: 'drafts/1' " + pipelines + " }")
      .Then({"draft { saved { " + pipelines + " } }"});
  scenario.GivenRule("pipelines { pipelines { id: 'm' stages { id: 's' } } }");
  scenario.When("publish_draft { draft: 'drafts/1' }").Refused(v1::STAGE_MAP_NOT_TOTAL);
  scenario.When("discard_draft { draft: 'drafts/1' }").Then({"draft { discarded {} }"});
  scenario.When("discard_draft { draft: 'drafts/2' }").Refused(v1::DRAFT_NOT_FOUND);
}

}  // namespace
}  // namespace recount::domain
