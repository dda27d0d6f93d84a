// Every parameter of every report of the catalogue: it counts for the answer, or it is refused by its name.
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

// Of the first field violation; empty: none.
std::string FieldOf(const absl::Status& status) {
  const google::rpc::Status rpc = domain::ToRpcStatus(status);
  for (const google::protobuf::Any& detail : rpc.details()) {
    google::rpc::BadRequest request;
    if (detail.UnpackTo(&request) && request.field_violations_size() > 0) return request.field_violations(0).field();
  }
  return "";
}

class EveryParameterTest : public testing::Test {
 protected:
  EveryParameterTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Create("1", "2024-01-10", {.stage = "a", .owner = "users/ann", .source = "web", .value = 100});
    history_.Stage("1", "2024-02-10", "b");
  }

  static const std::vector<v1::ReportDefinition>& Reports() { return History::BuiltInReports().definitions(); }
  // What must be given, and no more.
  static v1::RunReportRequest Ask(const v1::ReportDefinition& report) {
    v1::RunReportRequest request;
    request.set_report(report.id());
    if (report.has_timeline()) request.mutable_parameters()->mutable_record()->set_name("deals/1");
    return request;
  }
  void ExpectRefused(const v1::RunReportRequest& request, const std::string& field, const std::string& says) {
    const absl::Status refused = history_.Run(request).status();
    EXPECT_EQ(domain::ReasonOf(refused), v1::PARAMETER_INVALID) << request.ShortDebugString() << ": " << refused;
    EXPECT_EQ(FieldOf(refused), field) << request.ShortDebugString();
    EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(says)) << request.ShortDebugString();
  }

  History history_;
};

TEST_F(EveryParameterTest, AGroupOrMeasureIsGivenOnce) {
  for (const v1::ReportDefinition& report : Reports()) {
    const bool list = report.has_list();
    const std::string group = list ? report.list().columns(0).id() : report.dimensions(0).id();
    auto request = Ask(report);
    request.mutable_parameters()->add_group_by(group);
    EXPECT_TRUE(history_.Run(request).ok() || list) << report.id();  // a list sorts by a column of its own
    request.mutable_parameters()->add_group_by(group);
    ExpectRefused(request, "parameters.group_by", absl::StrCat("the ", list ? "column" : "dimension", " `", group, "` is given twice"));
    if (report.measures().empty()) continue;
    request.mutable_parameters()->mutable_group_by()->RemoveLast();
    for (int times = 0; times < 2; ++times) request.mutable_parameters()->add_measures(report.measures(0).id());
    ExpectRefused(request, "parameters.measures", absl::StrCat("the measure `", report.measures(0).id(), "` is given twice"));
  }
}

}  // namespace
}  // namespace recount::projections
