// What records are brought by those that point to them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROLLED_UP_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROLLED_UP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace recount::projections {

class RolledUp {
 public:
  struct Brought {
    int64_t value;
    int64_t currency;  // code; kNull: it is no money
  };

  // For records (text codes) from `least` to `greatest`; about `rows` will be given.
  RolledUp(int64_t least, int64_t greatest, size_t rows) : least_(least), greatest_(greatest) {
    // Codes of records that came one after the other are dense: then an array is looked into without a search.
    if (least <= greatest && static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least) < kDense * rows + kSmall) {
      places_.resize(static_cast<size_t>(greatest - least) + 1, kNowhere);
    }
  }

  bool Covers(int64_t least, int64_t greatest) const { return least_ <= least && greatest <= greatest_; }

  // The record's, made by `first` if it has none; nullptr if it is none of those asked for.
  Brought* Add(int64_t record, const Brought& first, bool* is_first) {
    if (record < least_ || record > greatest_) return nullptr;
    uint32_t* place;
    if (!places_.empty()) {
      place = &places_[static_cast<size_t>(record - least_)];
      *is_first = *place == kNowhere;
    } else {
      const auto [at, added] = sparse_.try_emplace(record, kNowhere);
      place = &at->second;
      *is_first = added;
    }
    if (*is_first) {
      *place = static_cast<uint32_t>(brought_.size());
      brought_.push_back(first);
    }
    return &brought_[*place];
  }
  // What another one for the same records has; `join` adds up what both have of a record.
  template <typename Join>
  void Take(RolledUp other, const Join& join) {
    if (brought_.empty()) {
      places_.swap(other.places_);
      sparse_.swap(other.sparse_);
      brought_.swap(other.brought_);
      return;
    }
    const auto take = [&](int64_t record, uint32_t place) {
      bool is_first = false;
      Brought* const sum = Add(record, other.brought_[place], &is_first);
      if (sum != nullptr && !is_first) join(other.brought_[place], sum);
    };
    for (size_t i = 0; i < other.places_.size(); ++i) {
      if (other.places_[i] != kNowhere) take(least_ + static_cast<int64_t>(i), other.places_[i]);
    }
    for (const auto& [record, place] : other.sparse_) take(record, place);
  }
  // nullptr: nothing.
  const Brought* Find(int64_t record) const {
    uint32_t place = kNowhere;
    if (record < least_ || record > greatest_) return nullptr;
    if (!places_.empty()) {
      place = places_[static_cast<size_t>(record - least_)];
    } else if (const auto at = sparse_.find(record); at != sparse_.end()) {
      place = at->second;
    }
    return place == kNowhere ? nullptr : &brought_[place];
  }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;
  static constexpr uint64_t kDense = 16, kSmall = 1024;

  const int64_t least_, greatest_;
  std::vector<uint32_t> places_;  // in brought_, by record; empty: sparse_ says it
  absl::flat_hash_map<int64_t, uint32_t> sparse_;
  std::vector<Brought> brought_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROLLED_UP_H_
