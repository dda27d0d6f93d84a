#include "services/memory_shares.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "projections/fold_driver.h"

namespace recount::services {
namespace {

constexpr size_t kMegabyte = 1 << 20;

size_t BytesOf(const MemoryShares& shares) {
  return shares.arrays + shares.log_blocks + shares.log_write_buffer + shares.log_index + shares.keys_write_buffer +
         shares.model_write_buffers + shares.states + shares.commands + shares.messages + shares.listings + shares.answers;
}

TEST(MemorySharesTest, WithMuchMemoryTheyAreAsLargeAsTheyAreOfUse) {
  const MemoryShares shares = ShareMemory(SIZE_MAX);
  EXPECT_EQ(shares.log_blocks, 256 * kMegabyte);
  EXPECT_EQ(shares.log_write_buffer, 64 * kMegabyte);
  EXPECT_EQ(shares.states, 256 * kMegabyte);
  EXPECT_EQ(shares.commands, 256 * kMegabyte);
  EXPECT_EQ(shares.messages, 512 * kMegabyte);
  EXPECT_EQ(shares.follow_states, projections::FoldDriver::kFewStates);
  EXPECT_EQ(shares.rebuild_states, projections::FoldDriver::kManyStates);
  const MemoryShares usual = ShareMemory(8192 * kMegabyte);
  EXPECT_EQ(usual.log_blocks, shares.log_blocks);
  EXPECT_EQ(usual.commands, shares.commands);
  EXPECT_EQ(usual.rebuild_states, shares.rebuild_states);
  EXPECT_LE(BytesOf(usual) + 1400 * kMegabyte, 8192 * kMegabyte) << "with the program and the states of two projectors";
  EXPECT_GT(usual.arrays, 5000 * kMegabyte);
}

TEST(MemorySharesTest, WithLittleMemoryTheyStayWithinIt) {
  for (const size_t limit : {kLeastMemory, 400 * kMegabyte, 1024 * kMegabyte, 4096 * kMegabyte}) {
    const MemoryShares shares = ShareMemory(limit);
    EXPECT_LE(BytesOf(shares), limit) << "also where all are at their most at once";
    EXPECT_GE(shares.arrays, limit / 4);
    EXPECT_GE(shares.commands / 2, 8 * kMegabyte) << "messages of 4 MB";
    EXPECT_GT(shares.follow_states, 4096u);
  }
}

class GroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/recount_groups_XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    root_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(GroupsTest, TheLeastLimitOfAGroupAndThoseAboveItHolds) {
  Put("/proc/self/cgroup", "0::/system.slice/recount.service/inner\n");
  Put("/sys/fs/cgroup/system.slice/recount.service/inner/memory.max", "max\n");
  EXPECT_EQ(LimitOfGroups(root_), SIZE_MAX);
  Put("/sys/fs/cgroup/system.slice/recount.service/memory.max", "3000000000\n");
  EXPECT_EQ(LimitOfGroups(root_), 3000000000u);
  Put("/sys/fs/cgroup/system.slice/memory.max", "2000000000\n");
  EXPECT_EQ(LimitOfGroups(root_), 2000000000u);
  Put("/sys/fs/cgroup/system.slice/recount.service/inner/memory.max", "1000000000\n");
  EXPECT_EQ(LimitOfGroups(root_), 1000000000u);
}

TEST_F(GroupsTest, InAContainerTheRootIsTheGroup) {
  Put("/proc/self/cgroup", "0::/\n");
  Put("/sys/fs/cgroup/memory.max", "500000000\n");
  EXPECT_EQ(LimitOfGroups(root_), 500000000u);
}

TEST_F(GroupsTest, TheFirstVersionOfGroupsIsKnownToo) {
  Put("/proc/self/cgroup", "9:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n0::/docker/a\n");
  Put("/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "700000000\n");
  Put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(LimitOfGroups(root_), 700000000u);
}

TEST_F(GroupsTest, WithoutGroupsThereIsNoLimit) { EXPECT_EQ(LimitOfGroups(root_), SIZE_MAX); }

TEST(ResidentMemoryTest, IsThatOfThisProcess) {
  EXPECT_GT(ResidentMemory(), kMegabyte);
  EXPECT_GE(UsualMemory(), kLeastMemory);
}

}  // namespace
}  // namespace recount::services
