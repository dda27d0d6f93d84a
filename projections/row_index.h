// First row of each record, for one writer and any number of readers.
#ifndef RECOUNT_PROJECTIONS_ROW_INDEX_H_
#define RECOUNT_PROJECTIONS_ROW_INDEX_H_

#include <cstdint>

#include "absl/types/span.h"
#include "projections/shared_array.h"

namespace recount::projections {

// Open addressing; rows are only added. The slots are a SharedArray, so that a copy may be read while the original grows. A copy may
// meet rows that came after it, which the caller tells by their numbers; it finds all that came before.
class RowIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // `record`: of each row that the caller knows of; others are passed over. kNone: the record has no row.
  uint32_t First(int64_t code, absl::Span<const int64_t> record) const {
    if (slots_.size() == 0) return kNone;
    for (size_t slot = Home(code);; slot = Next(slot)) {
      const uint32_t row = slots_.Load(slot);
      if (row == kNone) return kNone;
      if (row < record.size() && record[row] == code) return row;
    }
  }

  // Of a record that has no row yet.
  void Add(uint32_t row, absl::Span<const int64_t> record) {
    if ((rows_ + 1) * 2 > slots_.size()) Resize(std::max<size_t>(16, slots_.size() * 2), record);
    Put(row, record[row]);
    ++rows_;
  }

  // Room for so many records.
  void Reserve(size_t records, absl::Span<const int64_t> record) {
    size_t slots = 16;
    while (slots < records * 2) slots *= 2;
    if (slots > slots_.size()) Resize(slots, record);
  }

 private:
  size_t Home(int64_t code) const { return (static_cast<uint64_t>(code) * 0x9e3779b97f4a7c15) >> shift_; }
  size_t Next(size_t slot) const { return (slot + 1) & (slots_.size() - 1); }
  void Put(uint32_t row, int64_t code) {
    size_t slot = Home(code);
    while (slots_.Load(slot) != kNone) slot = Next(slot);
    slots_.Store(slot, row);
  }
  // To a power of two.
  void Resize(size_t size, absl::Span<const int64_t> record) {
    const SharedArray<uint32_t> former = slots_;
    slots_ = SharedArray<uint32_t>(size, kNone);
    shift_ = 64 - __builtin_ctzll(size);
    for (size_t slot = 0; slot < former.size(); ++slot) {
      if (former[slot] != kNone) Put(former[slot], record[former[slot]]);
    }
  }

  SharedArray<uint32_t> slots_;  // its size is a power of two
  int shift_ = 64;
  size_t rows_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROW_INDEX_H_
