#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/rows_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class TimelineReportsTest : public RowsTest {
 protected:
  TimelineReportsTest() {
    history_.Pipelines({"p: a b won+"});
    history_.RecordedOn("2024-03-01 09:00");
    history_.Create("1", "2024-01-01", {.stage = "a", .owner = "users/ann", .value = 100});
    history_.Stage("1", "2024-01-20 10:30", "b");
    last_ = history_.Value("1", "2024-01-10", 250);
  }
  static v1::RunReportRequest Ask(const std::string& mode = "") {
    v1::RunReportRequest request;
    request.set_report("entity_timeline");
    request.mutable_parameters()->set_mode(mode);
    request.mutable_parameters()->mutable_record()->set_name("deals/1");
    return request;
  }

  uint64_t last_ = 0;
};

TEST_F(TimelineReportsTest, OneRowAnEventInTheOrderOfOccurrence) {
  EXPECT_THAT(Rows(Ask(), {"type", "occurred", "precision"}),
              ElementsAre("DealCreated 2024-01-01 00:00 day", "DealValueChanged 2024-01-10 00:00 day",
                          "DealStageChanged 2024-01-20 10:30 instant"));
  EXPECT_THAT(Rows(Ask(), {"actor", "authenticated", "channel"}),
              ElementsAre("users/tester yes ui", "users/tester yes ui", "users/tester yes ui"));
  EXPECT_THAT(Rows(Ask("recorded"), {"type"}), ElementsAre("DealCreated", "DealStageChanged", "DealValueChanged"));
}

TEST_F(TimelineReportsTest, BeforeAndAfterAreFolded) {
  EXPECT_THAT(Rows(Ask(), {"changes"}),
              ElementsAre("owner: – → users/ann; pipeline: – → p; stage: – → a; value: – → 100 USD", "value: 100 USD → 250 USD",
                          "stage: a → b"));
}

TEST_F(TimelineReportsTest, AsOfAndValidAtHold) {
  auto request = Ask();
  request.mutable_parameters()->mutable_as_of()->set_position(last_ - 1);
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated", "DealStageChanged"));
  request = Ask();
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_year(2024);
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_month(1);
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_day(10);
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated", "DealValueChanged"));
}

// Something is said to have happened before the creation: until that there is nothing.
TEST_F(TimelineReportsTest, NothingComesBeforeTheCreation) {
  history_.Value("1", "2023-12-20", 70);
  auto request = Ask();
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_year(2023);
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_month(12);
  request.mutable_parameters()->mutable_valid_at()->mutable_date()->set_day(31);
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre());
  request.mutable_parameters()->set_mode("recorded");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre());
  EXPECT_THAT(Rows(Ask(), {"type"}),
              ElementsAre("DealCreated", "DealValueChanged", "DealValueChanged", "DealStageChanged"));
}

TEST_F(TimelineReportsTest, AFilterChoosesEvents) {
  const auto types = [&](const std::string& filter) {
    auto request = Ask();
    request.mutable_parameters()->set_filter(filter);
    return Rows(request, {"type"});
  };
  EXPECT_THAT(types("type = DealValueChanged OR type = DealCreated"), ElementsAre("DealCreated", "DealValueChanged"));
  EXPECT_THAT(types("actor = \"users/tester\" -type = DealCreated"), ElementsAre("DealValueChanged", "DealStageChanged"));
  EXPECT_THAT(types("occurred >= 2024-01-10 occurred < 2024-01-20"), ElementsAre("DealValueChanged"));
  EXPECT_THAT(types("precision = instant AND channel = ui AND authenticated"), ElementsAre("DealStageChanged"));
  EXPECT_THAT(types(absl::StrCat("position >= ", last_)), ElementsAre("DealValueChanged"));
  EXPECT_THAT(types("on_behalf_of:*"), ElementsAre());
  EXPECT_THAT(types("record = \"deals/1\" AND stream = \"deals/2\""), ElementsAre());
  // What a filter leaves out has happened all the same.
  auto request = Ask();
  request.mutable_parameters()->set_filter("type = DealValueChanged");
  EXPECT_THAT(Rows(request, {"changes"}), ElementsAre("value: 100 USD → 250 USD"));
  request.mutable_parameters()->set_filter("outcome = won");
  const absl::Status refused = history_.Run(request).status();
  EXPECT_EQ(domain::ReasonOf(refused), v1::FILTER_INVALID);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("no field `outcome` in event"));
}

