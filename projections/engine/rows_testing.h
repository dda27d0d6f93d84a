// What tests of answers share: a history, and the rows of an answer as texts.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROWS_TESTING_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROWS_TESTING_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "projections/engine/history_fixture.h"

namespace recount::projections {

class RowsTest : public testing::Test {
 protected:
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? History::Texts(*answer, columns) : std::vector<std::string>();
  }

  History history_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROWS_TESTING_H_
