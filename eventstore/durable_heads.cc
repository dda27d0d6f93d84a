#include "eventstore/durable_heads.h"

#include <utility>

namespace recount::eventstore {
namespace {

// A commit may have megabytes: what one reader holds does not grow with how many it asks for.
constexpr size_t kMostBytesAtOnce = 4 << 20;

class LogSubscription : public Subscription {
 public:
  LogSubscription(EventLog* log, std::shared_ptr<const DurableHeads> heads, std::shared_ptr<const RecentCommits> recent,
                  TenantNumber tenant, uint64_t after)
      : log_(log), heads_(std::move(heads)), recent_(std::move(recent)), tenant_(tenant), after_(after) {}

  absl::StatusOr<std::vector<std::shared_ptr<const StoredCommit>>> Next(size_t limit, int timeout_ms) override {
    std::vector<std::shared_ptr<const StoredCommit>> commits;
    const bool more = heads_->WaitPast(tenant_, after_, std::chrono::milliseconds(timeout_ms), cancelled_);
    if (cancelled_ || heads_->is_closed()) return absl::CancelledError("the subscription has ended");
    if (!more || limit == 0) return commits;
    commits = recent_->After(tenant_, after_, heads_->Get(tenant_).position, limit);
    if (commits.empty()) {
      size_t bytes = 0;
      absl::Status status = log_->ReadCommits(tenant_, after_, Direction::kForward, [&](const StoredCommit& commit) {
        commits.push_back(std::make_shared<const StoredCommit>(commit));
        bytes += commit.bytes.size();
        return commits.size() < limit && bytes < kMostBytesAtOnce;
      });
      if (!status.ok()) return status;
    }
    if (!commits.empty()) after_ = commits.back()->last_position;
    return commits;
  }

  void Cancel() override {
    cancelled_ = true;
    heads_->Wake();
  }

 private:
  EventLog* const log_;
  const std::shared_ptr<const DurableHeads> heads_;
  const std::shared_ptr<const RecentCommits> recent_;
  const TenantNumber tenant_;
  uint64_t after_;  // last position given; used by Next() alone
  std::atomic<bool> cancelled_{false};
};

}  // namespace

Head DurableHeads::Get(TenantNumber tenant) const {
  std::lock_guard lock(mutex_);
  auto it = heads_.find(tenant);
  return it == heads_.end() ? Head{} : it->second;
}

void DurableHeads::Raise(const absl::flat_hash_map<TenantNumber, Head>& heads) {
  {
    std::lock_guard lock(mutex_);
    for (const auto& [tenant, head] : heads) heads_[tenant] = head;
  }
  raised_.notify_all();
}

bool DurableHeads::WaitPast(TenantNumber tenant, uint64_t position, std::chrono::milliseconds limit,
                            const std::atomic<bool>& cancelled) const {
  std::unique_lock lock(mutex_);
  bool past = false;
  raised_.wait_for(lock, limit, [&] {
    auto it = heads_.find(tenant);
    past = it != heads_.end() && it->second.position > position;
    return past || cancelled || closed_;
  });
  return past;
}

void DurableHeads::Wake() const {
  // Taking the lock orders the caller's flag before the check of one who is about to wait.
  { std::lock_guard lock(mutex_); }
  raised_.notify_all();
}

void DurableHeads::Close() {
  closed_ = true;
  Wake();
}

std::unique_ptr<Subscription> NewSubscription(EventLog* log, std::shared_ptr<const DurableHeads> heads,
                                              std::shared_ptr<const RecentCommits> recent, TenantNumber tenant,
                                              uint64_t after_position) {
  return std::make_unique<LogSubscription>(log, std::move(heads), std::move(recent), tenant, after_position);
}

}  // namespace recount::eventstore
