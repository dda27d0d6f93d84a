// The power goes at any moment, and nothing that was acknowledged is lost. RECOUNT_SEED repeats a run; RECOUNT_POWER_ROUNDS sets
// the number of power failures.
#include <cstdlib>
#include <iostream>
#include <random>

#include "gtest/gtest.h"
#include "tests/disk/power_cuts.h"

namespace recount::disk {
namespace {

constexpr int kRoundsOnAFolder = 12;

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

TEST(PowerLossTest, NothingAcknowledgedIsLost) {
  const bool is_deep = std::getenv("RECOUNT_DEEP") != nullptr;
  const uint64_t rounds = NumberFromEnvironment("RECOUNT_POWER_ROUNDS", is_deep ? 2000 : 100);
  const uint64_t seed = NumberFromEnvironment("RECOUNT_SEED", std::random_device()());
  std::cout << "RECOUNT_SEED=" << seed << "\n";
  PowerCutCounts counts;
  std::mt19937_64 random(seed);
  while (counts.rounds < rounds && !HasFailure()) {
    PowerCutOptions options;
    options.seed = random();
    const absl::Status status = LosePower(options, kRoundsOnAFolder, &counts);
    EXPECT_TRUE(status.ok()) << "folder with seed " << options.seed << ": " << status;
  }
  std::cout << counts.rounds << " power failures: " << counts.during_opening << " while opening, " << counts.during_work
            << " while working, " << counts.at_rest << " at rest; " << counts.torn_wals << " torn WALs, " << counts.commits
            << " commits\n";
  if (rounds < 100) return;
  EXPECT_GT(counts.during_opening, 0u);
  EXPECT_GT(counts.during_work, 0u);
  EXPECT_GT(counts.at_rest, 0u);
  EXPECT_GT(counts.torn_wals, 0u);
}

}  // namespace
}  // namespace recount::disk
