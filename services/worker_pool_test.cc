#include "services/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace recount::services {
namespace {

TEST(WorkerPoolTest, OneOwnerLeavesThreadsAndPlacesToOthers) {
  WorkerPool pool(4, 12);
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<int> running{0}, most{0}, done{0};
  int taken = 0;
  while (pool.Run("acme", [&] {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    gate.wait();
    --running;
    ++done;
  })) {
    ++taken;
  }
  // Six wait beside those that run, at most two.
  EXPECT_GE(taken, 6);
  EXPECT_LE(taken, 8);
  std::promise<void> answered;
  ASSERT_TRUE(pool.Run("zenith", [&] { answered.set_value(); }));
  answered.get_future().wait();
  EXPECT_EQ(done, 0);
  go_on.set_value();
  pool.Close();
  EXPECT_EQ(done, taken);
  EXPECT_LE(most, 2);
  EXPECT_FALSE(pool.Run("acme", [] {}));
}

TEST(WorkerPoolTest, EveryJobRunsOnce) {
  std::atomic<int> done{0};
  int taken = 0;
  {
    WorkerPool pool(3, 1000);
    for (int i = 0; i < 900; ++i) taken += pool.Run(i % 3 == 0 ? "acme" : i % 3 == 1 ? "zenith" : "", [&] { ++done; });
  }
  EXPECT_EQ(taken, 900);
  EXPECT_EQ(done, taken);
}

}  // namespace
}  // namespace recount::services
