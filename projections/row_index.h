// First and last row of each record, for one writer and any number of readers of the first.
#ifndef RECOUNT_PROJECTIONS_ROW_INDEX_H_
#define RECOUNT_PROJECTIONS_ROW_INDEX_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "projections/array_memory.h"
#include "projections/shared_array.h"

namespace recount::projections {

// By the records' codes: records that came one after the other have such codes, so that arrays are dense, and what is asked of rows that
// follow each other lies together. A copy may be read while the original grows; it may meet rows that came after it.
class RowIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // kNone: the record has no row; a row of `rows` or beyond: had none when there were so many.
  uint32_t First(int64_t code, size_t rows) const {
    if (code < 0 || static_cast<size_t>(code) >= first_.size()) return kNone;
    const uint32_t row = first_.Load(static_cast<size_t>(code));
    return row < rows ? row : kNone;
  }

  // The writer's: a further row of a record. Returns the one before it; kNone: it is the first.
  uint32_t Add(int64_t code, uint32_t row) {
    const auto place = static_cast<size_t>(code);
    while (first_.size() <= place) first_.push_back(kNone);
    if (last_->size() <= place) last_->resize(first_.size(), kNone);
    const uint32_t before = std::exchange((*last_)[place], row);
    if (before == kNone) first_.Store(place, row);
    return before;
  }

  // Add() will be asked soon, where there is room for the code.
  void Prefetch(int64_t code) const {
    const auto place = static_cast<size_t>(code);
    if (place < first_.size()) __builtin_prefetch(&first_[place]);
    if (place < last_->size()) __builtin_prefetch(&(*last_)[place]);
  }

  // Room for codes less than this.
  void Reserve(size_t codes) {
    first_.reserve(codes);
    last_->reserve(codes);
  }

 private:
  SharedArray<uint32_t> first_;
  std::shared_ptr<ArrayVector<uint32_t>> last_ = std::make_shared<ArrayVector<uint32_t>>();  // only the writer looks into it
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROW_INDEX_H_
