#include "projections/rebuild_clock.h"

#include <gtest/gtest.h>

namespace recount::projections {
namespace {

const absl::Time kBegin = absl::FromUnixSeconds(1000);

absl::Time After(int seconds) { return kBegin + absl::Seconds(seconds); }

TEST(RebuildClockTest, GoesOnAsItWentSoFar) {
  const RebuildClock clock(kBegin, false);
  EXPECT_EQ(clock.Left(After(0), 0, 1000), absl::ZeroDuration());  // nothing is known
  EXPECT_EQ(clock.Left(After(10), 250, 1000), absl::Seconds(30));
  EXPECT_EQ(clock.Left(After(20), 250, 1000), absl::Seconds(60));
  EXPECT_EQ(clock.Left(After(20), 1000, 1000), absl::ZeroDuration());
  EXPECT_EQ(clock.Left(After(20), 1000, 2000), absl::Seconds(20));  // the log has grown
  EXPECT_EQ(clock.Elapsed(After(20)), absl::Seconds(20));
}

TEST(RebuildClockTest, WhatIsFoldedIsWritten) {
  RebuildClock clock(kBegin, true);
  EXPECT_EQ(clock.Left(After(50), 500, 1000), absl::Seconds(58));
  EXPECT_EQ(clock.Left(After(100), 1000, 1000), absl::Seconds(8));
  clock.Folded(After(100));
  EXPECT_EQ(clock.Left(After(102), 1000, 1000), absl::Seconds(6));
  EXPECT_EQ(clock.Left(After(200), 1000, 1000), absl::ZeroDuration());  // longer than was thought
}

}  // namespace
}  // namespace recount::projections
