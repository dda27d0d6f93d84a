#include "eventstore/group_committer.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/sequencing.h"

namespace recount::eventstore {
namespace {

// What may wait for the disk before sequencing waits too: bounds memory when the disk stalls.
constexpr size_t kMostWaitingBytes = 64 << 20;

}  // namespace

GroupCommitter::GroupCommitter(WriteGroup write, std::shared_ptr<DurableHeads> heads,
                               std::shared_ptr<RecentCommits> recent, std::function<void()> on_failure)
    : write_(std::move(write)),
      heads_(std::move(heads)),
      recent_(std::move(recent)),
      on_failure_(std::move(on_failure)),
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
    wake = waiting_.empty() && !is_writing_;
    waiting_.push_back(std::move(commit));
  }
  if (wake) work_.notify_one();
  return absl::OkStatus();
}

void GroupCommitter::AfterPending(std::function<void(absl::Status)> done) {
  absl::Status failure;
  {
    std::lock_guard lock(mutex_);
    if (failure_.ok() && (is_writing_ || !waiting_.empty())) {
      PendingCommit waiter;
      waiter.durable = std::move(done);
      waiting_.push_back(std::move(waiter));
      return;
    }
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
    group.clear();
    group.swap(waiting_);
    waiting_bytes_ = 0;
    is_writing_ = true;
    lock.unlock();
    room_.notify_all();
    WriteAndReport(group);
    lock.lock();
  }
}

void GroupCommitter::WriteAndReport(std::vector<PendingCommit>& group) {
  const auto failure = [this] {
    std::lock_guard lock(mutex_);
    return failure_;
  };
  absl::Status outcome = failure();
  if (outcome.ok()) {
    outcome = write_(group);
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
}

}  // namespace recount::eventstore
