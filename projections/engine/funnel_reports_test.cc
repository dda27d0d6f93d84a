#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {
namespace {

using testing::ElementsAre;

class FunnelReportsTest : public testing::Test {
 protected:
  FunnelReportsTest() { history_.Pipelines({"p: a b c d won+ lost-"}); }

  static v1::RunReportRequest Ask(const std::string& mode, const std::string& period = "") {
    v1::RunReportRequest request;
    request.set_report("sales_funnel");
    request.mutable_parameters()->set_mode(mode);
    request.mutable_parameters()->set_period(period);
    return request;
  }
  v1::RunReportResponse Run(const v1::RunReportRequest& request) {
    const auto answer = history_.Run(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::RunReportResponse();
  }
  std::vector<std::string> Rows(const std::string& mode, const std::vector<std::string>& columns = {"stage", "reached"}) {
    return History::Texts(Run(Ask(mode)), columns);
  }
  // Created in the first stage, then a stage a day.
  void Walk(const std::string& id, const std::vector<std::string>& stages, int day = 1) {
    history_.Create(id, absl::StrCat("2024-01-", day), {.stage = stages[0]});
    for (size_t i = 1; i < stages.size(); ++i) history_.Stage(id, absl::StrCat("2024-01-", day + i), stages[i]);
  }

  History history_;
};

TEST_F(FunnelReportsTest, StepsAndSharesOfFx04) {
  const int reached[] = {85, 68, 52, 28};
  const std::vector<std::string> stages = {"a", "b", "c", "d"};
  for (int deal = 0; deal < reached[0]; ++deal) {
    int depth = 1;
    while (depth < 4 && deal < reached[depth]) ++depth;
    Walk(absl::StrCat(deal), {stages.begin(), stages.begin() + depth});
  }
  for (const char* mode : {"strict", "touched", "implied"}) {
    EXPECT_THAT(Rows(mode, {"pipeline", "stage", "reached", "step", "cumulative"}),
                ElementsAre("p a 85 68/85 85/85", "p b 68 52/68 68/85", "p c 52 28/52 52/85", "p d 28 0/28 28/85",
                            "p won 0 - 0/85"))
        << mode;
  }
}

TEST_F(FunnelReportsTest, SkippingReentryRegressionsAndLoss) {
  Walk("skips", {"a", "c"});
  Walk("returns", {"a", "b", "c", "b", "c"});
  Walk("lost", {"a", "b"});
  history_.Lose("lost", "2024-02-01", "lost");
  Walk("won", {"b", "d"});
  history_.Win("won", "2024-02-01", 100, "won");
  const std::vector<std::string> columns = {"stage", "reached", "lost_here", "skipped", "regressions"};
  EXPECT_THAT(Rows("strict", columns), ElementsAre("a 3 0 1 0", "b 2 1 1 0", "c 1 0 1 1", "d 0 0 0 0", "won 0 0 0 0"));
  EXPECT_THAT(Rows("touched", columns), ElementsAre("a 3 0 1 0", "b 3 1 1 0", "c 2 0 1 1", "d 1 0 0 0", "won 1 0 0 0"));
  EXPECT_THAT(Rows("implied", columns), ElementsAre("a 4 0 1 0", "b 4 1 1 0", "c 3 0 1 1", "d 1 0 0 0", "won 1 0 0 0"));
  EXPECT_THAT(Rows("touched", {"stage", "step"}), ElementsAre("a 2/3", "b 1/3", "c 0/2", "d 1/1", "won -"));
}

TEST_F(FunnelReportsTest, OnlyStandingOutcomesCount) {
  Walk("reopened", {"a", "b"});
  history_.Win("reopened", "2024-02-01", -1, "won");
  EXPECT_THAT(Rows("touched"), ElementsAre("a 1", "b 1", "c 0", "d 0", "won 1"));
  history_.Reopen("reopened", "2024-02-02", "a");
  EXPECT_THAT(Rows("touched", {"stage", "reached", "regressions"}), ElementsAre("a 1 0", "b 1 1", "c 0 0", "d 0 0", "won 0 0"));
  history_.Lose("reopened", "2024-02-03", "lost");
  EXPECT_THAT(Rows("touched", {"stage", "lost_here"}), ElementsAre("a 1", "b 0", "c 0", "d 0", "won 0"));
}

TEST_F(FunnelReportsTest, AsRecordedAVisitHasTheRulesOfItsOwnEntry) {
  Walk("1", {"a", "b"});
  history_.Pipelines({"p: a c d won+ lost-"}, "", {"p: b=c"});
  history_.RecordedOn("2024-02-01");
  history_.Create("2", "2024-02-01", {.stage = "c"});
  history_.Stage("1", "2024-02-02", "d");
  EXPECT_THAT(Rows("touched"), ElementsAre("a 1", "c 2", "d 1", "won 0"));
  auto request = Ask("touched");
  request.mutable_parameters()->mutable_rule_basis()->set_kind(v1::RULE_BASIS_KIND_AS_RECORDED);
  // When it was entered, b was b: of that the present ladder knows nothing.
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached"}), ElementsAre("a 1", "c 1", "d 1", "won 0", "- 1"));
}

TEST_F(FunnelReportsTest, CreatedAndMovedOnTheSameDay) {
  Walk("quick", {"a"});
  history_.Win("quick", "2024-01-01", 5, "won");
  EXPECT_THAT(Rows("touched"), ElementsAre("a 1", "b 0", "c 0", "d 0", "won 1"));
}

TEST_F(FunnelReportsTest, ADealHasAWayThroughEachPipeline) {
  history_.Pipelines({"p: a b won+", "q: x y closed+"});
  Walk("stays", {"a", "b"});
  Walk("moves", {"a"});
  history_.Move("moves", "2024-01-05", "q", "x");
  history_.Win("moves", "2024-01-06", 10, "closed");
  EXPECT_THAT(Rows("touched", {"pipeline", "stage", "reached"}),
              ElementsAre("p a 2", "p b 1", "p won 0", "q x 1", "q y 0", "q closed 1"));
}

TEST_F(FunnelReportsTest, AMapOfStagesRestatesTheFunnel) {
  Walk("1", {"a", "b", "c", "d"});
  Walk("2", {"a", "c"});
  const uint64_t before = history_.position();
  history_.Pipelines({"p: a bc d won+ lost-"}, "", {"p: b=bc c=bc"});
  EXPECT_THAT(Rows("strict", {"stage", "reached", "skipped"}), ElementsAre("a 2 0", "bc 2 0", "d 1 0", "won 0 0"));
  auto request = Ask("strict");
  request.mutable_parameters()->mutable_as_of()->set_position(before);
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached"}), ElementsAre("a 2", "b 1", "c 1", "d 1", "won 0"));
}

TEST_F(FunnelReportsTest, AStageThatTheRulesDoNotKnowIsARowOfItsOwn) {
  Walk("1", {"a", "b", "c"});
  history_.Pipelines({"p: a c d won+ lost-"}, "", {"p: b="});
  EXPECT_THAT(Rows("touched"), ElementsAre("a 1", "c 1", "d 0", "won 0", "- 1"));
}

TEST_F(FunnelReportsTest, LateEntriesTakeTheirPlace) {
  history_.RecordedOn("2024-03-01");
  Walk("1", {"a"}, 1);
  const uint64_t before = history_.Stage("1", "2024-01-09", "c");
  history_.Stage("1", "2024-01-05", "b");
  EXPECT_THAT(Rows("strict"), ElementsAre("a 1", "b 1", "c 1", "d 0", "won 0"));
  auto request = Ask("strict");
  request.mutable_parameters()->mutable_as_of()->set_position(before);
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached"}), ElementsAre("a 1", "b 0", "c 0", "d 0", "won 0"));
}

TEST_F(FunnelReportsTest, ByCohortTheCreationByPeriodTheEntryMustLieInIt) {
  history_.Create("old", "2023-12-20", {.stage = "a"});
  history_.Stage("old", "2024-01-10", "b");
  history_.Stage("old", "2024-02-10", "c");
  history_.Create("new", "2024-01-15", {.stage = "a"});
  history_.Stage("new", "2024-02-15", "b");
  EXPECT_THAT(History::Texts(Run(Ask("touched", "2024-01")), {"stage", "reached"}),
              ElementsAre("a 1", "b 1", "c 0", "d 0", "won 0"));
  auto request = Ask("touched", "2024-01");
  (*request.mutable_parameters()->mutable_arguments())["by"] = "period";
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached", "skipped"}),
              ElementsAre("a 1 0", "b 1 0", "c 0 0", "d 0 0", "won 0 0"));
  request.mutable_parameters()->set_period("2024-02");
  EXPECT_THAT(History::Texts(Run(request), {"stage", "reached"}), ElementsAre("a 0", "b 1", "c 1", "d 0", "won 0"));
  (*request.mutable_parameters()->mutable_arguments())["by"] = "hour";
  EXPECT_FALSE(history_.Run(request).ok());
}

// decisions.md 13 and 14: by period an entry counts where it lies, in strict mode if all stages before it were passed by then.
TEST_F(FunnelReportsTest, StrictByPeriodCountsEntriesOfDealsThatBeganEarlier) {
  // `slow` goes a stage a month; `skips` comes to c without b, which it sees later; `again` goes back and comes again.
  history_.Create("slow", "2024-01-05", {.stage = "a"});
  history_.Create("skips", "2024-01-05", {.stage = "a"});
  history_.Create("again", "2024-01-06", {.stage = "a"});
  history_.Stage("again", "2024-01-07", "b");
  history_.Stage("slow", "2024-02-05", "b");
  history_.Stage("skips", "2024-02-05", "c");
  history_.Stage("again", "2024-02-06", "a");
  history_.Stage("again", "2024-02-07", "b");
  history_.Stage("slow", "2024-03-05", "c");
  history_.Stage("skips", "2024-03-06", "b");
  history_.Stage("slow", "2024-03-07", "d");
  history_.Win("slow", "2024-04-01", 100, "won");
  const auto month = [&](const std::string& mode, const std::string& period) {
    auto request = Ask(mode, period);
    (*request.mutable_parameters()->mutable_arguments())["by"] = "period";
    return History::Texts(Run(request), {"stage", "reached", "step", "cumulative"});
  };
  EXPECT_THAT(month("strict", "2024-01"), ElementsAre("a 3 1/3 3/3", "b 1 0/1 1/3", "c 0 - 0/3", "d 0 - 0/3", "won 0 - 0/3"));
  EXPECT_THAT(month("strict", "2024-02"), ElementsAre("a 1 1/1 1/1", "b 2 0/2 1/1", "c 0 - 0/1", "d 0 - 0/1", "won 0 - 0/1"));
  EXPECT_THAT(month("strict", "2024-03"), ElementsAre("a 0 - -", "b 1 0/1 -", "c 1 1/1 -", "d 1 0/1 -", "won 0 - -"));
  EXPECT_THAT(month("strict", "2024-04"), ElementsAre("a 0 - -", "b 0 - -", "c 0 - -", "d 0 - -", "won 1 - -"));
  EXPECT_THAT(month("strict", "2024-Q1"), ElementsAre("a 3 3/3 3/3", "b 3 1/3 3/3", "c 1 1/1 1/3", "d 1 0/1 1/3", "won 0 - 0/3"));
  // Touched looks at the period alone: `skips` has been in c.
  EXPECT_THAT(month("touched", "2024-02"), ElementsAre("a 1 1/1 1/1", "b 2 0/2 1/1", "c 1 0/1 0/1", "d 0 - 0/1", "won 0 - 0/1"));
  EXPECT_THAT(month("implied", "2024-02"), ElementsAre("a 3 3/3 3/3", "b 3 1/3 3/3", "c 1 0/1 1/3", "d 0 - 0/3", "won 0 - 0/3"));
  auto request = Ask("strict", "2024-02");
  (*request.mutable_parameters()->mutable_arguments())["by"] = "period";
  const auto opened = history_.Explain(History::Cell(Run(request), {"stage"}, "b", "reached").cell_id());
  ASSERT_TRUE(opened.ok()) << opened.status();
  std::vector<std::string> deals;
  for (const v1::Contribution& contribution : opened->contributions()) deals.push_back(contribution.record());
  EXPECT_THAT(deals, testing::UnorderedElementsAre("deals/slow", "deals/again"));
}

TEST_F(FunnelReportsTest, ADealThatEnteredFurtherDownIsNoShareOfTheFirstStage) {
  Walk("first", {"a"});
  Walk("later", {"b", "c"});
  Walk("back", {"b", "a"});
  EXPECT_THAT(Rows("touched", {"stage", "reached", "cumulative"}),
              ElementsAre("a 2 2/2", "b 2 0/2", "c 1 0/2", "d 0 0/2", "won 0 0/2"));
}

TEST_F(FunnelReportsTest, GroupsStandBesideTheWhole) {
  history_.Create("1", "2024-01-01", {.stage = "a", .owner = "users/bob"});
  history_.Create("2", "2024-01-01", {.stage = "a", .owner = "users/ann"});
  history_.Stage("2", "2024-01-02", "b");
  history_.Create("3", "2024-01-01", {.stage = "b"});
  auto request = Ask("implied");
  request.mutable_parameters()->add_group_by("owner");
  const auto rows = History::Texts(Run(request), {"owner", "stage", "reached", "step"});
  EXPECT_THAT(std::vector<std::string>(rows.begin(), rows.begin() + 2), ElementsAre("users/ann a 1 1/1", "users/ann b 1 0/1"));
  EXPECT_THAT(rows, testing::Contains("users/bob a 1 0/1"));
  EXPECT_THAT(rows, testing::Contains("- a 1 1/1"));
  EXPECT_THAT(rows, testing::Contains("=- a 3 2/3"));
}

// demands.md R-088, B-44: a team beside the others, a person beside the team.
TEST_F(FunnelReportsTest, TeamsAndPeopleStandBesideTheAverage) {
  history_.Belongs("users/ann", "teams/north");
  history_.Belongs("users/bob", "teams/north");
  history_.Belongs("users/eve", "teams/south");
  int id = 0;
  for (const auto& [owner, stages] : std::vector<std::pair<std::string, std::string>>{
           {"ann", "b"}, {"ann", "b"}, {"ann", ""}, {"bob", ""}, {"bob", ""}, {"eve", "b"}, {"eve", ""}, {"eve", ""}}) {
    history_.Create(absl::StrCat(++id), "2024-01-01", {.stage = "a", .owner = "users/" + owner});
    if (!stages.empty()) history_.Stage(absl::StrCat(id), "2024-01-02", stages);
  }
  auto request = Ask("strict");
  request.mutable_parameters()->add_group_by("team");
  const std::vector<std::string> columns = {"stage", "step", "step_above_average"};
  const auto rows = History::Texts(Run(request), {"team", "stage", "step", "step_above_average"});
  EXPECT_THAT(rows, testing::IsSupersetOf({"teams/north a 2/5 1/40", "teams/south a 1/3 -1/24", "=- a 3/8 -", "teams/north b 0/2 0/1",
                                           "teams/north won - -"}));
  request.mutable_parameters()->set_group_by(0, "owner");
  request.mutable_parameters()->set_filter("team = \"teams/north\"");
  EXPECT_THAT(History::Texts(Run(request), {"owner", "stage", "step", "step_above_average"}),
              testing::IsSupersetOf({"users/ann a 2/3 4/15", "users/bob a 0/2 -2/5", "=- a 2/5 -"}));
  EXPECT_THAT(Rows("strict", columns)[0], "a 3/8 -") << "nothing to stand beside";
}

TEST_F(FunnelReportsTest, DeletedDealsAreNoneOfIt) {
  Walk("1", {"a", "b"});
  Walk("2", {"a"});
  history_.Delete("1", "2024-02-01");
  EXPECT_THAT(Rows("touched"), ElementsAre("a 1", "b 0", "c 0", "d 0", "won 0"));
}

TEST_F(FunnelReportsTest, EveryCellOpensIntoItsDeals) {
  Walk("1", {"a", "b", "c"});
  Walk("2", {"a", "b"});
  Walk("3", {"a", "b", "a", "b", "a"});
  const auto answer = Run(Ask("touched"));
  for (const v1::Row& row : answer.rows()) {
    for (int i = 0; i < row.cells_size(); ++i) {
      if (row.cells(i).cell_id().empty()) continue;
      const auto opened = history_.Explain(row.cells(i).cell_id());
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ(History::Text(opened->value()), History::Text(row.cells(i).value())) << answer.columns(i).id();
      int64_t value = 0, numerator = 0, denominator = 0;
      for (const v1::Contribution& contribution : opened->contributions()) {
        value += contribution.value().integer();
        numerator += contribution.numerator().integer();
        denominator += contribution.denominator().integer();
      }
      const v1::Value& shown = row.cells(i).value();
      if (shown.has_ratio()) {
        EXPECT_EQ(absl::StrCat(numerator, "/", denominator), History::Text(shown));
      } else if (shown.value_case() != v1::Value::VALUE_NOT_SET) {
        EXPECT_EQ(value, shown.integer());
      }
    }
  }
  const auto step = history_.Explain(History::Cell(answer, {"stage"}, "b", "step").cell_id());
  ASSERT_TRUE(step.ok());
  ASSERT_EQ(step->contributions_size(), 3);
  EXPECT_EQ(step->contributions(0).record(), "deals/1");
  EXPECT_EQ(step->contributions(0).numerator().integer(), 1);
  EXPECT_EQ(step->contributions(0).total_events(), 3);
  const auto back = history_.Explain(History::Cell(answer, {"stage"}, "b", "regressions").cell_id());
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->contributions_size(), 1);
  EXPECT_EQ(back->contributions(0).value().integer(), 2);
}

}  // namespace
}  // namespace recount::projections
