#include "projections/engine/compare.h"

#include "gtest/gtest.h"

namespace recount::projections {
namespace {

TEST(CompareTest, DifferencesOfRatiosAreExact) {
  EXPECT_EQ(Difference({1, 2}, {1, 3}, true), (Scalar{1, 6}));
  EXPECT_EQ(Difference({5, 1}, {11, 2}, false), (Scalar{-1, 2})) << "medians";
  EXPECT_EQ(Difference({}, {1, 3}, true), Scalar());
}

// Days before the first contact have a negative sum, which may stand below.
TEST(CompareTest, ARatioOverANegativeSum) {
  EXPECT_EQ(Difference({1, -2}, {1, 2}, true), (Scalar{-1, 1}));
  EXPECT_EQ(Difference({1, 2}, {1, -2}, true), (Scalar{1, 1}));
}

}  // namespace
}  // namespace recount::projections
