// The committer: one thread that makes all waiting commits durable in one write, while sequencing goes on.
#ifndef RECOUNT_EVENTSTORE_GROUP_COMMITTER_H_
#define RECOUNT_EVENTSTORE_GROUP_COMMITTER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "eventstore/durable_heads.h"
#include "eventstore/event_log.h"
#include "eventstore/recent_commits.h"

namespace recount::eventstore {

// A sequenced commit on its way to the disk; or, with no `commit`, a caller who waits for those before it in the same group.
struct PendingCommit {
  TenantNumber tenant = 0;
  std::shared_ptr<const StoredCommit> commit;
  std::function<void(absl::Status)> durable;
};

// On a slow disk those whose commits were just written ask again at once: the next write waits for them, a fraction of what the
// last one took, instead of leaving them to the one after it.
//
// Thread safe. The first failed write stops it for good: what waits gets UNAVAILABLE (`OUTCOME_UNKNOWN: `), and
// nothing is written or acknowledged afterwards.
class GroupCommitter {
 public:
  // Makes a group durable; called on the committer's thread.
  using WriteGroup = std::function<absl::Status(const std::vector<PendingCommit>& group)>;
  using Clock = std::chrono::steady_clock;

  // `on_failure` is called once, when the first write fails or Fail() comes, for those who wait for what will never be
  // durable.
  GroupCommitter(WriteGroup write, std::shared_ptr<DurableHeads> heads, std::shared_ptr<RecentCommits> recent,
                 std::function<void()> on_failure = nullptr,
                 std::function<Clock::time_point()> now = &Clock::now,
                 Clock::duration longest_gathering = std::chrono::milliseconds(20));
  ~GroupCommitter();

  // UNAVAILABLE when it has stopped or is closed; `durable` is not called then. Waits while too much is on its way.
  absl::Status Add(PendingCommit commit);
  // See EventLog::AfterPending.
  void AfterPending(std::function<void(absl::Status)> done);
  // OK while commits are accepted.
  absl::Status status() const;
  // Stops it from outside, as a failed write does.
  void Fail(const absl::Status& cause);
  // Writes what waits, then ends the thread.
  void Close();

 private:
  void Run();
  void Gather(std::unique_lock<std::mutex>& lock);
  void WriteAndReport(std::vector<PendingCommit>& group);

  const WriteGroup write_;
  const std::shared_ptr<DurableHeads> heads_;
  const std::shared_ptr<RecentCommits> recent_;
  const std::function<void()> on_failure_;
  const std::function<Clock::time_point()> now_;
  const Clock::duration longest_gathering_;  // after a stall of the disk those who were answered may be gone
  Clock::duration last_write_{};         // how long it took; the committer's thread only
  Clock::time_point last_write_end_{};
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  // Guarded by mutex_.
  std::vector<PendingCommit> waiting_;
  size_t waiting_commits_ = 0;
  size_t waiting_bytes_ = 0;
  size_t expected_ = 0;  // how many commits are likely to wait once those who were answered last have asked again
  bool is_gathering_ = false;
  bool is_writing_ = false;
  size_t writing_commits_ = 0;
  std::vector<std::function<void(absl::Status)>> riders_;  // wait for the group that is being written
  bool closed_ = false;
  absl::Status failure_;

  std::thread thread_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_GROUP_COMMITTER_H_
