#include "projections/engine/movement_book.h"

#include <map>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::projections {
namespace {

using Category = MovementCategory;

// category, bucket, count, value
std::string Text(const std::vector<Posting>& postings) {
  std::string text;
  for (const Posting& posting : postings) {
    if (!text.empty()) text += "; ";
    text += std::string(MovementCategoryId(posting.category)) + " " + std::to_string(posting.bucket) + " " +
            std::to_string(posting.count) + " " + std::to_string(posting.value_minor);
  }
  return text;
}

Standing Open(int64_t value, int64_t bucket = 1) {
  Standing standing;
  standing.exists = true;
  standing.bucket = bucket;
  standing.value_minor = value;
  return standing;
}

Standing Misfit() {
  Standing standing = Open(100);
  standing.fits = false;
  return standing;
}

Standing Closed(Standing::Outcome outcome, int64_t value) {
  Standing standing = Open(value);
  standing.outcome = outcome;
  return standing;
}

std::string Event(const Standing& before, const Standing& after) {
  std::vector<Posting> postings;
  BookEvent({true, true}, before, after, 7, &postings);
  return Text(postings);
}

TEST(MovementBookTest, EveryReasonToCome) {
  EXPECT_EQ(Event(Standing(), Open(100)), "new 1 1 100");
  EXPECT_EQ(Event(Closed(Standing::Outcome::kLost, 100), Open(100)), "reopened 1 1 100");
  Standing deleted = Open(100);
  deleted.deleted = true;
  EXPECT_EQ(Event(deleted, Open(100)), "reopened 1 1 100");
  Standing other = Misfit();
  other.pipeline = 9;
  EXPECT_EQ(Event(other, Open(100)), "moved_in 1 1 100");
  other = Misfit();
  other.owner = 9;
  EXPECT_EQ(Event(other, Open(120)), "transferred_in 1 1 120");
  other = Misfit();
  other.expected_close = 9;
  EXPECT_EQ(Event(other, Open(100)), "pulled_in 1 1 100");
  EXPECT_EQ(Event(Misfit(), Open(100)), "moved_in 1 1 100");
}

TEST(MovementBookTest, EveryReasonToGo) {
  EXPECT_EQ(Event(Open(100), Closed(Standing::Outcome::kWon, 100)), "won 1 -1 -100");
  EXPECT_EQ(Event(Open(100), Closed(Standing::Outcome::kLost, 100)), "lost 1 -1 -100");
  Standing gone = Open(100);
  gone.deleted = true;
  EXPECT_EQ(Event(Open(100), gone), "removed 1 -1 -100");
  gone = Misfit();
  EXPECT_EQ(Event(Open(100), gone), "moved_out 1 -1 -100");
  gone.owner = 9;
  EXPECT_EQ(Event(Open(100), gone), "transferred_out 1 -1 -100");
  gone = Misfit();
  gone.expected_close = 9;
  EXPECT_EQ(Event(Open(100), gone), "pushed_out 1 -1 -100");
}

TEST(MovementBookTest, OnlyWhatIsAskedForIsAReason) {
  Standing gone = Misfit();
  gone.owner = gone.expected_close = 9;
  std::vector<Posting> postings;
  BookEvent({false, false}, Open(100), gone, 7, &postings);
  EXPECT_EQ(Text(postings), "moved_out 1 -1 -100");
}

TEST(MovementBookTest, FromGroupToGroupWithTheValueItHad) {
  Standing after = Open(130);
  after.owner = after.group = 9;
  EXPECT_EQ(Event(Open(100), after), "transferred_out 1 -1 -100; transferred_in 1 1 100; increased 1 0 30");
}

TEST(MovementBookTest, AWinLeavesAtItsWonValue) {
  EXPECT_EQ(Event(Open(100), Closed(Standing::Outcome::kWon, 130)), "increased 1 0 30; won 1 -1 -130");
  EXPECT_EQ(Event(Open(100), Closed(Standing::Outcome::kWon, 80)), "decreased 1 0 -20; won 1 -1 -80");
}

TEST(MovementBookTest, CameAndWentWithinAnInstant) {
  EXPECT_EQ(Event(Standing(), Closed(Standing::Outcome::kWon, 50)), "new 1 1 50; won 1 -1 -50");
}

TEST(MovementBookTest, AnotherCurrencyIsAnotherBucket) {
  EXPECT_EQ(Event(Open(100, 1), Open(90, 2)), "decreased 1 -1 -100; increased 2 1 90");
}

TEST(MovementBookTest, StagesMoveNoValue) {
  Standing before = Open(100), after = Open(100);
  before.stage = 2;
  after.stage = 1;
  EXPECT_EQ(Event(before, after), "regressed 1 0 0");
  EXPECT_EQ(Event(after, before), "advanced 1 0 0");
  after.stage = -1;
  EXPECT_EQ(Event(before, after), "");
}

TEST(MovementBookTest, DifferencesWithoutAnEvent) {
  std::vector<Posting> postings;
  BookDifference(Category::kRestated, Open(100), Open(70), 7, &postings);
  BookDifference(Category::kRevaluation, Open(100, 1), Open(70, 2), 7, &postings);
  BookDifference(Category::kRule, Standing(), Open(5), 7, &postings);
  EXPECT_EQ(Text(postings),
            "restated 1 0 -30; revaluation 1 -1 -100; revaluation 2 1 70; rule 1 1 5");
}

Standing Any(std::mt19937& random) {
  Standing standing = Open(random() % 5 * 100, random() % 2);
  standing.exists = random() % 6 > 0;
  standing.deleted = random() % 8 == 0;
  standing.outcome = static_cast<Standing::Outcome>(random() % 8 < 5 ? 0 : random() % 3);
  standing.fits = random() % 6 > 0;
  standing.group = random() % 3;
  standing.owner = random() % 2;
  standing.stage = static_cast<int>(random() % 4) - 1;
  return standing;
}

TEST(MovementBookTest, RandomWaysBalance) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Posting> postings;
    Standing standing = Any(random);
    BookBalance(Category::kOpening, standing, 0, &postings);
    for (int step = random() % 6; step > 0; --step) {
      const Standing next = Any(random);
      if (random() % 3 == 0) {
        BookDifference(Category::kRule, standing, next, step, &postings);
      } else {
        BookEvent({true, true}, standing, next, step, &postings);
      }
      standing = next;
    }
    std::map<std::pair<int64_t, int64_t>, std::pair<int64_t, int64_t>> sums;
    for (const Posting& posting : postings) {
      auto& sum = sums[{posting.group, posting.bucket}];
      sum.first += posting.count;
      sum.second += posting.value_minor;
    }
    for (const auto& [place, sum] : sums) {
      const bool here = standing.inside() && place == std::make_pair(standing.group, standing.bucket);
      EXPECT_EQ(sum.first, here ? 1 : 0);
      EXPECT_EQ(sum.second, here ? standing.value_minor : 0);
    }
  }
}

}  // namespace
}  // namespace recount::projections
