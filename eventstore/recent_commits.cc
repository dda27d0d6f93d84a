#include "eventstore/recent_commits.h"

#include <algorithm>
#include <utility>

namespace recount::eventstore {
namespace {

// Roughly what a commit takes: its bytes and the message that they are parsed into.
size_t BytesOf(const StoredCommit& commit) { return 512 + 4 * commit.bytes.size(); }

}  // namespace

void RecentCommits::Add(TenantNumber tenant, std::shared_ptr<const StoredCommit> commit) {
  // Messages are freed outside the lock.
  std::vector<std::shared_ptr<const StoredCommit>> forgotten;
  std::lock_guard lock(mutex_);
  bytes_ += BytesOf(*commit);
  commits_[tenant].push_back(std::move(commit));
  order_.push_back(tenant);
  while (bytes_ > max_bytes_) {
    auto oldest = commits_.find(order_.front());
    order_.pop_front();
    bytes_ -= BytesOf(*oldest->second.front());
    forgotten.push_back(std::move(oldest->second.front()));
    oldest->second.pop_front();
    if (oldest->second.empty()) commits_.erase(oldest);
  }
}

std::vector<std::shared_ptr<const StoredCommit>> RecentCommits::After(TenantNumber tenant, uint64_t position,
                                                                      uint64_t end, size_t limit) const {
  std::lock_guard lock(mutex_);
  const auto found = commits_.find(tenant);
  if (found == commits_.end()) return {};
  const Commits& commits = found->second;
  const auto first = std::partition_point(commits.begin(), commits.end(),
                                          [&](const auto& commit) { return commit->last_position <= position; });
  if (first == commits.end() || (*first)->first_position > position + 1) return {};
  std::vector<std::shared_ptr<const StoredCommit>> found_after;
  for (auto it = first; it != commits.end() && (*it)->last_position <= end && found_after.size() < limit; ++it) {
    found_after.push_back(*it);
  }
  return found_after;
}

}  // namespace recount::eventstore
