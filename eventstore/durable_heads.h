// How far each tenant's log is durable, and the live readers that wait for it.
#ifndef RECOUNT_EVENTSTORE_DURABLE_HEADS_H_
#define RECOUNT_EVENTSTORE_DURABLE_HEADS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "eventstore/event_log.h"
#include "eventstore/recent_commits.h"

namespace recount::eventstore {

// Thread safe.
class DurableHeads {
 public:
  Head Get(TenantNumber tenant) const;
  // Raises heads and wakes those who wait.
  void Raise(const absl::flat_hash_map<TenantNumber, Head>& heads);
  // Waits until the tenant's head is past `position` (true), or `cancelled`, Close() or the time limit comes (false).
  bool WaitPast(TenantNumber tenant, uint64_t position, std::chrono::milliseconds limit,
                const std::atomic<bool>& cancelled) const;
  // Wakes all who wait, so that they look at their flags.
  void Wake() const;
  void Close();
  bool is_closed() const { return closed_; }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable raised_;
  absl::flat_hash_map<TenantNumber, Head> heads_;  // guarded by mutex_
  std::atomic<bool> closed_{false};
};

// A live reader of `log`, which must outlive its Next() calls. Reads back only what is not among the recent commits.
std::unique_ptr<Subscription> NewSubscription(EventLog* log, std::shared_ptr<const DurableHeads> heads,
                                              std::shared_ptr<const RecentCommits> recent, TenantNumber tenant,
                                              uint64_t after_position);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_DURABLE_HEADS_H_
