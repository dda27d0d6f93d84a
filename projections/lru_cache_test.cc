#include "projections/lru_cache.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace recount::projections {
namespace {

TEST(LruCacheTest, StaysWithinItsBytesAndForgetsTheOldest) {
  LruCache<int> cache(1000);
  for (int i = 0; i < 100; ++i) {
    cache.Put(absl::StrCat(i), std::make_shared<const int>(i), 100);
    EXPECT_LE(cache.bytes(), 1000u);
    ASSERT_NE(cache.Find("0"), nullptr) << "asked for all the time";
  }
  EXPECT_EQ(*cache.Find("99"), 99);
  EXPECT_EQ(cache.Find("1"), nullptr);
}

TEST(LruCacheTest, WhatIsHeldStays) {
  LruCache<int> cache(300);
  cache.Put("a", std::make_shared<const int>(1), 100);
  const auto held = cache.Find("a");
  cache.Put("b", std::make_shared<const int>(2), 200);
  EXPECT_EQ(cache.Find("a"), nullptr);
  EXPECT_EQ(*held, 1);
}

TEST(LruCacheTest, WhatDoesNotFitIsNotKept) {
  LruCache<int> cache(300);
  cache.Put("small", std::make_shared<const int>(1), 100);
  cache.Put("large", std::make_shared<const int>(2), 1000);
  EXPECT_EQ(cache.Find("large"), nullptr);
  EXPECT_NE(cache.Find("small"), nullptr);
}

}  // namespace
}  // namespace recount::projections
