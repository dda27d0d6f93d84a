// Every report is grouped by tags and by custom fields (decisions.md 12); a record with several counts in several rows and once in
// the total (22).
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

class OwnGroupingsTest : public testing::Test {
 protected:
  OwnGroupingsTest() {
    history_.Pipelines({"p: a b won+ lost-"});
    PublishFields();
    Captured("leads/1", {"fair"}, "", {});
    Created("1", "2024-01-05", 100, {"vip", "big"}, "large", {"sea", "air"}, "leads/1");
    Created("2", "2024-01-06", 20, {"vip"}, "small", {"air"}, "");
    Created("3", "2024-01-07", 3, {}, "", {}, "");
    history_.RecordedOn("2024-01-20");
    history_.Stage("1", "2024-01-20", "b");
  }

  void PublishFields() {
    v1::RuleContent schema;
    auto* size = schema.mutable_field_schema()->add_fields();
    size->set_collection("deals");
    size->set_id("size");
    size->set_type(v1::FIELD_TYPE_OPTION);
    (*size->mutable_labels())["en"] = "Size";
    (*size->mutable_labels())["he"] = "גודל";
    auto* small = size->add_options();
    small->set_id("small");
    (*small->mutable_labels())["en"] = "Small";
    (*small->mutable_labels())["he"] = "קטן";
    size->add_options()->set_id("large");
    auto* ways = schema.mutable_field_schema()->add_fields();
    ways->set_collection("deals");
    ways->set_id("ways");
    ways->set_type(v1::FIELD_TYPE_OPTIONS);
    for (const char* id : {"sea", "air"}) ways->add_options()->set_id(id);
    (*ways->mutable_options(1)->mutable_labels())["en"] = "By air";
    auto* secret = schema.mutable_field_schema()->add_fields();
    secret->set_collection("deals");
    secret->set_id("secret");
    secret->set_type(v1::FIELD_TYPE_TEXT);
    secret->set_personal(true);
    history_.Publish(schema);
  }

  template <class Event>
  static void Fill(const std::vector<std::string>& tags, const std::string& size, const std::vector<std::string>& ways, Event* event) {
    for (const std::string& tag : tags) event->add_tags(tag);
    if (!size.empty()) {
      auto* change = event->add_fields();
      change->set_field_id("size");
      change->mutable_value()->set_option(size);
    }
    if (ways.empty()) return;
    auto* change = event->add_fields();
    change->set_field_id("ways");
    for (const std::string& way : ways) change->mutable_value()->mutable_options()->add_ids(way);
  }
  void Captured(const std::string& stream, const std::vector<std::string>& tags, const std::string& size,
                const std::vector<std::string>& ways) {
    v1::EventPayload payload;
    Fill(tags, size, ways, payload.mutable_lead()->mutable_captured());
    history_.Append(stream, "2024-01-01", {payload});
  }
  void Created(const std::string& id, const std::string& day, int64_t value, const std::vector<std::string>& tags,
               const std::string& size, const std::vector<std::string>& ways, const std::string& lead) {
    v1::EventPayload payload;
    auto* created = payload.mutable_deal()->mutable_created();
    created->set_pipeline("p");
    created->set_stage("a");
    created->set_lead(lead);
    created->mutable_value()->set_units(value);
    created->mutable_value()->set_currency_code("USD");
    Fill(tags, size, ways, created);
    history_.Append("deals/" + id, day, {payload});
  }

