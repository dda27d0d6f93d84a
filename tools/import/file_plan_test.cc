#include "tools/import/file_plan.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  std::vector<std::string> commands;  // text of each, request ids cut off at the digest
  std::vector<std::string> ids;
  std::vector<std::string> errors;    // one a refused row
  std::vector<api::OrgEdge> edges;
};

absl::StatusOr<std::unique_ptr<FilePlan>> MakePlan(const std::string& mapping_text, const std::string& csv,
                                                   std::unique_ptr<Mapping>* mapping, CsvReader* reader) {
  absl::StatusOr<std::unique_ptr<Mapping>> parsed = ParseMapping(mapping_text, "test.textproto");
  if (!parsed.ok()) return parsed.status();
  *mapping = *std::move(parsed);
  std::map<std::string, std::unique_ptr<Table>> tables;
  CsvReader prices(TextSource("product,price\nGTX Pro,4821\n"));
  tables["prices"] = *Table::Read(&prices, "product");
  return FilePlan::Make(**mapping, 0, *ReadHeader(reader), std::move(tables));
}

Outcome PlanAll(const std::string& mapping_text, const std::string& csv, bool all_taken = true) {
  Outcome out;
  std::unique_ptr<Mapping> mapping;
  CsvReader reader{TextSource(csv)};
  auto plan = MakePlan(mapping_text, csv, &mapping, &reader);
  if (!plan.ok()) {
    out.errors.emplace_back(plan.status().message());
    return out;
  }
  CsvRow row;
  if ((*plan)->needs_count()) {
    CsvReader counting{TextSource(csv)};
    ReadHeader(&counting).IgnoreError();
    while (*counting.Next(&row)) (*plan)->Count(row);
  }
  api::CommandBatch batch;
  std::vector<PlannedStep> steps;
  for (uint64_t number = 1; *reader.Next(&row); ++number) {
    absl::Status status = (*plan)->Plan(row, number, &batch, &steps);
    if (!status.ok()) out.errors.push_back(absl::StrCat(number, ": ", status.message()));
    // As if each answer were there before the next row.
    for (const PlannedStep& step : steps) {
      if (step.attempts != nullptr) step.attempts->is_taken = all_taken;
    }
  }
  EXPECT_EQ(batch.commands_size(), static_cast<int>(steps.size()));
  for (const auto& sequenced : batch.commands()) {
    std::string text = sequenced.command().ShortDebugString();
    const size_t begin = text.find("request_id: \"") + 13;
    const size_t end = text.find('"', begin);
    out.ids.push_back(text.substr(begin, end - begin));
    text.erase(begin - 13, end - begin + 15);
    out.commands.push_back(text);
  }
  out.edges = (*plan)->org_edges();
  return out;
}

TEST(FilePlan, FillsAnyFieldByItsPath) {
  const Outcome got = PlanAll(R"pb(
    source: "shop"
    files {
      kind: "leads" key { column: "id" } zone: "Europe/Berlin" empty_texts: "NULL"
      commands {
        command: "capture_lead"
        set { path: "external_ids" value { column: "id" } }
        set { path: "tags" value { column: "tags" split: "," } }
        set { path: "person_name.display" value { template: "{first} {last}" } }
        set { path: "phones[0].raw" value { column: "phone" } }
        set { path: "phones[0].kind" value { constant: "work" } }
        set { path: "phones[1].raw" value { column: "mobile" } }
        set { path: "source.id" value { column: "origin" rename { key: "g" value: "google" } } }
        set { path: "owner" value { column: "seller" digest: true source: "hr" } }
        set { path: "header.occurred" value { column: "at" } }
        set { path: "handle_by" value { column: "due" format: "%d.%m.%Y %H:%M" } }
        set { path: "header.channel" value { constant: "form" } }
        set { path: "fields.size" value { column: "size" type: CUSTOM_TYPE_INTEGER } }
        set { path: "fields.budget" value { column: "budget" type: CUSTOM_TYPE_MONEY currency { constant: "EUR" } decimal_mark: "," } }
        set { path: "fields.kinds" value { column: "tags" split: "," type: CUSTOM_TYPE_OPTIONS } }
      }
    })pb",
                          "id,tags,first,last,phone,mobile,origin,seller,at,due,size,budget\n"
                          "7,\"cat, wolf\",Ann,Lee,NULL,+49 170,g,Bo,2018-02-01,01.02.2018 12:00,100.0,\"12,50\"\n");
  ASSERT_THAT(got.errors, testing::IsEmpty());
  ASSERT_EQ(got.commands.size(), 1u);
  api::Command want;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
    capture_lead {
      header { occurred { date { year: 2018 month: 2 day: 1 } } channel: CHANNEL_FORM }
      external_ids { source: "shop" id: "7" }
      tags: "cat" tags: "wolf"
      fields { field_id: "size" value { integer: 100 } }
      fields { field_id: "budget" value { money { currency_code: "EUR" units: 12 nanos: 500000000 } } }
      fields { field_id: "kinds" value { options { ids: "cat" ids: "wolf" } } }
      person_name { display: "Ann Lee" }
      phones { kind: "work" }
      phones { raw: "+49 170" }
      source { id: "google" }
      owner { external { source: "hr" id: "e5c70cc1a1a3f1b8b1e2" } }
      handle_by { seconds: 1517482800 }
    })pb", &want));
  want.mutable_capture_lead()->mutable_owner()->mutable_external()->set_id(HexDigest("Bo"));
  api::Command is;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(got.commands[0], &is));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(is, want)) << is.DebugString();
  EXPECT_EQ(got.ids[0], "shop/leads/capture_lead/" + HexDigest("7"));
}

