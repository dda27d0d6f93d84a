// Where packs lie that have been read once: the next reader gets one by its key. To find it without, RocksDB unpacks a block of each
// level.
#ifndef RECOUNT_EVENTSTORE_PACK_PLACES_H_
#define RECOUNT_EVENTSTORE_PACK_PLACES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>

#include "absl/container/btree_map.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// A pack stays as it is, so that what was learnt stays true. About twenty bytes a pack. Thread safe.
class PackPlaces {
 public:
  void Learn(TenantNumber tenant, uint64_t first_position, uint64_t last_position) {
    {
      std::shared_lock lock(mutex_);
      const auto known = places_.find(tenant);
      if (known != places_.end() && known->second.contains(first_position)) return;
    }
    std::lock_guard lock(mutex_);
    places_[tenant].emplace(first_position, last_position);
  }

  // The first position of the pack that holds `position`.
  std::optional<uint64_t> Find(TenantNumber tenant, uint64_t position) const {
    std::shared_lock lock(mutex_);
    const auto known = places_.find(tenant);
    if (known == places_.end()) return std::nullopt;
    auto after = known->second.upper_bound(position);
    if (after == known->second.begin()) return std::nullopt;
    const auto& [first, last] = *--after;
    return position <= last ? std::optional<uint64_t>(first) : std::nullopt;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<TenantNumber, absl::btree_map<uint64_t, uint64_t>> places_;  // first and last position
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_PACK_PLACES_H_
