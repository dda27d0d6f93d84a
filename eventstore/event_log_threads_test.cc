// One writer, readers and subscribers at once: what any of them sees is durable, whole and in order.
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "eventstore/event_log_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

constexpr int kCommits = 3000;
constexpr TenantNumber kTenants = 2;

void WriteAll(EventLog& log) {
  for (int i = 0; i < kCommits; ++i) {
    Proposal proposal = MakeProposal(1 + i % kTenants, {absl::StrCat("deals/", i % 40), "deals/all"}, i);
    proposal.record.set_actor("users/ann");
    proposal.record.set_request_id(absl::StrCat("r", i));
    proposal = WithClaim(std::move(proposal), absl::StrCat("k", i), "deals/all");
    auto sequenced = log.Sequence(std::move(proposal), [](absl::Status status) { EXPECT_TRUE(status.ok()); });
    ASSERT_TRUE(sequenced.ok()) << sequenced.status();
  }
}

void FollowAll(EventLog& log, TenantNumber tenant, size_t limit) {
  auto subscription = log.Subscribe(tenant, 0);
  uint64_t last = 0;
  while (last < kCommits * 2 / kTenants) {
    auto commits = subscription->Next(limit, 60'000);
    ASSERT_TRUE(commits.ok()) << commits.status();
    for (const auto& commit : *commits) {
      ASSERT_EQ(commit->first_position, last + 1);
      last = commit->last_position;
    }
    ASSERT_LE(last, log.DurableHead(tenant).position);
  }
}

void ReadUntil(EventLog& log, TenantNumber tenant, const std::atomic<bool>& done) {
  uint64_t seen = 0;
  while (!done) {
    const uint64_t head = log.DurableHead(tenant).position;
    ASSERT_GE(head, seen);
    seen = head;
    uint64_t revision = 0;
    absl::Status status = log.ReadStream(tenant, "deals/all", 0, Direction::kForward, [&](const StreamEvent& event) {
      EXPECT_EQ(event.event->revision(), ++revision);
      return revision < 200;
    });
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_GE(revision, std::min<uint64_t>(head / 2, 200));
    for (const std::string& name : StreamNames(log, tenant, "deals/")) ASSERT_FALSE(StreamPositions(log, tenant, name).empty());
    if (head == 0) continue;
    ASSERT_EQ(*log.CommitEnd(tenant, head - 1), head) << "commits of two events";
    ASSERT_GE(*log.PositionAt(tenant, kCommits), head);
    auto backward = FirstPositions(log, tenant, head + 1, Direction::kBackward);
    ASSERT_EQ(backward.size(), head / 2);
    ASSERT_TRUE(log.SequencedRevision(tenant, "deals/all").ok());
    ASSERT_TRUE(log.FindKey(tenant, "k7").ok());
  }
}

void RunTogether(EventLog& log) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) {
    threads.emplace_back([&log, tenant] { FollowAll(log, tenant, 1); });
    threads.emplace_back([&log, tenant] { FollowAll(log, tenant, 100); });
  }
  std::thread reader([&] { ReadUntil(log, 1, done); });
  std::thread verifier([&] {
    while (!done) EXPECT_THAT(*log.Verify(2, nullptr), testing::IsEmpty());
  });
  WriteAll(log);
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  verifier.join();
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) EXPECT_THAT(*log.Verify(tenant, nullptr), testing::IsEmpty());
}

TEST(EventLogThreadsTest, Memory) { RunTogether(*NewMemoryEventLog()); }

TEST(EventLogThreadsTest, Rocksdb) {
  LogFolder folder;
  RunTogether(**folder.Open());
}

TEST(EventLogThreadsTest, RocksdbWithSmallTails) {
  LogFolder folder;
  RocksdbLogOptions options = folder.Options();
  options.index_memory_bytes = 400 << 10;
  auto log = *OpenRocksdbEventLog(options);
  RunTogether(*log);
  log.reset();
  log = *folder.Open();
  EXPECT_EQ(*log->SequencedRevision(1, "deals/all"), static_cast<uint64_t>(kCommits / kTenants));
}

TEST(EventLogThreadsTest, RocksdbThatPacks) {
  LogFolder folder;
  auto log = *folder.OpenPacking();
  std::atomic<bool> done{false};
  std::thread packer([&] {
    while (!done) EXPECT_TRUE(log->FinishUpkeep().ok());
  });
  RunTogether(*log);
  done = true;
  packer.join();
}

}  // namespace
}  // namespace recount::eventstore
