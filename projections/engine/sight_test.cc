// Row rights: whoever may see some records is answered as if there were no others.
#include "absl/strings/match.h"
#include "domain/refusal.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class SightTest : public AggregateReportsTest {
 protected:
  // Ann and Bo are the north, Cy the south. Of `d4` nobody is the owner.
  SightTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Belongs("users/ann", "teams/north");
    history_.Belongs("users/bo", "teams/north");
    history_.Belongs("users/cy", "teams/south");
    history_.Create("d1", "2024-01-02", {.owner = "users/ann", .value = 1});
    history_.Create("d2", "2024-01-03", {.owner = "users/bo", .value = 10});
    history_.Create("d3", "2024-01-04", {.owner = "users/cy", .value = 100});
    created_ = history_.Create("d4", "2024-01-05", {.value = 1000});
  }
  static v1::RunReportRequest Snapshot(const std::string& rights = "") {
    v1::RunReportRequest request = Ask("pipeline_snapshot", {"-"});
    for (const char* id : {"deals", "value"}) request.mutable_parameters()->add_measures(id);
    request.mutable_parameters()->set_rights(rights);
    return request;
  }
  std::string Seen(const std::string& rights) { return Total(Snapshot(rights), "value"); }
  v1::ErrorReason Refusal(const v1::RunReportRequest& request) { return domain::ReasonOf(history_.Run(request).status()); }

  uint64_t created_ = 0;
};

TEST_F(SightTest, RecordsAreTheirOwners) {
  EXPECT_EQ(Seen(""), "111100 USD");
  EXPECT_EQ(Seen("users/ann"), "100 USD");
  EXPECT_EQ(Seen("teams/north"), "1100 USD");
  EXPECT_EQ(Seen("teams/north,users/cy"), "11100 USD");
  EXPECT_EQ(Seen("unassigned"), "100000 USD");
  EXPECT_EQ(Seen("unassigned,teams/south"), "110000 USD");
  EXPECT_EQ(Run(Snapshot("users/cy, teams/north")).basis().rights(), "teams/north,users/cy");
}

TEST_F(SightTest, WhoeverMaySeeSomeAsksForThoseOrFewer) {
  history_.Sees("teams/north");
  EXPECT_EQ(Seen(""), "1100 USD");
  EXPECT_EQ(Run(Snapshot()).basis().rights(), "teams/north");
  EXPECT_EQ(Seen("users/bo"), "1000 USD");
  EXPECT_EQ(Seen("users/ann,users/bo"), "1100 USD");
  for (const char* more : {"users/cy", "teams/north,users/cy", "unassigned", "teams/north,unassigned"}) {
    EXPECT_EQ(Refusal(Snapshot(more)), v1::RIGHTS_EXCEEDED) << more;
  }
  EXPECT_EQ(Refusal(Snapshot("deals/d1")), v1::PARAMETER_INVALID);
}

TEST_F(SightTest, AFilterDoesNotReachBeyond) {
  history_.Sees("teams/north");
  auto request = Snapshot();
  request.mutable_parameters()->set_filter("owner = \"users/cy\"");
  EXPECT_EQ(Total(request, "deals"), "0");
}

TEST_F(SightTest, EachRecordIsSeenAsItsOwnersOfTheMoment) {
  history_.Owner("d3", "2024-02-01", "users/ann");
  EXPECT_EQ(Seen("teams/north"), "11100 USD");
  auto before = Snapshot("teams/north");
  before.mutable_parameters()->mutable_as_of()->set_position(created_);
  EXPECT_EQ(Total(before, "value"), "1100 USD");
  auto then = Snapshot("teams/north");
  *then.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 1, 20);
  EXPECT_EQ(Total(then, "value"), "1100 USD");
}

TEST_F(SightTest, WhoBelongsToATeamIsAMatterOfToday) {
  history_.Belongs("users/bo", "teams/south", "2024-02-01");
  history_.Value("d1", "2024-03-01", 2);
  EXPECT_EQ(Seen("teams/north"), "200 USD");
  auto before = Snapshot("teams/north");
  *before.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 1, 20);
  EXPECT_EQ(Total(before, "value"), "100 USD");
}

TEST_F(SightTest, AttributionSaysForWhomARecordCountsNotWhoSeesIt) {
  history_.Win("d2", "2024-01-20", 10, "won");
  history_.Owner("d2", "2024-02-01", "users/cy");
  auto request = Ask("won_lost", {"owner"});
  request.mutable_parameters()->add_measures("won");
  request.mutable_parameters()->set_attribution(v1::ATTRIBUTION_AT_CLOSE);
  request.mutable_parameters()->set_rights("teams/south");
  EXPECT_THAT(Rows(request, {"owner", "won"}), ElementsAre("users/bo 1", "=- 1"));
  request.mutable_parameters()->set_rights("teams/north");
  EXPECT_THAT(Rows(request, {"won"}), ElementsAre("=0"));
}

