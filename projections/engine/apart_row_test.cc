// The row of records apart: deals without a lead beside leads (decisions.md 14).
#include "domain/refusal.h"
#include "google/protobuf/text_format.h"
#include "projections/engine/aggregate_reports_testing.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class ApartRowTest : public AggregateReportsTest {
 protected:
  ApartRowTest() {
    history_.Pipelines({"p: a won+ lost-"});
    history_.Append("leads/1", "2024-01-05", {Captured("web", "users/ann")});
    history_.Append("leads/2", "2024-01-06", {Captured("fair", "users/bob")});
    history_.Append("deals/of1", "2024-01-07", {DealOf("leads/1")});
    history_.Win("of1", "2024-02-01");
    history_.Create("x", "2024-01-10", {.owner = "users/ann", .source = "web"});
    history_.Create("y", "2024-02-10", {.owner = "users/bob", .source = "fair"});
    history_.Create("z", "2024-02-11", {.owner = "users/bob"});
    before_ = history_.position();
    history_.Win("x", "2024-02-20");
  }
  static std::string Line(const v1::Row& row) {
    std::string line = row.apart().empty() ? row.is_total() ? "total" : "group" : row.apart();
    for (const v1::Cell& cell : row.cells()) absl::StrAppend(&line, " ", cell.label().empty() ? History::Text(cell.value()) : cell.label());
    return line;
  }
  std::vector<std::string> Lines(const v1::RunReportRequest& request) {
    std::vector<std::string> lines;
    const auto answer = Run(request);
    for (const v1::Row& row : answer.rows()) lines.push_back(Line(row));
    return lines;
  }
  static v1::RunReportRequest AskConversion(const std::vector<std::string>& group_by = {"source"}) {
    auto request = Ask("sales_conversion", group_by);
    for (const char* measure : {"leads", "deals", "won", "conversion", "win_rate"}) request.mutable_parameters()->add_measures(std::string(measure));
    return request;
  }

  uint64_t before_ = 0;
};

TEST_F(ApartRowTest, DealsWithoutALeadStandUnderTheTotalOfLeads) {
  EXPECT_THAT(Lines(AskConversion()),
              ElementsAre("group fair 1 0 0 0/1 -", "group web 1 1 1 1/1 1/1", "total - 2 1 1 1/2 1/1",
                          "without_lead Deals without a lead - 3 1 - 1/3"));
  EXPECT_THAT(Lines(AskConversion({"-"})), ElementsAre("total 2 1 1 1/2 1/1", "without_lead - 3 1 - 1/3"));
  auto request = AskConversion({"source", "month"});
  request.set_language("zh");
  EXPECT_EQ(Lines(request).back(), "without_lead 没有线索的交易 没有线索的交易 - 3 1 - 1/3");
  request = AskConversion();
  request.set_sort("won desc");
  EXPECT_EQ(Lines(request).back(), "without_lead Deals without a lead - 3 1 - 1/3");
}

TEST_F(ApartRowTest, TheyCountByTheirOwnTimes) {
  auto request = AskConversion();
  request.mutable_parameters()->set_period("2024-01");
  EXPECT_EQ(Lines(request).back(), "without_lead Deals without a lead - 1 1 - 1/1");
  request.mutable_parameters()->set_period("2024-02");
  EXPECT_EQ(Lines(request).back(), "without_lead Deals without a lead - 2 0 - 0/2");
  request.mutable_parameters()->set_mode("period");
  EXPECT_EQ(Lines(request).back(), "without_lead Deals without a lead - 2 1 - 1/2");
  request.mutable_parameters()->set_period("2023");
  EXPECT_THAT(Lines(request), ElementsAre("total - 0 0 0 - -")) << "nothing to count";
}

