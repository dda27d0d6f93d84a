#include "projections/engine/answer_difference.h"

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::projections {

bool operator==(const KeyedRow& a, const KeyedRow& b) { return a.key == b.key && a.content == b.content; }

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Rows = std::vector<KeyedRow>;

// As report.proto tells clients to.
Rows Apply(Rows rows, const AnswerDifference& difference, const Rows& after) {
  std::set<std::string> out(difference.removed.begin(), difference.removed.end());
  for (const size_t place : difference.given) out.insert(after[place].key);
  rows.erase(std::remove_if(rows.begin(), rows.end(), [&](const KeyedRow& row) { return out.count(row.key) > 0; }), rows.end());
  for (const size_t place : difference.given) {
    if (place > rows.size()) return {};
    rows.insert(rows.begin() + static_cast<ptrdiff_t>(place), after[place]);
  }
  return rows;
}

TEST(AnswerDifferenceTest, NothingOfEqualAnswers) {
  const Rows rows = {{"a", "1"}, {"b", "2"}, {"total", "3"}};
  EXPECT_TRUE(DifferenceOf(rows, rows).is_empty());
  EXPECT_TRUE(DifferenceOf({}, {}).is_empty());
}

TEST(AnswerDifferenceTest, OnlyWhatChanged) {
  const AnswerDifference difference = DifferenceOf({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"total", "6"}},
                                                   {{"a", "1"}, {"c", "5"}, {"d", "1"}, {"total", "7"}});
  EXPECT_THAT(difference.removed, ElementsAre("b"));
  EXPECT_THAT(difference.given, ElementsAre(1, 2, 3));
}

TEST(AnswerDifferenceTest, ARowThatStandsElsewhereIsGivenAlone) {
  const AnswerDifference difference = DifferenceOf({{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}},
                                                   {{"d", "1"}, {"a", "1"}, {"b", "1"}, {"c", "1"}});
  EXPECT_THAT(difference.removed, IsEmpty());
  EXPECT_THAT(difference.given, ElementsAre(0));
}

TEST(AnswerDifferenceTest, RandomAnswersAreReachedByWhatIsTold) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const auto any = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  const auto answer = [&](int keys) {
    std::vector<int> all(static_cast<size_t>(keys));
    for (int i = 0; i < keys; ++i) all[static_cast<size_t>(i)] = i;
    if (any(2) == 0) std::shuffle(all.begin(), all.end(), random);
    Rows rows;
    for (const int key : all) {
      if (any(4) != 0) rows.push_back({absl::StrCat("k", key), absl::StrCat(any(3) == 0 ? any(3) : 0)});
    }
    return rows;
  };
  for (int round = 0; round < 3000; ++round) {
    const int keys = any(14);
    const Rows before = answer(keys), after = answer(keys + any(3));
    const AnswerDifference difference = DifferenceOf(before, after);
    ASSERT_EQ(Apply(before, difference, after), after) << "round " << round;
    ASSERT_TRUE(std::is_sorted(difference.given.begin(), difference.given.end()));
    ASSERT_EQ(difference.is_empty(), before == after) << "round " << round;
  }
}

}  // namespace
}  // namespace recount::projections