TEST_F(TimelineReportsTest, ThePeriodIsOfTheTimeThatTheModeGoesBy) {
  auto request = Ask();
  request.mutable_parameters()->set_period("2024-01-10");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealValueChanged"));
  request.mutable_parameters()->set_mode("recorded");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre());
  request.mutable_parameters()->set_period("2024-03-01");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated", "DealStageChanged", "DealValueChanged"));
}

TEST_F(TimelineReportsTest, SortAndPages) {
  auto request = Ask();
  request.set_sort("type");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated", "DealStageChanged", "DealValueChanged"));
  request.set_sort("occurred desc");
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealStageChanged", "DealValueChanged", "DealCreated"));
  request.set_page_size(2);
  auto first = history_.Run(request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->total_rows(), 3);
  request.set_page_token(first->next_page_token());
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre("DealCreated"));
}

TEST_F(TimelineReportsTest, GroupsOfEventsAreCountedComparedAndOpened) {
  history_.Stage("1", "2024-02-02", "a");
  auto request = Ask();
  request.mutable_parameters()->add_group_by("type");
  const std::vector<std::string> columns = {"type", "events", "first", "last"};
  EXPECT_THAT(Rows(request, columns),
              ElementsAre("DealCreated 1 2024-01-01 00:00 2024-01-01 00:00", "DealStageChanged 2 2024-01-20 10:30 2024-02-02 00:00",
                          "DealValueChanged 1 2024-01-10 00:00 2024-01-10 00:00", "=- 4 2024-01-01 00:00 2024-02-02 00:00"));
  const auto opened = history_.Explain(History::Cell(*history_.Run(request), {"type"}, "DealStageChanged", "events").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->value().integer(), 2);
  EXPECT_EQ(opened->formula(), "count(event)");
  ASSERT_EQ(opened->contributions_size(), 1);
  EXPECT_EQ(opened->contributions(0).record(), "deals/1");
  EXPECT_EQ(opened->contributions(0).value().integer(), 2);
  ASSERT_EQ(opened->contributions(0).events_size(), 2);
  EXPECT_EQ(opened->contributions(0).events(0).payload().deal().stage_changed().stage(), "b");
  request.mutable_parameters()->set_group_by(0, "month");
  EXPECT_THAT(Rows(request, {"month", "events"}), ElementsAre("2024-01-01 3", "2024-02-01 1", "=- 4"));
  request.mutable_parameters()->set_mode("recorded");
  EXPECT_THAT(Rows(request, {"month", "events"}), ElementsAre("2024-03-01 4", "=- 4"));
  request.mutable_parameters()->set_mode("");
  request.mutable_compare()->mutable_as_of()->set_position(last_ - 1);
  EXPECT_THAT(Rows(request, {"month", "events", "events.compared", "events.change"}),
              ElementsAre("2024-01-01 3 2 1", "2024-02-01 1 0 1", "=- 4 2 2"));
  request.clear_compare();
  request.mutable_parameters()->set_period("2023");
  EXPECT_THAT(Rows(request, {"month", "events", "first"}), ElementsAre("=- 0 -"));
}

TEST_F(TimelineReportsTest, ARowOpensIntoItsEvent) {
  const auto answer = history_.Run(Ask());
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto opened = history_.Explain(History::Cell(*answer, {"type"}, "DealValueChanged", "type").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->value().text(), "DealValueChanged");
  ASSERT_EQ(opened->contributions_size(), 1);
  ASSERT_EQ(opened->contributions(0).events_size(), 1);
  EXPECT_EQ(opened->contributions(0).total_events(), 1);
  EXPECT_EQ(opened->contributions(0).events(0).position(), last_);
  EXPECT_EQ(opened->contributions(0).events(0).payload().deal().value_changed().value().units(), 250);
}

