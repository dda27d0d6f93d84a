// Movements of a small pipeline, for tests.
#ifndef RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_REPORTS_TESTING_H_
#define RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_REPORTS_TESTING_H_

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {

class MovementReportsTest : public testing::Test {
 protected:
  MovementReportsTest() { history_.Pipelines({"p: a b c won+ lost-", "q: x y won+ lost-"}); }

  // February 2024, unless another period is asked for.
  static v1::RunReportRequest Ask(const std::string& filter = "", const std::string& period = "2024-02") {
    v1::RunReportRequest request;
    request.set_report("pipeline_movement");
    request.mutable_parameters()->set_period(period);
    request.mutable_parameters()->set_filter(filter);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  // Rows in which something happened: category, deals, value, changes.
  std::vector<std::string> Moved(const v1::RunReportRequest& request,
                                 std::vector<std::string> columns = {"category", "deals", "value", "changes"}) {
    std::vector<std::string> rows;
    for (const std::string& row : History::Texts(Run(request), columns)) {
      if (!absl::EndsWith(row, " 0")) rows.push_back(row);
    }
    return rows;
  }

  History history_;
};

// Each cell opens into deals that add up to it.
inline void ExpectOpens(History& history, const v1::RunReportResponse& answer) {
  for (const v1::Row& row : answer.rows()) {
    for (int i = 0; i < row.cells_size(); ++i) {
      const v1::Cell& cell = row.cells(i);
      if (cell.cell_id().empty() || cell.value().value_case() == v1::Value::VALUE_NOT_SET) continue;
      const auto opened = history.Explain(cell.cell_id());
      ASSERT_TRUE(opened.ok()) << opened.status();
      int64_t sum = 0;
      for (const v1::Contribution& contribution : opened->contributions()) {
        sum += contribution.value().has_money() ? contribution.value().money().units() : contribution.value().integer();
      }
      EXPECT_EQ(sum, cell.value().has_money() ? cell.value().money().units() : cell.value().integer());
      EXPECT_EQ(History::Text(opened->value()), History::Text(cell.value()));
    }
  }
}

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_REPORTS_TESTING_H_
