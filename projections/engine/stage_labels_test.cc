// A stage id means something only in its pipeline: two pipelines may both have a stage `offer`.
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class StageLabelsTest : public testing::Test {
 protected:
  StageLabelsTest() {
    v1::RuleContent content;
    AddPipeline("sales", "Sales", {{"lead", "New"}, {"offer", "Quote sent"}, {"order", "Order"}}, &content);
    AddPipeline("service", "Service", {{"order", "Order"}, {"visit", "Visit"}, {"offer", "Contract offered"}}, &content);
    (*content.mutable_pipelines()->mutable_pipelines(1)->mutable_stages(2)->mutable_labels())["he"] = "הוצע חוזה";
    history_.Publish(content);
    history_.Create("1", "2024-01-05", {.stage = "offer", .pipeline = "sales"});
    history_.Create("2", "2024-01-06", {.stage = "offer", .pipeline = "service"});
    history_.Create("3", "2024-01-07", {.stage = "order", .pipeline = "service"});
    history_.Create("4", "2024-01-08", {.stage = "visit", .pipeline = "service"});
    history_.Create("5", "2024-01-09", {.stage = "order", .pipeline = "sales"});
  }

  static void AddPipeline(const std::string& id, const std::string& label,
                          const std::vector<std::pair<std::string, std::string>>& stages, v1::RuleContent* content) {
    auto* pipeline = content->mutable_pipelines()->add_pipelines();
    pipeline->set_id(id);
    (*pipeline->mutable_labels())["en"] = label;
    for (const auto& [stage, text] : stages) {
      auto* made = pipeline->add_stages();
      made->set_id(stage);
      (*made->mutable_labels())["en"] = text;
    }
  }

  // Labels of the column `stage`, row by row, after the ids of the columns before it; a total begins with `=`.
  std::vector<std::string> Labels(const std::string& report, const std::vector<std::string>& group_by,
                                  const std::string& language = "en", const std::string& filter = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.set_language(language);
    request.mutable_parameters()->set_filter(filter);
    for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> labels;
    if (!answer.ok()) return labels;
    for (const v1::Row& row : answer->rows()) {
      std::string text = row.is_total() ? "=" : "";
      for (int i = 0; i < answer->columns_size(); ++i) {
        if (answer->columns(i).id() == "pipeline") absl::StrAppend(&text, row.cells(i).label(), ": ");
        if (answer->columns(i).id() != "stage") continue;
        absl::StrAppend(&text, History::Text(row.cells(i).value()), " ", row.cells(i).label());
      }
      labels.push_back(text);
    }
    return labels;
  }

  History history_;
};

TEST_F(StageLabelsTest, ByPipelineAndStageEachHasThePlaceAndLabelOfItsOwn) {
  EXPECT_THAT(Labels("pipeline_snapshot", {"pipeline", "stage"}),
              ElementsAre("Sales: offer Quote sent", "Sales: order Order", "Service: order Order", "Service: visit Visit",
                          "Service: offer Contract offered", "=: - "));
  EXPECT_THAT(Labels("pipeline_snapshot", {"pipeline", "stage"}, "he"),
              ElementsAre("Sales: offer Quote sent", "Sales: order Order", "Service: order Order", "Service: visit Visit",
                          "Service: offer הוצע חוזה", "=: - "));
}

TEST_F(StageLabelsTest, ByStageAloneThatOfTheRecordsElseWhatAllPipelinesSay) {
  EXPECT_THAT(Labels("pipeline_snapshot", {"stage"}), ElementsAre("offer ", "order Order", "visit Visit", "=- "));
  EXPECT_THAT(Labels("pipeline_snapshot", {"stage"}, "en", "pipeline = service"),
              ElementsAre("order Order", "visit Visit", "offer Contract offered", "=- "));
}

TEST_F(StageLabelsTest, AStageThatOnlyADraftHasIsLabelledToo) {
  v1::RuleProposal proposal;
  AddPipeline("sales", "Sales", {{"lead", "New"}, {"talk", "Talking"}, {"order", "Order"}}, proposal.mutable_content());
  AddPipeline("service", "Service", {{"order", "Order"}, {"visit", "Visit"}, {"offer", "Contract"}}, proposal.mutable_content());
  auto* map = proposal.mutable_content()->mutable_pipelines()->add_stage_maps();
  map->set_pipeline("sales");
  (*map->mutable_stages())["offer"] = "talk";
  history_.Draft({proposal});
  v1::RunReportRequest request;
  request.set_report("pipeline_snapshot");
  request.mutable_compare()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_DRAFT);
  request.mutable_compare()->mutable_rule_basis()->set_draft("drafts/talk");
  const auto answer = history_.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  std::vector<std::string> labels;
  for (const v1::Row& row : answer->rows()) labels.push_back(absl::StrCat(row.cells(0).label(), ": ", row.cells(1).label()));
  EXPECT_THAT(labels, ElementsAre("Sales: Quote sent", "Sales: Order", "Sales: Talking", "Service: Order", "Service: Visit",
                                  "Service: Contract offered", ": "));
}

TEST_F(StageLabelsTest, InAListThatOfTheRecord) {
  EXPECT_THAT(Labels("pipeline_detail", {"stage"}),
              ElementsAre("offer Quote sent", "offer Contract offered", "order Order", "visit Visit", "order Order"));
}

TEST_F(StageLabelsTest, BothSidesOfAMovementHaveTheirs) {
  history_.RecordedOn("2024-02-10");
  history_.Stage("4", "2024-02-10", "offer");
  v1::RunReportRequest request;
  request.set_report("pipeline_movement");
  request.mutable_parameters()->set_period("2024-02");
  request.mutable_parameters()->set_filter("pipeline = service");
  for (const char* id : {"from_stage", "to_stage"}) request.mutable_parameters()->add_group_by(id);
  const auto answer = history_.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  std::vector<std::string> labels;
  for (const v1::Row& row : answer->rows()) {
    const bool stays = row.cells(0).label() == row.cells(1).label();
    if (!row.is_total() && !stays) labels.push_back(absl::StrCat(row.cells(0).label(), " -> ", row.cells(1).label()));
  }
  EXPECT_THAT(labels, ElementsAre("Visit -> Contract offered"));
}

TEST_F(StageLabelsTest, InAFunnelAndInAMovement) {
  EXPECT_THAT(Labels("sales_funnel", {}),
              ElementsAre("Sales: lead New", "Sales: offer Quote sent", "Sales: order Order", "Sales: won ",
                          "Service: order Order", "Service: visit Visit", "Service: offer Contract offered", "Service: won "));
  const auto labels = Labels("pipeline_movement", {"stage"}, "en", "pipeline = service");
  EXPECT_THAT(labels, testing::Contains("offer Contract offered"));
  EXPECT_THAT(labels, testing::Not(testing::Contains("offer Quote sent")));
}

}  // namespace
}  // namespace recount::projections