TEST_F(TimelineReportsTest, LinkedRecordsTellTheirPart) {
  v1::EventPayload captured, created;
  captured.mutable_lead()->mutable_captured()->set_owner("users/ann");
  history_.Append("leads/7", "2024-03-02", {captured});
  created.mutable_deal()->mutable_created()->set_pipeline("p");
  created.mutable_deal()->mutable_created()->set_stage("a");
  created.mutable_deal()->mutable_created()->set_lead("leads/7");
  history_.Append("deals/2", "2024-03-03", {created});
  history_.Append("deals/3", "2024-03-04", {created});
  history_.Win("2", "2024-03-05");
  auto request = Ask();
  request.mutable_parameters()->mutable_record()->set_name("deals/2");
  EXPECT_THAT(Rows(request, {"stream", "type"}), ElementsAre("deals/2 DealCreated", "deals/2 DealWon"));
  (*request.mutable_parameters()->mutable_arguments())["linked"] = "yes";
  EXPECT_THAT(Rows(request, {"stream", "type"}), ElementsAre("leads/7 LeadCaptured", "deals/2 DealCreated", "deals/2 DealWon"));
  request.mutable_parameters()->mutable_record()->set_name("leads/7");
  EXPECT_THAT(Rows(request, {"stream", "type"}),
              ElementsAre("leads/7 LeadCaptured", "deals/2 DealCreated", "deals/3 DealCreated", "deals/2 DealWon"));
  request.mutable_parameters()->add_group_by("stream");
  EXPECT_THAT(Rows(request, {"stream", "events"}), ElementsAre("deals/2 2", "deals/3 1", "leads/7 1", "=- 4"));
  (*request.mutable_parameters()->mutable_arguments())["linked"] = "maybe";
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::PARAMETER_INVALID);
}

TEST_F(TimelineReportsTest, WhatMeansNothingIsRefused) {
  const auto refused = [&](const v1::RunReportRequest& request) { return domain::ReasonOf(history_.Run(request).status()); };
  // Its rows have no keys to be joined by.
  auto request = Ask();
  request.mutable_compare()->mutable_as_of()->set_position(last_ - 1);
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
  request = Ask();
  request.mutable_parameters()->set_attribution(v1::ATTRIBUTION_CURRENT);
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
  request = Ask();
  request.mutable_parameters()->set_currency("EUR");
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
  request = Ask();
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_HEAD);
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_CURRENT);
  EXPECT_TRUE(history_.Run(request).ok());
  request = Ask();
  request.mutable_parameters()->add_measures("events");
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
  request = Ask();
  request.mutable_parameters()->add_group_by("owner");
  EXPECT_EQ(refused(request), v1::PARAMETER_INVALID);
}

TEST_F(TimelineReportsTest, ARecordMustBeThere) {
  auto request = Ask();
  request.mutable_parameters()->mutable_record()->set_name("deals/none");
  const absl::Status refused = history_.Run(request).status();
  EXPECT_EQ(domain::ReasonOf(refused), v1::RECORD_NOT_FOUND) << refused;
  EXPECT_EQ(domain::ToRpcStatus(refused).code(), static_cast<int>(absl::StatusCode::kNotFound));
  request.mutable_parameters()->add_group_by("type");
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::RECORD_NOT_FOUND);
  // It was not there yet; there, and nothing had happened yet.
  request = Ask();
  request.mutable_parameters()->mutable_as_of()->set_position(last_ - 3);
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::RECORD_NOT_FOUND);
  request.mutable_parameters()->mutable_as_of()->set_position(last_ - 2);
  request.mutable_parameters()->mutable_valid_at()->mutable_time()->set_seconds(1);
  EXPECT_THAT(Rows(request, {"type"}), ElementsAre());
}

TEST_F(TimelineReportsTest, ARecordMustBeNamed) {
  v1::RunReportRequest request;
  request.set_report("entity_timeline");
  EXPECT_FALSE(history_.Run(request).ok());
}

}  // namespace
}  // namespace recount::projections
