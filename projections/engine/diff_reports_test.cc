// Why two answers differ: each cause with a history in which the number is known, and both together add up.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string KindText(const v1::ChangeCause& cause) {
  const std::string name = v1::ChangeCauseKind_Name(cause.kind()).substr(sizeof("CHANGE_CAUSE_KIND_") - 1);
  return cause.rule_kind() == v1::RULE_KIND_UNSPECIFIED ? name : absl::StrCat(name, " ", domain::KindName(cause.rule_kind()));
}

std::vector<std::string> Causes(const v1::DiffReportsResponse& diff) {
  std::vector<std::string> kinds;
  for (const v1::ChangeCause& cause : diff.causes()) kinds.push_back(KindText(cause));
  return kinds;
}

// `groups column before -> after: KIND change, KIND change`; of a total the groups begin with `=`.
std::vector<std::string> Cells(const v1::DiffReportsResponse& diff) {
  std::vector<std::string> texts;
  for (const v1::DiffedRow& row : diff.rows()) {
    std::vector<std::string> groups;
    for (const v1::Cell& group : row.groups()) groups.push_back(History::Text(group.value()));
    const std::string name = absl::StrCat(row.is_total() ? "=" : "", row.apart(), absl::StrJoin(groups, " "));
    for (const v1::DiffedCell& cell : row.cells()) {
      std::vector<std::string> shares;
      for (const v1::CauseShare& share : cell.shares()) {
        shares.push_back(absl::StrCat(KindText(diff.causes(share.cause())), " ", History::Text(share.change())));
      }
      texts.push_back(absl::StrCat(name, " ", cell.column(), " ", History::Text(cell.before()), " -> ", History::Text(cell.after()), ": ",
                                   absl::StrJoin(shares, ", ")));
    }
  }
  return texts;
}

class DiffReportsTest : public AggregateReportsTest {
 protected:
  DiffReportsTest() { history_.Pipelines({"p: a b won+ lost-"}); }

  uint64_t Probabilities(int a, int b, absl::string_view from = "") {
    v1::RuleContent content;
    for (const auto& [stage, percent] : {std::pair("a", a), std::pair("b", b)}) {
      auto* row = content.mutable_probabilities()->add_probabilities();
      row->set_pipeline("p");
      row->set_stage(stage);
      row->set_probability_bp(static_cast<uint32_t>(percent * 100));
    }
    return history_.Publish(content, from);
  }

  static v1::RunReportRequest AsOf(v1::RunReportRequest request, uint64_t position) {
    request.mutable_parameters()->mutable_as_of()->set_position(position);
    return request;
  }
  v1::DiffReportsResponse Diff(const v1::DiffReportsRequest& request) {
    const auto diff = history_.Diff(request);
    EXPECT_TRUE(diff.ok()) << diff.status();
    return diff.ok() ? *diff : v1::DiffReportsResponse();
  }
  v1::DiffReportsResponse Diff(const v1::RunReportRequest& before, const v1::RunReportRequest& after) {
    v1::DiffReportsRequest request;
    *request.mutable_before()->mutable_request() = before;
    *request.mutable_after()->mutable_request() = after;
    return Diff(request);
  }
  // Of one question at two positions.
  v1::DiffReportsResponse Between(const v1::RunReportRequest& request, uint64_t before, uint64_t after) {
    return Diff(AsOf(request, before), AsOf(request, after));
  }
  static v1::RunReportRequest Won() {
    auto request = Ask("won_lost", {"-"});
    for (const char* id : {"won", "won_value"}) request.mutable_parameters()->add_measures(id);
    request.mutable_parameters()->set_period("2024-03");
    return request;
  }
};

TEST_F(DiffReportsTest, LateAndNewFactsAndDeletions) {
  for (const char* id : {"1", "2", "3", "4"}) history_.Create(id, "2024-03-01", {.value = 100});
  history_.Win("1", "2024-03-05");
  history_.Win("2", "2024-03-06");
  history_.RecordedOn("2024-03-20");
  const uint64_t before = history_.Create("5", "2024-03-20", {.value = 100});
  history_.RecordedOn("2024-03-25");
  history_.Win("3", "2024-03-10", 40);     // late
  history_.Win("4", "2024-03-24", 7);   // new
  const uint64_t after = history_.Delete("2", "2024-03-24");
  const auto diff = Between(Won(), before, after);
  EXPECT_THAT(Causes(diff), ElementsAre("TIME", "LATE_FACTS", "NEW_FACTS", "DELETIONS"));
  EXPECT_THAT(Cells(diff), ElementsAre("=USD won 2 -> 3: LATE_FACTS 1, NEW_FACTS 1, DELETIONS -1",
                                       "=USD won_value 20000 USD -> 14700 USD: LATE_FACTS 4000 USD, NEW_FACTS 700 USD, DELETIONS -10000 USD"));
  EXPECT_EQ(diff.causes(1).records(), 1);
  EXPECT_EQ(diff.causes(1).events(), 2);
}

}  // namespace
}  // namespace recount::projections
