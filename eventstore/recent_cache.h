// A bounded cache by key in two halves: when the younger half is full it becomes the older one, and what the older one held is
// forgotten. Cheaper than a list of use, and what is used stays.
#ifndef RECOUNT_EVENTSTORE_RECENT_CACHE_H_
#define RECOUNT_EVENTSTORE_RECENT_CACHE_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace recount::eventstore {

// Not thread safe.
template <typename Value>
class RecentCache {
 public:
  explicit RecentCache(size_t capacity) : half_(capacity / 2 + 1) {}

  std::optional<Value> Find(absl::string_view key) {
    if (auto it = younger_.find(key); it != younger_.end()) return it->second;
    auto it = older_.find(key);
    if (it == older_.end()) return std::nullopt;
    Value value = it->second;
    Put(key, value);
    return value;
  }

  void Put(absl::string_view key, Value value) {
    if (younger_.size() >= half_) {
      older_ = std::move(younger_);
      younger_.clear();
    }
    younger_.insert_or_assign(std::string(key), std::move(value));
  }

  void Erase(absl::string_view key) {
    if (auto it = younger_.find(key); it != younger_.end()) younger_.erase(it);
    if (auto it = older_.find(key); it != older_.end()) older_.erase(it);
  }

  size_t size() const { return younger_.size() + older_.size(); }

 private:
  const size_t half_;
  absl::flat_hash_map<std::string, Value> younger_;
  absl::flat_hash_map<std::string, Value> older_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_RECENT_CACHE_H_
