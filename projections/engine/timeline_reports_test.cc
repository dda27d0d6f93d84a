#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class TimelineReportsTest : public testing::Test {
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
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? History::Texts(*answer, columns) : std::vector<std::string>();
  }

  History history_;
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

TEST_F(TimelineReportsTest, WhatItCannotDoIsRefused) {
  auto request = Ask();
  request.mutable_parameters()->set_filter("outcome = won");
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::PARAMETER_INVALID);
  // Its rows have no keys to be joined by.
  request = Ask();
  request.mutable_compare()->mutable_as_of()->set_position(last_ - 1);
  EXPECT_EQ(domain::ReasonOf(history_.Run(request).status()), v1::PARAMETER_INVALID);
}

TEST_F(TimelineReportsTest, ARecordMustBeNamed) {
  v1::RunReportRequest request;
  request.set_report("entity_timeline");
  EXPECT_FALSE(history_.Run(request).ok());
}

}  // namespace
}  // namespace recount::projections