TEST(FilePlan, EmptyCellsSetNothingAndDefaultsAndLookupsFill) {
  const Outcome got = PlanAll(R"pb(
    source: "maven"
    files {
      kind: "pipeline" key { column: "id" } tables { id: "prices" file: "x" key: "product" }
      commands {
        command: "create_deal"
        set { path: "organization" value { column: "account" } }
        set { path: "stage" value { column: "stage" default: "new" } }
        set { path: "value" value { column: "product" rename { key: "GTXPro" value: "GTX Pro" } lookup { table: "prices" column: "price" } currency { constant: "USD" } } }
      }
    })pb", "id,account,stage,product\n1,,,GTXPro\n2,Acme,won,Other\n");
  ASSERT_THAT(got.errors, testing::IsEmpty());
  EXPECT_THAT(got.commands, testing::ElementsAre(
      "create_deal { header { channel: CHANNEL_IMPORT } stage: \"new\" value { currency_code: \"USD\" units: 4821 } }",
      "create_deal { header { channel: CHANNEL_IMPORT } stage: \"won\" organization { external { source: \"maven\" id: \"Acme\" } } }"));
}

constexpr char kVersions[] = R"pb(
  source: "desk"
  files {
    kind: "log" key { column: "case" } several_rows_a_key: true
    commands { command: "create_deal" when { row: ROW_POSITION_FIRST } set { path: "title" value { column: "case" } } }
    commands { command: "change_deal_stage" when { changed: "stage" } set { path: "stage" value { column: "stage" } } }
    commands { command: "win_deal" when { row: ROW_POSITION_LAST } when { value { column: "stage" } in: "won" } }
  })pb";

TEST(FilePlan, RowsOfOneKeyAreVersions) {
  const Outcome got = PlanAll(kVersions, "case,stage\nA,a\nB,a\nA,a\nA,b\nB,won\nA,won\nB,a\n");
  ASSERT_THAT(got.errors, testing::IsEmpty());
  std::vector<std::string> steps;
  for (const std::string& id : got.ids) steps.push_back(id.substr(9, id.rfind('/') - 9));
  EXPECT_THAT(steps, testing::ElementsAre("create_deal", "create_deal", "change_deal_stage", "change_deal_stage",
                                          "change_deal_stage", "win_deal", "change_deal_stage"));
  EXPECT_EQ(got.ids.size(), std::set<std::string>(got.ids.begin(), got.ids.end()).size());
}

// Request ids by the title of the deal that each creates.
std::map<std::string, std::string> IdsByTitle(const Outcome& outcome) {
  std::map<std::string, std::string> ids;
  for (size_t i = 0; i < outcome.ids.size(); ++i) {
    const std::string& text = outcome.commands[i];
    const size_t begin = text.find("title: \"") + 8;
    ids[text.substr(begin, text.find('"', begin) - begin)] = outcome.ids[i];
  }
  return ids;
}

constexpr char kOrders[] = R"pb(
  source: "s"
  files {
    kind: "orders" key { column: "who" } several_rows_a_key: true
    commands { command: "create_deal" set { path: "title" value { column: "what" } } set { path: "needs" value { column: "v" } } }
  })pb";

