// The newest durable commits in memory, as they were sequenced: a live reader takes them from here and reads nothing back.
#ifndef RECOUNT_EVENTSTORE_RECENT_COMMITS_H_
#define RECOUNT_EVENTSTORE_RECENT_COMMITS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// Thread safe. Forgets the oldest commits of all tenants when it holds too much.
class RecentCommits {
 public:
  explicit RecentCommits(size_t max_bytes = 16 << 20) : max_bytes_(max_bytes) {}

  // Commits of a tenant come in order.
  void Add(TenantNumber tenant, std::shared_ptr<const StoredCommit> commit);
  // The commits after a position and up to `end`, at most `limit`; empty if the first of them is not here.
  std::vector<std::shared_ptr<const StoredCommit>> After(TenantNumber tenant, uint64_t position, uint64_t end,
                                                         size_t limit) const;

 private:
  using Commits = std::deque<std::shared_ptr<const StoredCommit>>;

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  absl::flat_hash_map<TenantNumber, Commits> commits_;
  std::deque<TenantNumber> order_;  // whose commit came when, the oldest first
  size_t bytes_ = 0;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_RECENT_COMMITS_H_