TEST_F(SightTest, OwnersTogetherAreTheWhole) {
  history_.Stage("d1", "2024-01-10", "b");
  history_.Win("d2", "2024-01-12", 10, "won");
  history_.Lose("d3", "2024-01-14", "lost");
  history_.Stage("d4", "2024-01-16", "b");
  for (const auto& [report, column] : {std::pair("won_lost", "closed"), std::pair("sales_funnel", "reached"),
                                       std::pair("pipeline_snapshot", "deals"), std::pair("sales_cycle", "deals")}) {
    const auto count = [&, report = report, column = column](const std::string& rights) {
      int64_t sum = 0;
      const bool is_funnel = std::string(report) == "sales_funnel";
      auto request = is_funnel ? Ask(report) : Ask(report, {"-"});
      request.mutable_parameters()->set_rights(rights);
      const auto answer = Run(request);
      int place = 0;
      while (place < answer.columns_size() && answer.columns(place).id() != column) ++place;
      EXPECT_LT(place, answer.columns_size()) << report;
      for (const v1::Row& row : answer.rows()) sum += row.is_total() != is_funnel ? row.cells(place).value().integer() : 0;
      return sum;
    };
    EXPECT_EQ(count("users/ann") + count("users/bo") + count("users/cy") + count("unassigned"), count("")) << report;
    EXPECT_GT(count(""), 0) << report;
  }
}

TEST_F(SightTest, ADealThatChangesHandsMovesInAndOut) {
  history_.Owner("d3", "2024-02-10", "users/ann");
  history_.Owner("d1", "2024-02-12", "users/cy");
  auto request = Ask("pipeline_movement");
  request.mutable_parameters()->set_period("2024-02");
  request.mutable_parameters()->set_rights("teams/north");
  *request.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 2, 29);
  std::vector<std::string> moved;
  for (const std::string& row : Rows(request, {"category", "deals", "value"})) {
    if (!absl::StrContains(row, " 0 ")) moved.push_back(row);
  }
  EXPECT_THAT(moved, ElementsAre("opening 2 1100 USD", "transferred_in 1 10000 USD", "transferred_out -1 -100 USD", "closing 2 11000 USD"));
}

TEST_F(SightTest, WhatHappenedAfterARecordWasGivenAwayIsNotTold) {
  history_.Owner("d1", "2024-02-10", "users/cy");
  history_.Value("d1", "2024-02-12", 77);
  auto request = Ask("pipeline_movement");
  request.mutable_parameters()->set_period("2024-02");
  request.mutable_parameters()->set_rights("teams/north");
  *request.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 2, 29);
  const auto answer = Run(request);
  for (const char* row : {"opening 2", "transferred_out -1"}) {
    const auto opened = history_.Explain(History::Cell(answer, {"category", "deals"}, row, "deals").cell_id());
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_EQ(opened->contributions(0).record(), "deals/d1") << row;
    ASSERT_EQ(opened->contributions(0).events_size(), 2) << row;
    EXPECT_EQ(opened->contributions(0).events(1).type_name(), "DealAssigned") << row;
  }
}

TEST_F(SightTest, WhatPointsToARecordAndWhatItPointsToAreHiddenToo) {
  history_.Append("leads/1", "2024-01-02", {Captured("web", "users/ann")});
  v1::EventPayload own = DealOf("leads/1"), other = DealOf("leads/1");
  own.mutable_deal()->mutable_created()->set_owner("users/ann");
  other.mutable_deal()->mutable_created()->set_owner("users/cy");
  history_.Append("deals/own", "2024-01-06", {own});
  history_.Append("deals/other", "2024-01-06", {other});
  v1::RunReportRequest leads;
  auto& definition = *leads.mutable_definition();
  definition.set_id("mine");
  definition.set_version(1);
  definition.set_subject("lead");
  definition.mutable_aggregate();
  auto& measure = *definition.add_measures();
  measure.set_id("deals");
  measure.set_function(v1::FUNCTION_SUM);
  measure.set_expr("count_of(deal, lead)");
  EXPECT_EQ(Total(leads, "deals"), "2");
  history_.Sees("teams/north");
  EXPECT_EQ(Total(leads, "deals"), "1");
  history_.Sees("teams/south");
  auto deals = Snapshot();
  deals.mutable_parameters()->set_filter("lead:*");
  EXPECT_EQ(Total(deals, "deals"), "1");
  for (const char* field : {"lead.source = web", "lead.owner = \"users/ann\""}) {
    deals.mutable_parameters()->set_filter(field);
    EXPECT_EQ(Total(deals, "deals"), "0") << field;
  }
}