// What a file gives before its repair is what the repaired one gives for the same rows.
void ExpectRepairMovesNothing(const std::string& broken, const std::string& repaired, size_t commands_before) {
  const auto before = IdsByTitle(PlanAll(kOrders, broken));
  const Outcome after = PlanAll(kOrders, repaired);
  EXPECT_THAT(after.errors, testing::IsEmpty());
  const auto ids = IdsByTitle(after);
  EXPECT_EQ(before.size(), commands_before) << broken;
  for (const auto& [title, id] : before) EXPECT_EQ(id, ids.at(title)) << title << " of " << broken;
}

TEST(FilePlan, ARepairedRowMovesNoOther) {
  const std::string head = "who,what,v\nAcme,pump,1\nBeta,gear,1\n";
  const std::string tail = "Acme,seal,3\nBeta,bolt,2\n";
  const std::string repaired = head + "Acme,valve,20\n" + tail;
  ExpectRepairMovesNothing(head + "Acme,valve,2\"0\n" + tail, repaired, 4);
  ExpectRepairMovesNothing(head + "Acme,valve\n" + tail, repaired, 4);
  ExpectRepairMovesNothing(head + "Acme,val,ve,20\n" + tail, repaired, 4);
  ExpectRepairMovesNothing("who,what,v\nAcme,valve,2\"0\n" + tail, "who,what,v\nAcme,valve,20\n" + tail, 2);
  // The key cannot be told, or rows may be hidden: nothing after it is sent.
  ExpectRepairMovesNothing(head + "Ac\"me,valve,20\n" + tail, repaired, 2);
  ExpectRepairMovesNothing(head + ",valve,20\n" + tail, repaired, 2);
  ExpectRepairMovesNothing(head + "valve,20\n" + tail, repaired, 2);
  ExpectRepairMovesNothing(head + "Gamma,valve\n" + tail, head + "Acme,valve,2\n" + tail, 2);
  ExpectRepairMovesNothing(head + "Beta,Acme,valve,20\n" + tail, repaired, 2);
  ExpectRepairMovesNothing(head + "Acme,\"valve,20\nAcme,\"tap,21\n" + tail, head + "Acme,valve,20\nAcme,tap,21\n" + tail, 2);
}

TEST(FilePlan, RowsThatHaveNoNumberSaySo) {
  const Outcome got = PlanAll(kOrders, "who,what,v\nAcme,pump,1\n,valve,20\nAcme,seal,3\n");
  EXPECT_THAT(got.errors, testing::ElementsAre("2: key, column \"who\": there is no value",
                                               "3: row 2 (line 3) could not be read, so the number of this one among the rows of its key is "
                                               "not known; repair that row, then import again"));
}

TEST(FilePlan, RowsThatMayBeHiddenHaveNumbersToo) {
  const std::string mapping = R"pb(source: "s" files { kind: "k" commands { command: "create_user" set { path: "display_name" value { column: "a" } } } })pb";
  EXPECT_EQ(PlanAll(mapping, "a,b\n1,\"x\n2,\"y\n3,z\n").commands.size(), 0u) << "without a key the number in the file is the key";
  EXPECT_EQ(PlanAll(mapping, "a,b\n1,x\"\n3,z\n").commands.size(), 1u);
}

TEST(FilePlan, TheLastRowIsNotKnownWhileARowCannotBeRead) {
  const std::string head = "case,stage\nA,a\nA,won\nB,a\n";
  EXPECT_EQ(PlanAll(kVersions, head + "B,won\n").commands.size(), 6u);
  const Outcome known = PlanAll(kVersions, head + "A,wo\"n\nB,won\n");
  EXPECT_EQ(known.commands.size(), 5u) << "row 2 is not the last of A";
  EXPECT_EQ(known.errors.size(), 1u);
  const Outcome got = PlanAll(kVersions, head + "\"B\"x,won\n");
  EXPECT_THAT(got.errors, testing::ElementsAre(HasSubstr("2: row 4 (line 5) could not be read, so it is not known whether this one is the last"),
                                               HasSubstr("3: row 4 (line 5)"), HasSubstr("4: text after a closing quote")));
  EXPECT_EQ(got.commands.size(), 1u);
}

constexpr char kOnce[] = R"pb(
  source: "s"
  files {
    kind: "k" key { column: "nr" }
    commands { command: "create_organization" once { column: "company" } set { path: "display_name" value { column: "nr" } }
      set { path: "header.occurred" value { column: "founded" } } }
    commands { command: "capture_lead" set { path: "header.occurred" value { column: "day" } } }
  })pb";

