// The order of rows: documented beside RunReportRequest.sort.
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/rows_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class OrderTest : public RowsTest {
 protected:
  OrderTest() { history_.Pipelines({"p: b a won+ c", "o: x won+"}); }
  static v1::RunReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by, const std::string& sort = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.set_sort(sort);
    for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
    return request;
  }
};

TEST_F(OrderTest, TheSpecialRowsOfAForecastAreLastByDefault) {
  history_.Create("1", "2024-01-05", {.stage = "a", .expected_close = "2024-01-10", .value = 1});
  history_.Create("2", "2024-01-05", {.stage = "a", .value = 2});
  history_.Create("3", "2024-01-05", {.stage = "a", .expected_close = "2024-02-20", .value = 3});
  history_.Create("4", "2024-01-05", {.stage = "a", .value = 4});
  history_.RecordedOn("2024-02-01");
  history_.Win("4", "2024-02-01");
  auto request = Ask("sales_forecast", {});
  request.mutable_parameters()->set_period("2024-02");
  EXPECT_THAT(Rows(request, {"bucket", "deals"}), ElementsAre("won 1", "open 1", "overdue 1", "undated 1", "=- 4"));
  request.set_sort("bucket desc");
  EXPECT_THAT(Rows(request, {"bucket"}), ElementsAre("undated", "overdue", "open", "won", "=-"));
  request.set_sort("deals desc");
  EXPECT_THAT(Rows(request, {"bucket"}), ElementsAre("won", "open", "overdue", "undated", "=-")) << "equal: as by default";
}

TEST_F(OrderTest, WithoutAValueLastInEitherDirectionAndThenTheTotals) {
  history_.Create("1", "2024-01-05", {.stage = "a", .owner = "users/bob", .value = 1});
  history_.Create("2", "2024-01-05", {.stage = "a", .owner = "users/ann", .value = 1});
  history_.Create("3", "2024-01-05", {.stage = "a", .value = 5});
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"owner"}), {"owner"}), ElementsAre("users/ann", "users/bob", "-", "=-"));
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"owner"}, "owner desc"), {"owner"}), ElementsAre("users/bob", "users/ann", "-", "=-"));
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"owner"}, "value desc"), {"owner"}), ElementsAre("-", "users/ann", "users/bob", "=-"));
  EXPECT_THAT(Rows(Ask("pipeline_snapshot", {"owner"}, "value"), {"owner"}), ElementsAre("users/ann", "users/bob", "-", "=-"));
}

TEST_F(OrderTest, MoneyWithoutARateIsLastInEitherDirection) {
  history_.Rate("EUR", "USD", "2023-01-01", 1.5);
  history_.Create("1", "2024-01-05", {.stage = "a", .currency = "EUR", .value = 1});
  history_.Create("2", "2024-01-05", {.stage = "a", .currency = "JPY", .value = 1});
  for (const char* sort : {"", "currency", "currency desc"}) {
    auto request = Ask("pipeline_snapshot", {"-"}, sort);
    request.mutable_parameters()->set_currency("USD");
    EXPECT_THAT(Rows(request, {"currency", "deals"}), ElementsAre("=USD 1", "=unconverted 1")) << sort;
  }
}

TEST_F(OrderTest, AGroupThatOnlyTheComparedRunHasStandsInItsPlace) {
  history_.Create("1", "2024-01-05", {.stage = "a", .owner = "users/bob"});
  history_.RecordedOn("2024-01-10");
  history_.Create("2", "2024-01-10", {.stage = "b", .owner = "users/ann"});
  for (const char* report : {"sales_funnel", "pipeline_movement", "pipeline_snapshot"}) {
    auto request = Ask(report, {"owner"});
    request.mutable_parameters()->mutable_as_of()->set_position(history_.position() - 1);
    request.mutable_compare()->mutable_as_of()->set_position(history_.position());
    const auto rows = Rows(request, {"owner"});
    ASSERT_FALSE(rows.empty()) << report;
    EXPECT_EQ(rows.front(), "users/ann") << report;
    EXPECT_EQ(rows.back(), "=-") << report;
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), [](const std::string& a, const std::string& b) {
      return a[0] != '=' && b[0] == '=';
    })) << report;
  }
}

TEST_F(OrderTest, AListWithoutTheColumnOfItsDefaultSortIsSortedByTheRest) {
  history_.Create("1", "2024-01-05", {.stage = "a", .expected_close = "2024-01-10", .value = 1});
  history_.Create("2", "2024-01-05", {.stage = "a", .value = 2});
  history_.Create("3", "2024-01-05", {.stage = "a", .expected_close = "2024-01-20", .value = 3});
  EXPECT_THAT(Rows(Ask("pipeline_detail", {"expected_close", "value"}), {"record"}), ElementsAre("deals/1", "deals/3", "deals/2"));
  EXPECT_THAT(Rows(Ask("pipeline_detail", {"value"}), {"record"}), ElementsAre("deals/3", "deals/2", "deals/1"));
  EXPECT_THAT(Rows(Ask("pipeline_detail", {"stage"}), {"record"}), ElementsAre("deals/1", "deals/2", "deals/3"));
  EXPECT_FALSE(history_.Run(Ask("pipeline_detail", {"stage"}, "value")).ok()) << "what the caller names must be there";
}

TEST_F(OrderTest, AFunnelEndsWithWonWhateverComesAfterIt) {
  history_.Create("1", "2024-01-05", {.stage = "a"});
  EXPECT_THAT(Rows(Ask("sales_funnel", {}), {"stage"}), ElementsAre("b", "a", "c", "won"));
}

}  // namespace
}  // namespace recount::projections
