#include "eventstore/group_committer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/sequencing.h"

namespace recount::eventstore {
namespace {

// What may wait for the disk before sequencing waits too: bounds memory when the disk stalls.
constexpr size_t kMostWaitingBytes = 64 << 20;
// Below this a write costs less than waiting for others.
constexpr std::chrono::microseconds kSlowWrite(500);
constexpr int kFractionToGather = 4;

}  // namespace

GroupCommitter::GroupCommitter(WriteGroup write, std::shared_ptr<DurableHeads> heads,
                               std::shared_ptr<RecentCommits> recent, std::function<void()> on_failure,
                               std::function<Clock::time_point()> now, Clock::duration longest_gathering)
    : write_(std::move(write)),
      heads_(std::move(heads)),
      recent_(std::move(recent)),
      on_failure_(std::move(on_failure)),
      now_(std::move(now)),
      longest_gathering_(longest_gathering),
      thread_([this] { Run(); }) {}

GroupCommitter::~GroupCommitter() { Close(); }

absl::Status GroupCommitter::status() const {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) {
    return absl::UnavailableError(
        absl::StrCat("the log has stopped and accepts no commits until the server is restarted: ", failure_.message()));
  }
  if (closed_) return absl::UnavailableError("the log is closed");
  return absl::OkStatus();
}

absl::Status GroupCommitter::Add(PendingCommit commit) {
  if (absl::Status current = status(); !current.ok()) return current;
  bool wake;
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return waiting_bytes_ < kMostWaitingBytes || !failure_.ok() || closed_; });
    if (!failure_.ok() || closed_) return absl::UnavailableError("the log has stopped");
    waiting_bytes_ += commit.commit->bytes.size();
    ++waiting_commits_;
    wake = (waiting_.empty() && !is_writing_) ||
           (is_gathering_ && (waiting_commits_ >= expected_ || waiting_bytes_ >= kMostWaitingBytes));
    waiting_.push_back(std::move(commit));
  }
  if (wake) work_.notify_one();
  return absl::OkStatus();
}

void GroupCommitter::AfterPending(std::function<void(absl::Status)> done) {
  absl::Status failure;
  {
    std::lock_guard lock(mutex_);
    if (failure_.ok() && !waiting_.empty()) {
      PendingCommit waiter;
      waiter.durable = std::move(done);
      waiting_.push_back(std::move(waiter));
      return;
    }
    if (failure_.ok() && is_writing_) return riders_.push_back(std::move(done));
    failure = failure_;
  }
  done(failure.ok() ? failure : OutcomeUnknown(failure));
}

void GroupCommitter::Fail(const absl::Status& cause) {
  {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return;
    failure_ = cause;
  }
  work_.notify_all();
  room_.notify_all();
  if (on_failure_) on_failure_();
}

void GroupCommitter::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  work_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void GroupCommitter::Run() {
  pthread_setname_np(pthread_self(), "log-commit");
  std::vector<PendingCommit> group;
  std::unique_lock lock(mutex_);
  while (true) {
    is_writing_ = false;
    work_.wait(lock, [&] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return;
    Gather(lock);
    group.clear();
    group.swap(waiting_);
    writing_commits_ = std::exchange(waiting_commits_, 0);
    waiting_bytes_ = 0;
    is_writing_ = true;
    lock.unlock();
    room_.notify_all();
    WriteAndReport(group);
    lock.lock();
  }
}

void GroupCommitter::Gather(std::unique_lock<std::mutex>& lock) {
  const Clock::duration gathering = std::min<Clock::duration>(last_write_ / kFractionToGather, longest_gathering_);
  const Clock::duration left = last_write_end_ + gathering - now_();
  if (last_write_ < kSlowWrite || left <= Clock::duration::zero()) return;
  is_gathering_ = true;
  work_.wait_for(lock, left, [&] {
    return waiting_commits_ >= expected_ || waiting_bytes_ >= kMostWaitingBytes || closed_ || !failure_.ok();
  });
  is_gathering_ = false;
}

void GroupCommitter::WriteAndReport(std::vector<PendingCommit>& group) {
  const auto failure = [&] {
    std::lock_guard lock(mutex_);
    expected_ = writing_commits_ + waiting_commits_;
    return failure_;
  };
  absl::Status outcome = failure();
  if (outcome.ok()) {
    const Clock::time_point start = now_();
    outcome = write_(group);
    last_write_end_ = now_();
    last_write_ = last_write_end_ - start;
    if (outcome.ok()) outcome = failure();  // stopped meanwhile: acknowledges nothing any more
    if (outcome.ok()) {
      absl::flat_hash_map<TenantNumber, Head> heads;
      for (const PendingCommit& commit : group) {
        if (commit.commit == nullptr) continue;
        heads[commit.tenant] = HeadAfter(*commit.commit);
        recent_->Add(commit.tenant, commit.commit);
      }
      heads_->Raise(heads);
    } else {
      Fail(outcome);
    }
  }
  if (!outcome.ok()) outcome = OutcomeUnknown(outcome);
  for (PendingCommit& commit : group) {
    if (commit.durable) commit.durable(outcome);
  }
  std::vector<std::function<void(absl::Status)>> riders;
  {
    std::lock_guard lock(mutex_);
    riders.swap(riders_);
    is_writing_ = false;
  }
  for (const auto& rider : riders) rider(outcome);
}

}  // namespace recount::eventstore