TEST_F(SightTest, WhatReadsOtherRecordsSaysThatTheyMayBeHidden) {
  const auto notes = [&](const std::string& report, const std::string& rights) {
    v1::RunReportRequest request = Ask(report, {"-"});
    request.mutable_parameters()->set_rights(rights);
    std::vector<std::string> codes;
    const auto answer = Run(request);
    for (const v1::Note& note : answer.notes()) codes.push_back(note.code());
    return codes;
  };
  for (const char* report : {"sales_cycle", "sales_conversion"}) {
    EXPECT_THAT(notes(report, "teams/north"), testing::Contains("HIDDEN_REFERENCES")) << report;
    EXPECT_THAT(notes(report, ""), testing::Not(testing::Contains("HIDDEN_REFERENCES"))) << report;
  }
  EXPECT_THAT(notes("pipeline_snapshot", "teams/north"), testing::Not(testing::Contains("HIDDEN_REFERENCES")));
}

TEST_F(SightTest, ATimelineIsOfSeenRecords) {
  history_.Append("leads/1", "2024-01-02", {Captured("web", "users/cy")});
  v1::EventPayload customer, given;
  customer.mutable_organization()->mutable_created()->set_owner("users/ann");
  given.mutable_organization()->mutable_details_changed()->set_owner("users/cy");
  history_.Append("organizations/1", "2024-01-03", {customer});
  history_.Append("organizations/1", "2024-01-04", {given});
  v1::EventPayload deal = DealOf("leads/1");
  deal.mutable_deal()->mutable_created()->set_owner("users/ann");
  deal.mutable_deal()->mutable_created()->set_organization("organizations/1");
  history_.Append("deals/of", "2024-01-06", {deal});
  auto request = Ask("entity_timeline");
  request.mutable_parameters()->mutable_record()->set_name("deals/of");
  (*request.mutable_parameters()->mutable_arguments())["linked"] = "yes";
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("LeadCaptured", "OrganizationCreated", "OrganizationDetailsChanged", "DealCreated"));
  history_.Sees("teams/north");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated"));
  request.mutable_parameters()->mutable_record()->set_name("deals/d3");
  EXPECT_EQ(Refusal(request), v1::RECORD_NOT_FOUND);
}

TEST_F(SightTest, AListIsOfSeenRecords) {
  history_.Sees("teams/north");
  const auto names = history_.List("deal", "created_at");
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, ElementsAre("deals/d1", "deals/d2"));
}

TEST_F(SightTest, CellsAndPinsOpenForThoseWhoSeeAllThatTheyCount) {
  const auto everything = Run(Snapshot()), north = Run(Snapshot("teams/north"));
  v1::RunReportRequest of_everything, of_north;
  of_everything.set_pin(everything.pin());
  of_north.set_pin(north.pin());
  const std::string& cell = History::Cell(north, {"deals"}, "=2", "deals").cell_id();
  EXPECT_THAT(Rows(of_north, {"value"}), ElementsAre("=1100 USD"));  // whoever sees everything
  history_.Sees("teams/north");
  EXPECT_THAT(Rows(of_north, {"value"}), ElementsAre("=1100 USD"));
  const auto opened = history_.Explain(cell);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->total_contributions(), 2);
  EXPECT_EQ(Refusal(of_everything), v1::RIGHTS_EXCEEDED);
  EXPECT_EQ(domain::ReasonOf(history_.Explain(History::Cell(everything, {"deals"}, "=4", "deals").cell_id()).status()), v1::RIGHTS_EXCEEDED);
  history_.Sees("users/ann");
  EXPECT_EQ(Refusal(of_north), v1::RIGHTS_EXCEEDED);
  EXPECT_EQ(domain::ReasonOf(history_.Explain(cell).status()), v1::RIGHTS_EXCEEDED);
}

TEST_F(SightTest, PagesThatAreKeptAreChecked) {
  auto request = Ask("pipeline_detail");
  request.set_page_size(1);
  const ReportEngine engine(&History::BuiltInReports());
  const auto first = history_.Run(request, engine);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_GT(engine.cached_bytes(), 0u);
  request.set_page_token(first->next_page_token());
  history_.Sees("teams/north");
  EXPECT_EQ(domain::ReasonOf(history_.Run(request, engine).status()), v1::RIGHTS_EXCEEDED);
}