TEST(FilePlan, ARefusedRowDoesNotUseUpWhatIsSentOnce) {
  const std::string csv = "nr,company,founded,day\n1,Acme,,not a day\n2,Acme,,2025-01-01\n3,Acme,bad,2025-01-01\n4,Acme,,\n2,Acme,,\n";
  const Outcome got = PlanAll(kOnce, csv);
  EXPECT_EQ(got.errors.size(), 1u);
  EXPECT_EQ(got.ids[0], "s/k/create_organization/" + HexDigest("Acme"));
  EXPECT_THAT(got.commands[0], HasSubstr("display_name: \"2\""));
  EXPECT_EQ(got.commands.size(), 5u);
  // Until an answer says that it is taken, each row that can asks for it under one request id; row 3 cannot and is not
  // refused, row 5 would say what row 2 said.
  const Outcome unanswered = PlanAll(kOnce, csv, false);
  EXPECT_EQ(unanswered.errors, got.errors);
  ASSERT_EQ(unanswered.commands.size(), 6u);
  EXPECT_THAT(unanswered.commands[3], HasSubstr("display_name: \"4\""));
  EXPECT_EQ(unanswered.ids[3], got.ids[0]);
}

constexpr char kChanged[] = R"pb(
  source: "s"
  files {
    kind: "k" key { column: "k" } several_rows_a_key: true
    commands { command: "change_deal_details" when { changed: "v" } when { value { column: "v" } not_in: "9" }
      set { path: "needs" value { column: "v" } } set { path: "header.occurred" value { column: "t" } } }
  })pb";

TEST(FilePlan, ARefusedRowIsNotTheRowBefore) {
  const Outcome got = PlanAll(kChanged, "k,t,v\n1,,10\n1,bad,20\n1,,20\n1,,20\n1,,10\n");
  EXPECT_EQ(got.errors.size(), 1u);
  auto id = [](const char* key) { return "s/k/change_deal_details/" + HexDigest(key); };
  EXPECT_THAT(got.ids, testing::ElementsAre(id("1\n3"), id("1\n5")));
}

TEST(FilePlan, WhatHasChangedIsAskedForUntilItIsTaken) {
  auto id = [](const char* key) { return "s/k/change_deal_details/" + HexDigest(key); };
  const Outcome got = PlanAll(kChanged, "k,t,v\n1,,10\n1,,20\n1,2025-01-01,20\n1,bad,20\n1,,20\n1,,9\n1,,9\n1,,20\n1,,10\n1,2025-01-02,10\n", false);
  EXPECT_THAT(got.errors, testing::IsEmpty()) << "row 4 may have nothing to say";
  EXPECT_THAT(got.ids, testing::ElementsAre(id("1\n2"), id("1\n2"), id("1\n8"), id("1\n9"), id("1\n9")));
}

TEST(FilePlan, OnceOrdinalsAndEdges) {
  const Outcome got = PlanAll(R"pb(
    source: "hr"
    files {
      kind: "teams" key { column: "who" }
      commands { command: "create_team" once { column: "boss" }
        set { path: "name" value { column: "boss" digest: true prefix: "teams/" } }
        set { path: "display_name" value { column: "boss" ordinal: true prefix: "Team " } } }
      commands { command: "create_user" set { path: "display_name" value { column: "who" } } }
      org_edges { child { column: "who" prefix: "users/" } parent { column: "boss" prefix: "teams/" } from { column: "since" } }
      org_edges { child { column: "boss" prefix: "teams/" } parent { column: "office" prefix: "org_units/" } }
    })pb", "who,boss,office,since\na,X,east,2020-01-01\nb,Y,east,\nc,X,east,\nd,,,\n");
  ASSERT_THAT(got.errors, testing::IsEmpty());
  EXPECT_EQ(got.commands.size(), 6u);
  EXPECT_THAT(got.commands[2], HasSubstr("display_name: \"Team 2\""));
  ASSERT_EQ(got.edges.size(), 5u);
  EXPECT_EQ(got.edges[0].ShortDebugString(), "child: \"users/a\" parent: \"teams/X\" from { year: 2020 month: 1 day: 1 }");
  EXPECT_EQ(got.edges[1].ShortDebugString(), "child: \"teams/X\" parent: \"org_units/east\"");
}

