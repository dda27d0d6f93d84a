// What an index leads to is what is counted without one.
#include "absl/strings/str_format.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::Le;
using testing::Lt;

class RowRangesTest : public AggregateReportsTest {
 protected:
  // Deals of three years, one a day, each with a life of its own.
  void Play(int first_year) {
    for (int i = 0; i < 1000; ++i) {
      const int year = first_year + i / 336, month = i / 28 % 12 + 1, day = i % 28 + 1;
      const std::string id = absl::StrCat("d", first_year, "-", i), at = absl::StrFormat("%d-%02d-%02d 10:00", year, month, day);
      history_.Create(id, at, {.owner = absl::StrCat("users/", i % 5), .source = i % 3 == 0 ? "web" : "fair",
                               .expected_close = absl::StrFormat("%d-%02d-28", year, month), .value = 10 * i});
      if (i % 2 == 0) history_.Stage(id, absl::StrFormat("%d-%02d-%02d 11:00", year, month, day), "b");
      if (i % 4 == 0) history_.Win(id, absl::StrFormat("%d-%02d-%02d 12:00", year, month, day));
      if (i % 4 == 1) history_.Lose(id, absl::StrFormat("%d-%02d-%02d 13:00", year, month, day), "lost");
      if (i % 16 == 0) history_.Reopen(id, absl::StrFormat("%d-%02d-%02d 14:00", year, month, day), "a");
      if (i % 50 == 7) history_.Delete(id, absl::StrFormat("%d-%02d-%02d 15:00", year, month, day));
      // Entered late.
      if (i % 9 == 0) history_.Value(id, absl::StrFormat("%d-%02d-%02d 10:30", year, month, day), 7 * i);
    }
  }
  static std::vector<std::string> Cells(const v1::RunReportResponse& answer) {
    std::vector<std::string> columns;
    for (const v1::Column& column : answer.columns()) columns.push_back(column.id());
    return History::Texts(answer, columns);
  }
  uint64_t Scanned(const v1::RunReportRequest& request) { return static_cast<uint64_t>(Run(request).basis().rows_scanned()); }
};

constexpr const char* kFilters[] = {
    "is_open", "NOT is_open", "outcome = won", "outcome = nobody_knows", "outcome = won OR outcome = lost", "source = web",
    "owner = \"users/3\"", "product = \"products/1\"", "created_at >= \"2021-05-01T00:00:00Z\" AND source = fair",
    "created_at < \"2020-03-05T10:00:00Z\" OR won_at > \"2022-06-01T00:00:00Z\"", "expected_close = \"2021-06-28\"",
    "expected_close <= \"2020-02-28\" AND is_open", "in_period(lost_at)", "is_open AND in_period(created_at)",
    "(outcome = won AND in_period(won_at)) OR (is_open AND expected_close < today)", "closed_at = \"2021-02-03T12:00:00Z\"",
    "stage_entered_at >= \"2021-01-01T00:00:00Z\"", "deleted = true", "true", "false AND is_open", "NOT (is_open OR source = web)",
};

TEST_F(RowRangesTest, AFilterCountsTheSameWithAndWithoutAnIndex) {
  history_.Pipelines({"p: a b won+ lost-"});
  Play(2020);
  const uint64_t middle = history_.position() / 2;
  for (const char* filter : kFilters) {
    for (const char* report : {"won_lost", "pipeline_snapshot", "sales_forecast", "sales_cycle", "sales_funnel"}) {
      for (const bool past : {false, true}) {
        v1::RunReportRequest request = Ask(report);
        if (report != std::string("pipeline_snapshot")) request.mutable_parameters()->set_period("2021-Q2");
        if (past) request.mutable_parameters()->mutable_as_of()->set_position(middle);
        request.mutable_parameters()->set_filter(filter);
        const auto led = Cells(Run(request));
        // Of a double negation no index knows anything.
        request.mutable_parameters()->set_filter(absl::StrCat("NOT (NOT (", filter, "))"));
        EXPECT_EQ(led, Cells(Run(request))) << report << " where " << filter << (past ? ", in the past" : "");
      }
    }
  }
}

TEST_F(RowRangesTest, AQuarterDoesNotLookAtOtherYears) {
  history_.Pipelines({"p: a b won+ lost-"});
  Play(2020);
  const size_t rows = history_.tables().Find("deal")->table->size() + history_.tables().Find("deal_state")->table->size();
  for (const char* report : {"won_lost", "sales_cycle", "sales_funnel"}) {
    v1::RunReportRequest request = Ask(report);
    request.mutable_parameters()->set_period("2021-Q2");
    EXPECT_THAT(Scanned(request), Lt(rows / 5)) << report;
  }
}

TEST_F(RowRangesTest, AQuarterCostsTheSameWhenTheHistoryGrows) {
  history_.Pipelines({"p: a b won+ lost-"});
  Play(2020);
  v1::RunReportRequest request = Ask("won_lost", {"source"});
  request.mutable_parameters()->set_period("2021-Q2");
  const uint64_t before = Scanned(request);
  Play(2023);
  EXPECT_THAT(Scanned(request), Le(before));
}

TEST_F(RowRangesTest, TheOpenDealsOfASnapshotAreAllThatItLooksAt) {
  history_.Pipelines({"p: a b won+ lost-"});
  Play(2020);
  const v1::RunReportResponse answer = Run(Ask("pipeline_snapshot", {"-"}));
  EXPECT_THAT(static_cast<size_t>(answer.basis().rows_scanned()), Le(history_.tables().Find("deal")->table->current_rows()));
}

}  // namespace
}  // namespace recount::projections
