// Finished things by key, within a number of bytes: what was not asked for the longest goes first.
#ifndef RECOUNT_PROJECTIONS_LRU_CACHE_H_
#define RECOUNT_PROJECTIONS_LRU_CACHE_H_

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace recount::projections {

// Thread safe. What is found stays as long as somebody holds it, also if the cache drops it.
template <typename Thing>
class LruCache {
 public:
  // 0: keeps nothing.
  explicit LruCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // nullptr: it is not there (any more).
  std::shared_ptr<const Thing> Find(absl::string_view key) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
    return found->second->thing;
  }

  // `bytes`: what it takes, at least. What takes more than all that there is, is not kept.
  void Put(const std::string& key, std::shared_ptr<const Thing> thing, size_t bytes) {
    bytes += key.size() + sizeof(Entry);
    std::lock_guard<std::mutex> lock(mutex_);
    if (bytes > max_bytes_ || places_.contains(key)) return;
    newest_first_.push_front(Entry{key, std::move(thing), bytes});
    places_[newest_first_.front().key] = newest_first_.begin();
    for (bytes_ += bytes; bytes_ > max_bytes_; newest_first_.pop_back()) {
      bytes_ -= newest_first_.back().bytes;
      places_.erase(newest_first_.back().key);
    }
  }

  size_t bytes() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Thing> thing;
    size_t bytes;
  };

  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> newest_first_;                                                      // guarded by mutex_
  absl::flat_hash_map<absl::string_view, typename std::list<Entry>::iterator> places_;  // guarded by mutex_
  size_t bytes_ = 0;                                                                   // guarded by mutex_
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_LRU_CACHE_H_
