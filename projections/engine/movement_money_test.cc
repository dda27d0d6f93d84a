// Movements: rates, and amounts beyond all measure.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class MovementMoneyTest : public testing::Test {
 protected:
  MovementMoneyTest() { history_.Pipelines({"p: a b won+ lost-"}); }

  static v1::RunReportRequest Ask(const std::string& currency = "") {
    v1::RunReportRequest request;
    request.set_report("pipeline_movement");
    request.mutable_parameters()->set_period("2024-02");
    request.mutable_parameters()->set_currency(currency);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  // Rows in which something happened: category, deals, value, changes.
  std::vector<std::string> Moved(const v1::RunReportRequest& request) {
    std::vector<std::string> rows;
    for (const std::string& row : History::Texts(Run(request), {"category", "deals", "value", "changes"})) {
      if (!absl::EndsWith(row, " 0")) rows.push_back(row);
    }
    return rows;
  }

  History history_;
};

TEST_F(MovementMoneyTest, WhatIsTooLargeIsNoValueAndNotAnotherOne) {
  constexpr int64_t kLargest = 90'000'000'000'000;
  history_.Rate("EUR", "USD", "2024-01-01", 2000);
  history_.Create("1", "2024-02-10", {.currency = "EUR", .value = kLargest});
  EXPECT_THAT(Moved(Ask("USD")), ElementsAre("new 1 - 1", "closing 1 - 1"));
  v1::RunReportRequest snapshot;
  snapshot.set_report("pipeline_snapshot");
  snapshot.mutable_parameters()->set_currency("USD");
  snapshot.mutable_parameters()->add_group_by("-");
  EXPECT_THAT(History::Texts(Run(snapshot), {"deals", "value"}), ElementsAre("=1 -"));

  for (int i = 2; i < 1050; ++i) history_.Create(absl::StrCat(i), "2024-02-10", {.value = kLargest});
  EXPECT_THAT(Moved(Ask()), ElementsAre("new 1 9000000000000000 EUR 1", "closing 1 9000000000000000 EUR 1", "new 1048 - 1048",
                                        "closing 1048 - 1048"));
}

TEST_F(MovementMoneyTest, ARateOfTheDayOfAnEventIsNoPartOfTheEvent) {
  history_.Rate("EUR", "USD", "2024-01-01", 2);
  history_.Rate("EUR", "USD", "2024-02-10", 3);
  for (const char* id : {"moves", "wins", "grows"}) history_.Create(id, "2024-01-10", {.currency = "EUR", .value = 10});
  history_.Stage("moves", "2024-02-10", "b");
  history_.Win("wins", "2024-02-10", -1, "won");
  history_.Value("grows", "2024-02-10", 11, "EUR");
  EXPECT_THAT(Moved(Ask("USD")), ElementsAre("opening 3 6000 USD 3", "increased 0 300 USD 1", "won -1 -3000 USD 1",
                                           "revaluation 0 3000 USD 3", "advanced 0 0 USD 1", "closing 2 6300 USD 2"));
}

}  // namespace
}  // namespace recount::projections
