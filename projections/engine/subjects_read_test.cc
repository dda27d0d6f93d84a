// Which subjects' tables a report reads.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(SubjectsRead, OfTheBuiltInReports) {
  std::map<std::string, std::set<std::string>> read;
  for (const v1::ReportDefinition& definition : History::BuiltInReports().definitions()) {
    read[definition.id()] = *SubjectsRead(definition);
  }
  using Subjects = std::set<std::string>;
  EXPECT_EQ(read["entity_timeline"], (Subjects{"deal", "lead"}));  // which records are linked; the events are the log's
  EXPECT_EQ(read["pipeline_detail"], (Subjects{"deal", "deal_state"}));
  EXPECT_EQ(read["pipeline_movement"], (Subjects{"deal", "deal_state", "organization"}));
  EXPECT_EQ(read["pipeline_snapshot"], (Subjects{"deal", "deal_state", "organization"}));
  EXPECT_EQ(read["sales_conversion"], (Subjects{"deal", "lead"}));
  EXPECT_EQ(read["sales_cycle"], (Subjects{"deal", "deal_state", "lead", "organization", "stage_visit"}));
  EXPECT_EQ(read["sales_forecast"], (Subjects{"deal", "deal_state", "organization"}));
  EXPECT_EQ(read["sales_funnel"], (Subjects{"deal", "deal_state", "organization", "stage_visit"}));
  EXPECT_EQ(read["won_lost"], (Subjects{"deal", "deal_state", "organization", "reversal"}));
  EXPECT_THAT(History::BuiltInReports().ReportsOn("stage_visit"), UnorderedElementsAre("sales_cycle", "sales_funnel"));
  EXPECT_THAT(History::BuiltInReports().ReportsOn("lead"), UnorderedElementsAre("entity_timeline", "sales_conversion", "sales_cycle"));
  EXPECT_THAT(History::BuiltInReports().ReportsOn("person"), ElementsAre());
}

// Of all tables these.
class SomeTables final : public Snapshot {
 public:
  SomeTables(const FactTables& tables, std::set<std::string> shown) : tables_(tables), shown_(std::move(shown)) {}
  uint64_t position() const override { return tables_.position; }
  int64_t recorded_micros() const override { return tables_.recorded_micros; }
  uint64_t generation() const override { return tables_.generation; }
  const IntervalTable* table(absl::string_view subject) const override {
    const FactTables::Entry* entry = tables_.Find(subject);
    return entry == nullptr || shown_.count(std::string(subject)) == 0 ? nullptr : entry->table.get();
  }
  const Dictionary& dictionary() const override { return tables_.dictionary; }
  const domain::Rulebook& rulebook() const override { return tables_.rulebook; }

 private:
  const FactTables& tables_;
  const std::set<std::string> shown_;
};

class HiddenTables : public testing::Test {
 protected:
  HiddenTables() {
    history_.Pipelines({"p: a b won+ lost-"});
    history_.Belongs("users/ann", "teams/north");
    v1::EventPayload organization, lead;
    organization.mutable_organization()->mutable_created()->set_sector("steel");
    history_.Append("organizations/c", "2024-01-01", {organization});
    lead.mutable_lead()->mutable_captured()->mutable_source()->set_id("web");
    history_.Append("leads/l", "2024-01-02", {lead});
    for (const char* id : {"open", "won", "lost", "gone"}) {
      v1::EventPayload deal;
      v1::DealCreated* created = deal.mutable_deal()->mutable_created();
      created->set_pipeline("p");
      created->set_stage("a");
      created->set_owner("users/ann");
      created->set_lead("leads/l");
      created->set_organization("organizations/c");
      created->mutable_value()->set_units(10);
      created->mutable_value()->set_currency_code("USD");
      history_.Append(std::string("deals/") + id, "2024-01-05", {deal});
      history_.Stage(id, "2024-01-08", "b");
    }
    history_.Win("won", "2024-02-01");
    history_.Lose("lost", "2024-02-01");
    history_.Delete("gone", "2024-02-02");
  }

  // The rows of a report, all of it.
  std::string RowsOf(const v1::ReportDefinition& definition, const std::string& dimension, const std::string& mode,
                     const std::set<std::string>& shown) {
    const SomeTables snapshot(history_.tables(), shown);
    v1::RunReportRequest request;
    request.set_report(definition.id());
    request.mutable_parameters()->set_mode(mode);
    if (!dimension.empty()) request.mutable_parameters()->add_group_by(dimension);
    if (definition.has_timeline()) {
      request.mutable_parameters()->mutable_record()->set_name("deals/won");
      (*request.mutable_parameters()->mutable_arguments())["linked"] = "yes";
    }
    const auto answer = ReportEngine(&History::BuiltInReports()).Run(request, history_.Context(&snapshot));
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::string rows;
    for (const v1::Row& row : answer->rows()) {
      for (const v1::Cell& cell : row.cells()) rows += cell.value().ShortDebugString() + ", ";
      rows += "\n";
    }
    return rows;
  }

  std::set<std::string> All() const {
    std::set<std::string> ids;
    for (const Subject& subject : AllSubjects()) ids.insert(subject.id);
    return ids;
  }

  History history_;
};

TEST_F(HiddenTables, NoneThatAReportReadsIsLeftOut) {
  for (const v1::ReportDefinition& definition : History::BuiltInReports().definitions()) {
    const std::set<std::string> read = *SubjectsRead(definition);
    std::vector<std::string> dimensions = {""}, modes = {""};
    for (const v1::Mode& mode : definition.modes()) modes.push_back(mode.id());
    for (const v1::Dimension& dimension : definition.dimensions()) dimensions.push_back(dimension.id());
    for (const std::string& mode : modes) {
      for (const std::string& dimension : dimensions) {
        EXPECT_EQ(RowsOf(definition, dimension, mode, read), RowsOf(definition, dimension, mode, All()))
            << definition.id() << " by " << dimension << " in mode " << mode;
      }
    }
  }
}

}  // namespace
}  // namespace recount::projections