TEST_F(SightTest, APinCountsTheSameWhoeverJoinsALaterTeam) {
  v1::RunReportRequest pinned;
  pinned.set_pin(Run(Snapshot("teams/north")).pin());
  history_.Belongs("users/cy", "teams/north", "2024-01-01");
  history_.Sees("teams/north");
  EXPECT_EQ(Seen(""), "11100 USD");
  EXPECT_THAT(Rows(pinned, {"value"}), ElementsAre("=1100 USD"));
  history_.Belongs("users/bo", "teams/south", "2024-01-01");
  EXPECT_EQ(Refusal(pinned), v1::RIGHTS_EXCEEDED);
}

class DiffOfRightsTest : public SightTest {
 protected:
  // `cause: text` of all, then the change of the value.
  std::vector<std::string> Diff(const v1::DiffReportsRequest& request) {
    const auto diff = history_.Diff(request);
    EXPECT_TRUE(diff.ok()) << diff.status();
    if (!diff.ok()) return {};
    std::vector<std::string> all;
    for (const v1::ChangeCause& cause : diff->causes()) {
      all.push_back(absl::StrCat(v1::ChangeCauseKind_Name(cause.kind()).substr(sizeof("CHANGE_CAUSE_KIND_") - 1), ": ", cause.text()));
    }
    for (const v1::DiffedRow& row : diff->rows()) {
      for (const v1::DiffedCell& cell : row.cells()) {
        for (const v1::CauseShare& share : cell.shares()) {
          if (cell.column() == "value") all.push_back(absl::StrCat(share.cause(), " ", History::Text(share.change())));
        }
      }
    }
    return all;
  }
};

TEST_F(DiffOfRightsTest, OtherRightsAreACause) {
  v1::DiffReportsRequest request;
  *request.mutable_before()->mutable_request() = Snapshot("teams/north");
  *request.mutable_after()->mutable_request() = Snapshot("teams/north,teams/south");
  EXPECT_THAT(Diff(request), ElementsAre("RIGHTS: records of teams/north,teams/south instead of teams/north", "0 10000 USD"));
}

TEST_F(DiffOfRightsTest, WhoeverJoinsATeamIsACauseOfItsOwn) {
  v1::DiffReportsRequest request;
  request.mutable_before()->set_pin(Run(Snapshot("teams/north")).pin());
  history_.Belongs("users/cy", "teams/north", "2024-01-01");
  const auto causes = Diff(request);
  ASSERT_FALSE(causes.empty());
  EXPECT_EQ(causes[0], "RIGHTS: other users stand below teams/north");
  EXPECT_THAT(causes, testing::Contains("0 10000 USD"));
}

TEST_F(DiffOfRightsTest, AMovementIsToldOfWhatItSawOnItsWay) {
  history_.Owner("d1", "2024-02-10", "users/cy");
  history_.Owner("d3", "2024-02-10", "users/ann");
  const uint64_t before = history_.Owner("d3", "2024-02-11", "users/cy");
  v1::RunReportRequest asked = Ask("pipeline_movement");
  asked.mutable_parameters()->set_period("2024-02");
  asked.mutable_parameters()->set_rights("teams/north");
  *asked.mutable_parameters()->mutable_valid_at()->mutable_date() = Date(2024, 2, 29);
  v1::DiffReportsRequest request;
  *request.mutable_before()->mutable_request() = asked;
  request.mutable_before()->mutable_request()->mutable_parameters()->mutable_as_of()->set_position(before);
  *request.mutable_after()->mutable_request() = asked;
  history_.RecordedOn("2024-03-05");
  history_.Value("d1", "2024-01-20", 5);
  EXPECT_THAT(Diff(request), testing::Contains(testing::HasSubstr("LATE_FACTS: deals/d1")));
  history_.Value("d3", "2024-02-10", 50);
  EXPECT_THAT(Diff(request), testing::Contains(testing::HasSubstr("LATE_FACTS: 2 records")));
}

TEST_F(DiffOfRightsTest, NothingIsToldOfWhatNeitherAnswerSees) {
  history_.Sees("teams/north");
  v1::DiffReportsRequest request;
  *request.mutable_before()->mutable_request() = Snapshot();
  request.mutable_before()->mutable_request()->mutable_parameters()->mutable_as_of()->set_position(created_);
  history_.Value("d3", "2024-01-04", 500);
  history_.Value("d1", "2024-01-04", 5);
  const auto causes = Diff(request);
  EXPECT_THAT(causes, testing::Contains(testing::HasSubstr("deals/d1: recorded later")));
  for (const std::string& cause : causes) EXPECT_THAT(cause, testing::Not(testing::HasSubstr("2 records")));
}

}  // namespace
}  // namespace recount::projections
