#include "eventstore/group_committer.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using Clock = GroupCommitter::Clock;

// A committer whose writes take as long as the test says, by a clock of its own.
class GroupCommitterTest : public testing::Test {
 protected:
  void Start(Clock::duration write, Clock::duration longest_gathering = std::chrono::hours(1)) {
    committer_ = std::make_unique<GroupCommitter>(
        [this, write](const std::vector<PendingCommit>& group) {
          now_ = now_.load() + write;
          sizes_.push_back(group.size());
          return absl::OkStatus();
        },
        std::make_shared<DurableHeads>(), std::make_shared<RecentCommits>(1 << 20), nullptr,
        [this] { return Clock::time_point(now_.load()); }, longest_gathering);
  }
  // A commit of somebody else, until it is durable.
  void AppendAndWait() {
    std::promise<void> durable;
    PendingCommit pending;
    pending.tenant = 1;
    pending.commit = std::make_shared<StoredCommit>();
    pending.durable = [&](absl::Status) { durable.set_value(); };
    ASSERT_TRUE(committer_->Add(std::move(pending)).ok());
    durable.get_future().wait();
  }

  std::atomic<Clock::duration> now_{};
  std::vector<size_t> sizes_;  // of the groups written
  std::unique_ptr<GroupCommitter> committer_;
};

// Two clients that send their next commit once the last one is durable, one of them a little later, from a thread of its own.
class TwoClients {
 public:
  TwoClients(GroupCommitter* committer, int rounds) : committer_(committer), rounds_(rounds) {
    Ask(false, 1);
    Ask(true, 1);
    both_came_.count_down();
  }
  // Until one of them is through.
  void Wait() { done_.get_future().wait(); }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Ask(bool is_late, int round) {
    PendingCommit pending;
    pending.tenant = 1;
    pending.commit = std::make_shared<StoredCommit>();
    pending.durable = [this, is_late, round](absl::Status status) { Answered(is_late, round); };
    EXPECT_TRUE(committer_->Add(std::move(pending)).ok() || is_through_);
  }
  void Answered(bool is_late, int round) {
    both_came_.wait();  // else the first might be through before the other one begins
    if (is_through_) return;
    if (round == rounds_) {
      is_through_ = true;
      return done_.set_value();
    }
    if (!is_late) return Ask(false, round + 1);
    threads_.emplace_back([this, round] { Ask(true, round + 1); });
  }

  GroupCommitter* const committer_;
  const int rounds_;
  std::atomic<bool> is_through_{false};
  std::promise<void> done_;
  std::latch both_came_{1};
  std::vector<std::thread> threads_;  // by the committer's thread only
};

TEST_F(GroupCommitterTest, TwoClientsShareEachWriteOfASlowDisk) {
  constexpr int kRounds = 50;
  Start(std::chrono::hours(1));
  TwoClients clients(committer_.get(), kRounds);
  clients.Wait();
  committer_->Close();
  clients.Join();
  // Only the first may have gone alone, and the last.
  EXPECT_GE(std::count(sizes_.begin(), sizes_.end(), 2), kRounds - 2);
  EXPECT_LE(sizes_.size(), kRounds + 1u);
}

TEST_F(GroupCommitterTest, AClientThatIsGoneIsNotWaitedForLong) {
  Start(std::chrono::hours(1), std::chrono::milliseconds(1));
  TwoClients clients(committer_.get(), 1);  // after this one of them goes on alone
  clients.Wait();
  for (int i = 0; i < 3; ++i) AppendAndWait();
  committer_->Close();
  clients.Join();
}

TEST_F(GroupCommitterTest, WhoComesLongAfterTheLastWriteWaitsForNobody) {
  Start(std::chrono::hours(1));
  TwoClients clients(committer_.get(), 1);
  clients.Wait();
  now_ = now_.load() + std::chrono::hours(1);
  AppendAndWait();
  committer_->Close();
  clients.Join();
}

}  // namespace
}  // namespace recount::eventstore
