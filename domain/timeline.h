// What a value was from when on, in the order (occurred, position): a late entry takes its place
// and does not win over what came after it in the world.
#ifndef RECOUNT_DOMAIN_TIMELINE_H_
#define RECOUNT_DOMAIN_TIMELINE_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "recount/v1/common.pb.h"

namespace recount::domain {

// When something happened, and how exactly that is known.
struct Instant {
  int64_t micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
};

template <typename T>
class Timeline {
 public:
  struct Entry {
    Instant at;
    T value;
  };

  void Set(const Instant& at, T value) {
    entries_.insert(After(at.micros), Entry{at, std::move(value)});
  }
  // What held at a moment; nullptr: nothing yet.
  const T* At(int64_t micros) const {
    const auto after = After(micros);
    return after == entries_.begin() ? nullptr : &std::prev(after)->value;
  }
  // What comes next after a moment; nullptr: nothing.
  const Entry* NextAfter(int64_t micros) const {
    const auto after = After(micros);
    return after == entries_.end() ? nullptr : &*after;
  }
  // What holds last of all; nullptr: never set.
  const T* Last() const { return entries_.empty() ? nullptr : &entries_.back().value; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  typename std::vector<Entry>::const_iterator After(int64_t micros) const {
    return std::upper_bound(entries_.begin(), entries_.end(), micros,
                            [](int64_t at, const Entry& entry) { return at < entry.at.micros; });
  }

  std::vector<Entry> entries_;  // in order of time, of equal times in order of position
};

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_TIMELINE_H_
