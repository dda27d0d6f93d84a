#include "projections/engine/rolled_up.h"

#include <map>
#include <random>

#include "gtest/gtest.h"

namespace recount::projections {
namespace {

// As a map would have it, of dense records and of scattered ones.
TEST(RolledUpTest, EveryRecordHasWhatItWasBrought) {
  std::mt19937_64 chance(7);
  for (const int64_t width : {int64_t{1}, int64_t{50}, int64_t{2000}, int64_t{1} << 40}) {
    for (const size_t rows : {size_t{0}, size_t{1}, size_t{300}}) {
      const int64_t least = 1000, greatest = least + width - 1;
      RolledUp rolled_up(least, greatest, rows);
      std::map<int64_t, int64_t> expected;
      for (size_t i = 0; i < rows; ++i) {
        const int64_t record = least + static_cast<int64_t>(chance() % static_cast<uint64_t>(width));
        bool is_first = false;
        RolledUp::Brought* const brought = rolled_up.Add(record, {static_cast<int64_t>(i), 5}, &is_first);
        ASSERT_NE(brought, nullptr);
        EXPECT_EQ(is_first, expected.find(record) == expected.end());
        if (!is_first) brought->value += static_cast<int64_t>(i);
        expected[record] += static_cast<int64_t>(i);
      }
      for (const auto& [record, value] : expected) {
        ASSERT_NE(rolled_up.Find(record), nullptr);
        EXPECT_EQ(rolled_up.Find(record)->value, value);
        EXPECT_EQ(rolled_up.Find(record)->currency, 5);
      }
      for (int64_t record = least; record < least + std::min<int64_t>(width, 100); ++record) {
        EXPECT_EQ(rolled_up.Find(record) != nullptr, expected.count(record) == 1);
      }
    }
  }
}

TEST(RolledUpTest, OthersThanThoseAskedForBringNothing) {
  for (const int64_t greatest : {int64_t{20}, int64_t{1} << 40}) {
    RolledUp rolled_up(10, greatest, 4);
    bool is_first = false;
    EXPECT_EQ(rolled_up.Add(9, {1, 1}, &is_first), nullptr);
    EXPECT_EQ(rolled_up.Add(greatest + 1, {1, 1}, &is_first), nullptr);
    EXPECT_EQ(rolled_up.Find(9), nullptr);
    EXPECT_EQ(rolled_up.Find(greatest + 1), nullptr);
    EXPECT_TRUE(rolled_up.Covers(10, greatest));
    EXPECT_FALSE(rolled_up.Covers(9, greatest));
    EXPECT_FALSE(rolled_up.Covers(10, greatest + 1));
  }
}

TEST(RolledUpTest, OfNoRecordsThereIsNothing) {
  RolledUp rolled_up(INT64_MAX, INT64_MIN + 1, 0);  // bounds of no records
  EXPECT_EQ(rolled_up.Find(0), nullptr);
}

}  // namespace
}  // namespace recount::projections
