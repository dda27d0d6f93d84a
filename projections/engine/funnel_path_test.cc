#include "projections/engine/funnel_path.h"

#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::projections {
namespace {

std::vector<FunnelLine> LinesOf(const FunnelPath& path, FunnelMode mode, int stages) {
  std::vector<FunnelLine> lines(1, {7, 7, 7, 7, 7, 7});  // of another record
  projections::LinesOf(path, mode, stages, &lines);
  return lines;
}

FunnelPath Path(const std::vector<int>& stages, bool won = false, std::optional<int> lost_in = std::nullopt) {
  FunnelPath path;
  for (const int stage : stages) path.visits.push_back({stage, true});
  path.won = won;
  path.lost_in = lost_in;
  return path;
}

std::vector<FunnelLine> Sum(const std::vector<std::pair<int, FunnelPath>>& paths, FunnelMode mode, int stages) {
  std::vector<FunnelLine> sum(stages + 2);
  for (const auto& [times, path] : paths) {
    const auto lines = LinesOf(path, mode, stages);
    for (int i = 0; i < times; ++i) {
      for (size_t line = 0; line < sum.size(); ++line) sum[line] += lines[line];
    }
  }
  return sum;
}

std::vector<int64_t> Reached(const std::vector<FunnelLine>& lines) {
  std::vector<int64_t> reached;
  for (const auto& line : lines) reached.push_back(line.reached);
  return reached;
}

std::vector<int64_t> Continued(const std::vector<FunnelLine>& lines) {
  std::vector<int64_t> continued;
  for (const auto& line : lines) continued.push_back(line.continued);
  return continued;
}

constexpr FunnelMode kModes[] = {FunnelMode::kStrict, FunnelMode::kTouched, FunnelMode::kImplied};

// demands.md FX-04: 80 %, 76.47 %, 53.85 % as steps.
TEST(FunnelPathTest, TheChainOfStepsIsTheSameInEveryMode) {
  const std::vector<std::pair<int, FunnelPath>> deals = {
      {17, Path({0}, false, 0)}, {16, Path({0, 1})}, {24, Path({0, 1, 2})}, {28, Path({0, 1, 2, 3})}};
  for (const FunnelMode mode : kModes) {
    const auto lines = Sum(deals, mode, 4);
    EXPECT_THAT(Reached(lines), testing::ElementsAre(85, 68, 52, 28, 0, 0));
    EXPECT_THAT(Continued(lines), testing::ElementsAre(68, 52, 28, 0, 0, 0));
    EXPECT_EQ(lines[0].lost_here, 17);
  }
}

// The other reading of FX-04: shares of all that entered.
TEST(FunnelPathTest, TheChainOfSharesIsTheSameInEveryMode) {
  const std::vector<std::pair<int, FunnelPath>> deals = {
      {1105 - 884, Path({0})}, {884 - 845, Path({0, 1})}, {845 - 595, Path({0, 1, 2})}, {595, Path({0, 1, 2, 3})}};
  for (const FunnelMode mode : kModes) {
    const auto reached = Reached(Sum(deals, mode, 4));
    EXPECT_THAT(reached, testing::ElementsAre(1105, 884, 845, 595, 0, 0));
    EXPECT_EQ(reached[1] * 100, reached[0] * 80);
    EXPECT_NEAR(static_cast<double>(reached[2]) / reached[0], 0.7647, 0.00005);
    EXPECT_NEAR(static_cast<double>(reached[3]) / reached[0], 0.5385, 0.00005);
  }
}

TEST(FunnelPathTest, ASkippedStageIsPassedOnlyUnderImplied) {
  const FunnelPath path = Path({0, 2}, true);
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kStrict, 3)), testing::ElementsAre(1, 0, 0, 0, 0));
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kTouched, 3)), testing::ElementsAre(1, 0, 1, 1, 0));
  EXPECT_THAT(Continued(LinesOf(path, FunnelMode::kTouched, 3)), testing::ElementsAre(0, 0, 1, 0, 0));
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kImplied, 3)), testing::ElementsAre(1, 1, 1, 1, 0));
  for (const FunnelMode mode : kModes) EXPECT_EQ(LinesOf(path, mode, 3)[1].skipped, 1);
}

TEST(FunnelPathTest, EnteredFurtherDownCountsInTheFirstBaseUnderImplied) {
  const FunnelPath path = Path({1, 2});
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kStrict, 3)), testing::ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kTouched, 3)), testing::ElementsAre(0, 1, 1, 0, 0));
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kImplied, 3)), testing::ElementsAre(1, 1, 1, 0, 0));
  EXPECT_EQ(LinesOf(path, FunnelMode::kImplied, 3)[0].skipped, 1);
}

TEST(FunnelPathTest, GoingBackIsCountedApartAndReentryCountsOnce) {
  const auto lines = LinesOf(Path({0, 1, 2, 1, 2, 0}), FunnelMode::kTouched, 3);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(1, 1, 1, 0, 0));
  EXPECT_EQ(lines[2].regressions, 2);
  EXPECT_EQ(lines[1].regressions, 0);
}

TEST(FunnelPathTest, AStepNeedsTheOrder) {
  // In stage 2 first and in stage 1 later: both are touched, the step from 1 to 2 was not made.
  const auto lines = LinesOf(Path({0, 2, 1}), FunnelMode::kTouched, 3);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(1, 1, 1, 0, 0));
  EXPECT_THAT(Continued(lines), testing::ElementsAre(1, 0, 0, 0, 0));
}

