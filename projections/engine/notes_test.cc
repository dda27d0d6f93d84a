// What an answer leaves out it says, whatever its shape.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class NotesTest : public testing::Test {
 protected:
  NotesTest() {
    history_.Pipelines({"p: a b won+"});
    v1::RuleContent content;
    auto* row = content.mutable_probabilities()->add_probabilities();
    row->set_pipeline("p");
    row->set_stage("a");
    row->set_probability_bp(5000);
    history_.Publish(content);
    history_.Create("1", "2024-01-05 10:00", {.stage = "a", .value = 10});
    history_.Create("2", "2024-01-05", {.stage = "a", .currency = "JPY", .value = 500});
    history_.Create("3", "2024-01-05", {.stage = "b", .value = 10});
    history_.Create("4", "2024-01-05 11:00", {.stage = "b"});
  }
  static std::vector<std::string> Notes(const v1::RunReportResponse& answer) {
    std::vector<std::string> notes;
    for (const v1::Note& note : answer.notes()) notes.push_back(absl::StrCat(note.code(), " ", note.count()));
    return notes;
  }
  std::vector<std::string> NotesOf(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Notes(*answer) : std::vector<std::string>();
  }
  // A report of deals of one's own with the column or dimension `when`.
  static v1::RunReportRequest Own(const std::string& expr, bool is_list) {
    v1::RunReportRequest request;
    v1::ReportDefinition* definition = request.mutable_definition();
    definition->set_id("mine");
    definition->set_subject("deal");
    auto* column = is_list ? definition->mutable_list()->add_columns() : definition->add_dimensions();
    column->set_id("when");
    column->set_expr(expr);
    if (is_list) return request;
    definition->mutable_aggregate();
    definition->add_default_group_by("when");
    auto* deals = definition->add_measures();
    deals->set_id("deals");
    deals->set_function(v1::FUNCTION_COUNT);
    return request;
  }

  History history_;
};

TEST_F(NotesTest, AListSaysWhatHasNoRateNoProbabilityAndNoValue) {
  v1::RunReportRequest request;
  request.set_report("pipeline_detail");
  EXPECT_THAT(NotesOf(request), ElementsAre("STAGE_WITHOUT_PROBABILITY 1", "NO_VALUE 1"));
  request.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(NotesOf(request), ElementsAre("NO_RATE 1", "STAGE_WITHOUT_PROBABILITY 1", "NO_VALUE 1"));
  request.mutable_parameters()->add_group_by("owner");
  EXPECT_THAT(NotesOf(request), IsEmpty()) << "no money is shown";
  v1::RunReportRequest snapshot;
  snapshot.set_report("pipeline_snapshot");
  snapshot.mutable_parameters()->set_currency("USD");
  EXPECT_THAT(NotesOf(snapshot), ElementsAre("NO_RATE 1", "STAGE_WITHOUT_PROBABILITY 1", "NO_VALUE 1")) << "as an aggregate does";
}

TEST_F(NotesTest, DaysHaveNoHourInAnyShape) {
  for (const bool is_list : {false, true}) {
    EXPECT_THAT(NotesOf(Own("hour(created_at)", is_list)), ElementsAre("ONLY_DAY_KNOWN 2"));
    EXPECT_THAT(NotesOf(Own("if(hour(created_at) < 12, 'morning', 'later')", is_list)), ElementsAre("ONLY_DAY_KNOWN 2"));
    EXPECT_THAT(NotesOf(Own("elapsed(stage_entered_at, valid_at)", is_list)), ElementsAre("ONLY_DAY_KNOWN 2"));
    EXPECT_THAT(NotesOf(Own("day(created_at)", is_list)), IsEmpty());
    EXPECT_THAT(NotesOf(Own("hour(won_at)", is_list)), IsEmpty()) << "what has no time at all is no fact known by its day";
  }
}

}  // namespace
}  // namespace recount::projections
