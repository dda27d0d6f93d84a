#include "services/push_queue.h"

#include "gtest/gtest.h"
#include "services/open_streams.h"

namespace recount::services {
namespace {

TEST(PushQueueTest, OnlyChangesCountAndTheFirstIsTakenHoweverLargeItIs) {
  const auto bytes = [](size_t size) { return std::make_shared<const std::string>(size, 'x'); };
  PushQueue queue;
  EXPECT_TRUE(queue.Add({bytes(kMostPushedBytes), bytes(kMostPushedBytes)}, true));
  EXPECT_TRUE(queue.Add({bytes(kMostPushedBytes), bytes(1)}, false));
  EXPECT_FALSE(queue.Add({bytes(1)}, false));
  for (int i = 0; i < 3; ++i) queue.Take();
  EXPECT_TRUE(queue.Add({bytes(kMostPushedBytes - 1)}, false));
  EXPECT_FALSE(queue.Add({bytes(1)}, false));
  queue.Clear();
  EXPECT_TRUE(queue.empty());
}

TEST(OpenStreamsTest, ATenantHasHalf) {
  OpenStreams streams(4);
  EXPECT_TRUE(streams.Take("a") && streams.Take("a"));
  EXPECT_FALSE(streams.Take("a"));
  EXPECT_TRUE(streams.Take("b"));
  streams.Leave("a");
  EXPECT_TRUE(streams.Take("a") && streams.Take("c"));
  EXPECT_FALSE(streams.Take("d"));
}

}  // namespace
}  // namespace recount::services