TEST(FunnelPathTest, StrictTakesEarlierStagesUpLater) {
  EXPECT_THAT(Reached(LinesOf(Path({1, 0, 1, 2}), FunnelMode::kStrict, 3)), testing::ElementsAre(1, 1, 1, 0, 0));
}

TEST(FunnelPathTest, UnknownStagesAreALineOfTheirOwn) {
  const auto lines = LinesOf(Path({FunnelVisit::kUnknown, 1}, false, FunnelVisit::kUnknown), FunnelMode::kImplied, 2);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(1, 1, 0, 1));
  EXPECT_EQ(lines[3].lost_here, 1);
}

TEST(FunnelPathTest, EntriesOutsideThePeriodDoNotCountButArePast) {
  FunnelPath path = Path({0, 1, 0, 2});
  path.visits[0].counts = path.visits[1].counts = false;
  const auto lines = LinesOf(path, FunnelMode::kTouched, 3);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(1, 0, 1, 0, 0));
  EXPECT_EQ(lines[1].skipped, 0);
  EXPECT_EQ(lines[1].regressions, 1);
}

// What was passed before the period lets an entry count in strict mode, too; the entry itself must lie in it.
TEST(FunnelPathTest, StrictByPeriodLooksAtTheWholeWay) {
  FunnelPath path = Path({0, 1, 2}, true);
  path.visits[0].counts = path.visits[1].counts = false;
  auto lines = LinesOf(path, FunnelMode::kStrict, 3);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(0, 0, 1, 1, 0));
  EXPECT_THAT(Continued(lines), testing::ElementsAre(0, 0, 1, 0, 0));
  // Again into a stage that it had passed: an entry of this period.
  path = Path({0, 1, 2, 1, 2});
  for (int i = 0; i < 3; ++i) path.visits[i].counts = false;
  EXPECT_THAT(Reached(LinesOf(path, FunnelMode::kStrict, 3)), testing::ElementsAre(0, 1, 1, 0, 0));
  // Never in stage 1 before.
  path = Path({0, 2, 1});
  path.visits[0].counts = false;
  lines = LinesOf(path, FunnelMode::kStrict, 3);
  EXPECT_THAT(Reached(lines), testing::ElementsAre(0, 1, 0, 0, 0));
}

TEST(FunnelPathTest, SharesOfTheFirstStageAreOfThoseThatWereInIt) {
  const auto through = [](const FunnelPath& path, FunnelMode mode) {
    std::vector<int64_t> counts;
    for (const FunnelLine& line : LinesOf(path, mode, 3)) counts.push_back(line.came_through);
    return counts;
  };
  EXPECT_THAT(through(Path({1, 0, 2}, true), FunnelMode::kTouched), testing::ElementsAre(1, 0, 1, 1, 0));
  EXPECT_THAT(through(Path({1, 2}), FunnelMode::kTouched), testing::ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(through(Path({1, 2}), FunnelMode::kImplied), testing::ElementsAre(1, 1, 1, 0, 0));
  FunnelPath path = Path({0, 1, 2});
  path.visits[0].counts = false;
  EXPECT_THAT(through(path, FunnelMode::kStrict), testing::ElementsAre(0, 0, 0, 0, 0));
}

// ---- Against the definition, said slowly. ----

bool IsSubsequence(const std::vector<int>& wanted, const std::vector<int>& entries) {
  size_t next = 0;
  for (const int entry : entries) {
    if (next < wanted.size() && entry == wanted[next]) ++next;
  }
  return next == wanted.size();
}

std::vector<int> UpTo(int line) {
  std::vector<int> all;
  for (int i = 0; i <= line; ++i) all.push_back(i);
  return all;
}

bool SlowReached(const std::vector<int>& entries, FunnelMode mode, int line) {
  if (mode == FunnelMode::kStrict) return IsSubsequence(UpTo(line), entries);
  for (const int entry : entries) {
    if (entry == line || (mode == FunnelMode::kImplied && entry > line)) return true;
  }
  return false;
}

bool SlowContinued(const std::vector<int>& entries, FunnelMode mode, int line) {
  if (mode == FunnelMode::kTouched) return IsSubsequence({line, line + 1}, entries);
  return SlowReached(entries, mode, line) && SlowReached(entries, mode, line + 1);
}

TEST(FunnelPathTest, RandomWaysEqualSetsOfRecords) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    const int stages = 1 + random() % 5;
    for (const FunnelMode mode : kModes) {
      std::vector<std::set<int>> reached(stages + 1), continued(stages + 1);
      std::vector<FunnelLine> sum(stages + 2);
      for (int record = 0; record < 20; ++record) {
        std::vector<int> entries;
        for (int i = random() % 7; i > 0; --i) entries.push_back(random() % stages);
        const bool won = random() % 3 == 0;
        const auto lines = LinesOf(Path(entries, won), mode, stages);
        for (int line = 0; line < stages + 2; ++line) sum[line] += lines[line];
        if (won) entries.push_back(stages);
        for (int line = 0; line <= stages; ++line) {
          if (SlowReached(entries, mode, line)) reached[line].insert(record);
          if (line < stages && SlowContinued(entries, mode, line)) continued[line].insert(record);
        }
      }
      for (int line = 0; line <= stages; ++line) {
        EXPECT_EQ(sum[line].reached, static_cast<int64_t>(reached[line].size()));
        EXPECT_EQ(sum[line].continued, static_cast<int64_t>(continued[line].size()));
        EXPECT_LE(sum[line].continued, sum[line].reached);
      }
    }
  }
}

}  // namespace
}  // namespace recount::projections
