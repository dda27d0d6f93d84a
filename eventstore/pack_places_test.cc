#include "eventstore/pack_places.h"

#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

TEST(PackPlacesTest, FindsThePackThatHoldsAPosition) {
  PackPlaces places;
  EXPECT_EQ(places.Find(1, 5), std::nullopt);
  places.Learn(1, 130, 257);
  places.Learn(1, 1, 129);
  places.Learn(1, 400, 400);
  places.Learn(1, 130, 257);
  for (const uint64_t position : {1u, 77u, 129u}) EXPECT_EQ(places.Find(1, position), 1u);
  for (const uint64_t position : {130u, 257u}) EXPECT_EQ(places.Find(1, position), 130u);
  EXPECT_EQ(places.Find(1, 400), 400u);
  for (const uint64_t position : {0u, 258u, 399u, 401u}) EXPECT_EQ(places.Find(1, position), std::nullopt) << "nobody has read it";
  EXPECT_EQ(places.Find(2, 5), std::nullopt) << "of another tenant";
}

}  // namespace
}  // namespace recount::eventstore