TEST_F(ApartRowTest, AFilterIsLookedUpInDealsOrTheRowIsLeftOutWithANote) {
  auto request = AskConversion();
  request.mutable_parameters()->set_filter("owner = \"users/bob\"");
  EXPECT_EQ(Lines(request).back(), "without_lead Deals without a lead - 2 0 - 0/2");
  EXPECT_TRUE(Run(request).notes().empty());
  request.mutable_parameters()->set_filter("level = \"none\" OR source = \"web\"");
  const auto answer = Run(request);
  EXPECT_EQ(Line(*answer.rows().rbegin()).substr(0, 5), "total");
  ASSERT_EQ(answer.notes_size(), 1);
  EXPECT_EQ(answer.notes(0).code(), "ROW_LEFT_OUT");
  EXPECT_THAT(answer.notes(0).text(), testing::HasSubstr("no field `level` in deal"));
}

TEST_F(ApartRowTest, ItsCellsOpenAlsoComparedAndTheirChange) {
  auto request = AskConversion();
  request.mutable_compare()->mutable_as_of()->set_position(before_);
  const auto answer = Run(request);
  const v1::Row& row = *answer.rows().rbegin();
  EXPECT_EQ(row.apart(), "without_lead");
  const auto records = [&](const std::string& column) {
    std::vector<std::string> found;
    for (int i = 0; i < answer.columns_size(); ++i) {
      if (answer.columns(i).id() != column) continue;
      const auto opened = history_.Explain(row.cells(i).cell_id());
      EXPECT_TRUE(opened.ok()) << column << ": " << opened.status();
      if (!opened.ok()) continue;
      EXPECT_EQ(History::Text(opened->value()), History::Text(row.cells(i).value())) << column;
      for (const v1::Contribution& contribution : opened->contributions()) found.push_back(contribution.record());
    }
    return found;
  };
  EXPECT_THAT(records("deals"), testing::UnorderedElementsAre("deals/x", "deals/y", "deals/z"));
  EXPECT_THAT(records("won"), ElementsAre("deals/x"));
  EXPECT_THAT(records("won.compared"), ElementsAre());
  EXPECT_THAT(records("won.change"), ElementsAre("deals/x"));
  EXPECT_THAT(records("deals.change"), ElementsAre());
  for (int i = 0; i < answer.columns_size(); ++i) {
    if (answer.columns(i).id() == "leads") {
      EXPECT_EQ(row.cells(i).cell_id(), "");
    }
  }
}

TEST_F(ApartRowTest, ADefinitionSaysWhatStandsApartInTheReportsOwnColumns) {
  const auto refused = [](const std::string& apart) {
    v1::ReportDefinition definition;
    const std::string text = absl::StrCat(R"pb(
      id: "mine" subject: "lead" modes { id: "m" axis: "captured_at" }
      measures { id: "n" function: FUNCTION_COUNT }
      dimensions { id: "source" expr: "source" }
      aggregate { apart { )pb", apart, " } }");
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    return std::string(CheckDefinition(definition).message());
  };
  const std::string deals = "id: 'apart' subject: 'deal' aggregate {} modes { id: 'm' axis: 'created_at' } ";
  EXPECT_EQ(refused(deals + "measures { id: 'n' function: FUNCTION_COUNT }"), "");
  EXPECT_THAT(refused(deals + "measures { id: 'k' function: FUNCTION_COUNT }"), testing::HasSubstr("aggregate.apart.measures[k]"));
  EXPECT_THAT(refused(deals + "modes { id: 'k' }"), testing::HasSubstr("aggregate.apart.modes"));
  EXPECT_THAT(refused(deals + "dimensions { id: 'd' expr: 'source' }"), testing::HasSubstr("one row has no groups"));
  EXPECT_THAT(refused(deals + "where: 'no_such'"), testing::HasSubstr("no field `no_such`"));
  EXPECT_THAT(refused("id: 'apart' subject: 'deal' list {}"), testing::HasSubstr("aggregate.apart.aggregate"));
  EXPECT_THAT(refused("id: 'apart' subject: 'deal' aggregate { apart { aggregate {} } }"), testing::HasSubstr("aggregate.apart.aggregate"));
}

}  // namespace
}  // namespace recount::projections