TEST(FilePlan, StepsOfOneNameShareWhatTheyHaveSeen) {
  const Outcome got = PlanAll(R"pb(
    source: "s"
    files {
      kind: "k"
      commands { command: "create_user" step: "user" once { column: "a" } set { path: "display_name" value { column: "a" } } }
      commands { command: "create_user" step: "user" once { column: "b" } set { path: "display_name" value { column: "b" } } }
    })pb", "a,b\n1,2\n2,3\n3,1\n,\n");
  ASSERT_THAT(got.errors, testing::IsEmpty());
  EXPECT_EQ(got.ids, (std::vector<std::string>{"s/k/user/" + HexDigest("1"), "s/k/user/" + HexDigest("2"), "s/k/user/" + HexDigest("3")}));
}

TEST(FilePlan, RefusesRowsWithTheReason) {
  const Outcome got = PlanAll(R"pb(
    source: "s"
    files {
      kind: "k" key { column: "id" }
      commands { command: "create_user" set { path: "display_name" value { constant: "x" } } }
      commands { command: "create_deal"
        set { path: "header.occurred" value { column: "at" } }
        set { path: "stage" value { column: "stage" rename { key: "A" value: "a" } rename_only: true required: true } } }
    })pb", "id,at,stage\n1,2018-02-30,A\n2,,B\n3,,\n,2018-01-01,A\n5,2018-01-01\n6,,A\n7,,\"A\"x\n\x38,,\xff\n");
  EXPECT_THAT(got.errors, testing::ElementsAre(
      HasSubstr("1: create_deal: column \"at\": \"2018-02-30\" is no date or time"),
      "2: create_deal: column \"stage\": \"B\" is not in `rename`", "3: create_deal: column \"stage\": there is no value",
      "4: key, column \"id\": there is no value", "5: 2 cells, but the file has 3 columns",
      HasSubstr("7: text after a closing quote"), HasSubstr("8: create_deal: column \"stage\"")));
  EXPECT_EQ(got.commands.size(), 2u) << "a refused row must leave no command behind";
}

TEST(FilePlan, MistakesInAMappingNameTheirPlace) {
  auto error = [](const std::string& inside) {
    const Outcome got = PlanAll("source: \"s\"\nfiles {\n  kind: \"k\"\n" + inside + "\n}", "id\n1\n");
    return got.errors.empty() ? std::string("none") : got.errors[0];
  };
  EXPECT_THAT(error("commands {\n command: \"captur_lead\" }"),
              HasSubstr("test.textproto:5: files[0].commands[0].command: there is no command \"captur_lead\"; there are"));
  EXPECT_THAT(error("commands { command: \"capture_lead\"\n set { path: \"source.idd\" value { column: \"id\" } } }"),
              HasSubstr("test.textproto:5: files[0].commands[0].set[0].path: Source has no field \"idd\"; it has id, medium"));
  EXPECT_THAT(error("commands { command: \"capture_lead\"\n set { path: \"status\"\n value { column: \"idd\" } } }"),
              HasSubstr("test.textproto:6: files[0].commands[0].set[0].value.column: the file has no column \"idd\"; it has id"));
  EXPECT_THAT(error("commands { command: \"capture_lead\" set { path: \"source\" value { column: \"id\" } } }"),
              HasSubstr("say which of its fields: id, medium, campaign, detail"));
  EXPECT_THAT(error("commands { command: \"create_deal\" set { path: \"value\" value { column: \"id\" } } }"),
              HasSubstr("money needs a `currency`"));
  EXPECT_THAT(error("zone: \"Mars\" commands { command: \"create_deal\" set { path: \"title\" value { column: \"id\" } } }"),
              HasSubstr("is no time zone"));
  for (const char* exponent : {"19", "-19", "-2147483648"}) {
    EXPECT_THAT(error(absl::StrCat("commands { command: \"create_deal\" set { path: \"value\" value { column: \"id\" exponent: ",
                                   exponent, " } } }")),
                HasSubstr("must be from -18 to 18"));
  }
  EXPECT_THAT(error("commands { command: \"create_deal\" when { row: ROW_POSITION_LAST } }"), HasSubstr("several_rows_a_key"));
  EXPECT_THAT(error("commands { command: \"create_deal\" nonsense: 1 }"), HasSubstr("test.textproto:4:43"));
  EXPECT_THAT(error("commands { command: \"create_deal\" set { path: \"title\" value { constant: \"\\256\" } } }"),
              HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace recount::tools
