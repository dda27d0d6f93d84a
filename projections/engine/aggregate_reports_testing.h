// Questions about groups and measures, for tests.
#ifndef RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_REPORTS_TESTING_H_
#define RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_REPORTS_TESTING_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {

class AggregateReportsTest : public testing::Test {
 protected:
  static v1::RunReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by = {}) {
    v1::RunReportRequest request;
    request.set_report(report);
    for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  std::vector<std::string> Rows(const v1::RunReportRequest& request, const std::vector<std::string>& columns) {
    return History::Texts(Run(request), columns);
  }
  // The one number of a report without groups.
  std::string Total(v1::RunReportRequest request, const std::string& column) {
    request.mutable_parameters()->clear_group_by();
    request.mutable_parameters()->add_group_by("-");
    const auto rows = Rows(request, {column});
    return rows.size() == 1 ? rows[0].substr(1) : absl::StrCat(rows.size(), " rows");
  }
  static google::type::Date Date(int year, int month, int day) {
    google::type::Date date;
    date.set_year(year);
    date.set_month(month);
    date.set_day(day);
    return date;
  }

  History history_;
};

inline v1::EventPayload Captured(const std::string& source, const std::string& owner = "") {
  v1::EventPayload payload;
  auto* captured = payload.mutable_lead()->mutable_captured();
  if (!source.empty()) captured->mutable_source()->set_id(source);
  captured->set_owner(owner);
  return payload;
}
inline v1::EventPayload DealOf(const std::string& lead) {
  v1::EventPayload payload;
  auto* created = payload.mutable_deal()->mutable_created();
  created->set_pipeline("p");
  created->set_stage("a");
  created->set_lead(lead);
  return payload;
}

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_REPORTS_TESTING_H_
