// What is known by its day only has no hour and is no end of a duration in seconds (decisions.md 3).
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class PreciseTest : public testing::Test {
 protected:
  PreciseTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Create("1", "2024-01-01", {});
    history_.Create("2", "2024-01-01 09:00", {});
    history_.Create("3", "2024-01-01 09:00", {});
    history_.Win("1", "2024-01-02 10:00");
    history_.Win("2", "2024-01-02 10:00");
    history_.Win("3", "2024-01-03");
  }

  static v1::RunReportRequest Ask(const std::string& dimension, const std::string& seconds, bool by_measure_axis = false) {
    v1::RunReportRequest request;
    v1::ReportDefinition* definition = request.mutable_definition();
    definition->set_id("mine");
    definition->set_subject("deal");
    definition->mutable_aggregate();
    auto* mode = definition->add_modes();
    mode->set_id("won");
    mode->set_axis("won_at");
    mode->set_by_measure_axis(by_measure_axis);
    auto* group = definition->add_dimensions();
    group->set_id("group");
    group->set_expr(dimension);
    definition->add_default_group_by("group");
    auto* measure = definition->add_measures();
    measure->set_id("seconds");
    measure->set_function(v1::FUNCTION_SUM);
    measure->set_expr(seconds);
    auto* deals = definition->add_measures();
    deals->set_id("deals");
    deals->set_function(v1::FUNCTION_COUNT);
    return request;
  }
  std::vector<std::string> Rows(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? History::Texts(*answer, {"group", "deals", "seconds"}) : std::vector<std::string>();
  }

  History history_;
};

TEST_F(PreciseTest, TheHourOfAnAxis) {
  EXPECT_THAT(Rows(Ask("hour(axis)", "elapsed(created_at, won_at)")), ElementsAre("10 2 90000", "- 1 -", "=- 3 90000"));
}

TEST_F(PreciseTest, BehindAChoice) {
  for (const char* seconds : {"elapsed(coalesce(lead.captured_at, created_at), closed_at)",
                              "elapsed(if(is_open, null, created_at), if(outcome = 'won', won_at, null))",
                              "elapsed(min_of(stage_visit, record, entered_at), closed_at)"}) {
    EXPECT_THAT(Rows(Ask("record", seconds)), ElementsAre("deals/1 1 -", "deals/2 1 90000", "deals/3 1 -", "=- 3 90000")) << seconds;
  }
  // The day is chosen, and then it is none: not the next one, which happens to be exact.
  EXPECT_THAT(Rows(Ask("record", "elapsed(coalesce(created_at, won_at), valid_at)"))[0], testing::EndsWith(" -"));
}

TEST_F(PreciseTest, AnAxisOfEachMeasureIsRefused) {
  const auto answer = history_.Run(Ask("hour(axis)", "elapsed(created_at, won_at)", true));
  EXPECT_EQ(domain::ReasonOf(answer.status()), v1::DEFINITION_INVALID) << answer.status();
}

}  // namespace
}  // namespace recount::projections