  static v1::RunReportRequest Ask(const std::string& report, const std::vector<std::string>& group_by, const std::string& period = "") {
    v1::RunReportRequest request;
    request.set_report(report);
    request.mutable_parameters()->set_period(period);
    for (const std::string& id : group_by) request.mutable_parameters()->add_group_by(id);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  // Labels of the first column.
  static std::vector<std::string> Labels(const v1::RunReportResponse& answer) {
    std::vector<std::string> labels;
    for (const v1::Row& row : answer.rows()) labels.push_back(row.cells(0).label());
    return labels;
  }
  static bool NonAdditive(const v1::RunReportResponse& answer, const std::string& column) {
    for (const v1::Column& found : answer.columns()) {
      if (found.id() == column) return found.non_additive();
    }
    ADD_FAILURE() << "no column " << column;
    return false;
  }
  void Tag(const std::string& id, const std::string& day, const std::string& added, const std::string& removed) {
    v1::EventPayload payload;
    auto* annotated = payload.mutable_deal()->mutable_annotated();
    if (!added.empty()) annotated->add_tags_added(added);
    if (!removed.empty()) annotated->add_tags_removed(removed);
    history_.Append("deals/" + id, day, {payload});
  }

  History history_;
};

TEST_F(OwnGroupingsTest, AnAggregateByTags) {
  const auto answer = Run(Ask("pipeline_snapshot", {"tags"}));
  EXPECT_THAT(History::Texts(answer, {"tags", "deals", "value"}),
              ElementsAre("big 1 10000 USD", "vip 2 12000 USD", "- 1 300 USD", "=- 3 12300 USD"));
  EXPECT_THAT(Labels(answer), ElementsAre("", "", "no_tags", ""));
  EXPECT_EQ(answer.columns(0).label(), "Tag");
  for (const char* column : {"tags", "deals", "value"}) EXPECT_TRUE(NonAdditive(answer, column)) << column;
  EXPECT_FALSE(NonAdditive(Run(Ask("pipeline_snapshot", {"field.size"})), "deals"));
  const auto opened = history_.Explain(History::Cell(answer, {"tags"}, "vip", "deals").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->total_contributions(), 2);
}

TEST_F(OwnGroupingsTest, AnAggregateByACustomFieldInTheOrderAndLanguageOfItsOptions) {
  auto request = Ask("pipeline_snapshot", {"field.size"});
  const auto answer = Run(request);
  EXPECT_THAT(History::Texts(answer, {"field.size", "deals"}), ElementsAre("small 1", "large 1", "- 1", "=- 3"));
  EXPECT_THAT(Labels(answer), ElementsAre("Small", "", "no_value", ""));
  EXPECT_EQ(answer.columns(0).label(), "Size");
  request.set_language("he");
  EXPECT_EQ(Run(request).columns(0).label(), "גודל");
  EXPECT_EQ(Labels(Run(request))[0], "קטן");
  EXPECT_THAT(History::Texts(Run(Ask("pipeline_snapshot", {"field.ways", "stage"})), {"field.ways", "stage", "deals"}),
              ElementsAre("sea b 1", "air a 1", "air b 1", "- a 1", "=- - 3"));
  EXPECT_THAT(History::Texts(Run(Ask("pipeline_snapshot", {"lead.tags"})), {"lead.tags", "deals"}),
              ElementsAre("fair 1", "- 2", "=- 3"));
}

TEST_F(OwnGroupingsTest, AFunnel) {
  const auto answer = Run(Ask("sales_funnel", {"tags"}));
  EXPECT_TRUE(NonAdditive(answer, "reached"));
  const auto rows = History::Texts(answer, {"tags", "stage", "reached"});
  for (const char* row : {"big a 1", "big b 1", "vip a 2", "vip b 1", "- a 1", "=- a 3", "=- b 1"}) {
    EXPECT_THAT(rows, testing::Contains(row));
  }
  EXPECT_THAT(History::Texts(Run(Ask("sales_funnel", {"field.size"})), {"field.size", "stage", "reached"}),
              testing::IsSupersetOf({"small a 1", "large b 1", "- a 1", "=- a 3"}));
}

TEST_F(OwnGroupingsTest, AMovementSeesEachTagAsAQuestionOfItsOwnAndTheWholeOnce) {
  Tag("2", "2024-02-10", "big", "vip");
  history_.Value("1", "2024-02-12", 150);
  history_.Win("1", "2024-02-20", -1, "won");
  history_.RecordedOn("2024-03-01");
  Tag("3", "2024-03-01", "late", "");
  const auto answer = Run(Ask("pipeline_movement", {"tags"}, "2024-02"));
  EXPECT_TRUE(NonAdditive(answer, "value"));
  std::vector<std::string> moved;
  for (const std::string& row : History::Texts(answer, {"tags", "category", "deals", "value"})) {
    if (row.find(" 0 0 USD") == std::string::npos) moved.push_back(row);
  }
  EXPECT_THAT(moved, ElementsAreArray({
      "big opening 1 10000 USD", "big increased 0 5000 USD", "big moved_in 1 2000 USD", "big won -1 -15000 USD", "big closing 1 2000 USD",
      "vip opening 2 12000 USD", "vip increased 0 5000 USD", "vip won -1 -15000 USD", "vip moved_out -1 -2000 USD",
      "- opening 1 300 USD", "- closing 1 300 USD",
      "=- opening 3 12300 USD", "=- increased 0 5000 USD", "=- won -1 -15000 USD", "=- closing 2 2300 USD"}));
  const auto opened = history_.Explain(History::Cell(answer, {"tags", "category"}, "vip opening", "value").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->total_contributions(), 2);
  EXPECT_EQ(History::Text(opened->value()), "12000 USD");
  EXPECT_THAT(History::Texts(Run(Ask("pipeline_movement", {"field.size"}, "2024-02")), {"field.size", "category", "deals"}),
              testing::IsSupersetOf({"small opening 1", "large won -1", "- closing 1", "=- closing 2"}));
}

TEST_F(OwnGroupingsTest, AListHasThemAsColumns) {
  const auto answer = Run(Ask("pipeline_detail", {"field.ways", "tags", "field.size"}));
  EXPECT_THAT(History::Texts(answer, {"record", "field.ways", "tags", "field.size"}),
              testing::UnorderedElementsAre("deals/1 air, sea big, vip large", "deals/2 air vip small", "deals/3 - - -"));
  EXPECT_EQ(History::Cell(answer, {"record"}, "deals/1", "field.ways").label(), "By air, sea");
  EXPECT_EQ(History::Cell(answer, {"record"}, "deals/2", "field.size").label(), "Small");
}

TEST_F(OwnGroupingsTest, WhatIsNotThereIsNamed) {
  for (const char* id : {"field.nothing", "field.secret", "tags.vip", "stage.tags", "field.size+1"}) {
    EXPECT_EQ(domain::ReasonOf(history_.Run(Ask("won_lost", {id})).status()), v1::PARAMETER_INVALID) << id;
  }
}

}  // namespace
}  // namespace recount::projections
