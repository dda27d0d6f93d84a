// Values of a column of a table. Many columns have none: of a tenant that does not use what they are for. Those take no memory.
#ifndef RECOUNT_PROJECTIONS_VALUE_COLUMN_H_
#define RECOUNT_PROJECTIONS_VALUE_COLUMN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "projections/dictionary.h"
#include "projections/shared_array.h"

namespace recount::projections {

// Some values, or nothing but kNull, without a difference to whoever reads one.
class ValueSpan {
 public:
  ValueSpan() = default;
  ValueSpan(absl::Span<const int64_t> values) : data_(values.data()), size_(values.size()), mask_(SIZE_MAX) {}  // NOLINT: it is one
  static ValueSpan Nothing(size_t size) {
    ValueSpan nothing;
    nothing.size_ = size;
    return nothing;
  }

  size_t size() const { return size_; }
  // All are kNull.
  bool is_nothing() const { return mask_ == 0; }
  int64_t operator[](size_t i) const { return data_[i & mask_]; }

 private:
  static constexpr int64_t kNothing = kNull;

  const int64_t* data_ = &kNothing;
  size_t size_ = 0;
  size_t mask_ = 0;
};

// As SharedArray: one thread writes, copies are read meanwhile.
class ValueColumn {
 public:
  explicit ValueColumn(size_t nothing = 0) : nothing_(nothing) {}

  size_t size() const { return nothing_ + values_.size(); }
  int64_t operator[](size_t i) const { return span()[i]; }
  ValueSpan span() const { return values_.size() == 0 ? ValueSpan::Nothing(nothing_) : ValueSpan(values_.span()); }

  void push_back(int64_t value) {
    if (value == kNull && values_.size() == 0) {
      ++nothing_;
      return;
    }
    Begin();
    values_.push_back(value);
  }
  void append(absl::Span<const int64_t> values) {
    const bool is_nothing = std::all_of(values.begin(), values.end(), [](int64_t value) { return value == kNull; });
    if (is_nothing) return AppendNothing(values.size());
    Begin();
    values_.append(values);
  }
  void AppendNothing(size_t count) {
    if (values_.size() == 0) {
      nothing_ += count;
    } else {
      for (size_t i = 0; i < count; ++i) values_.push_back(kNull);
    }
  }
  void reserve(size_t capacity) {
    reserved_ = capacity;
    if (values_.size() > 0) values_.reserve(capacity);
  }
  void Unshare() { values_.Unshare(); }
  // After Unshare().
  void Put(size_t i, int64_t value) {
    Begin();
    values_.Put(i, value);
  }

 private:
  // From now on there are values.
  void Begin() {
    if (values_.size() > 0) return;
    values_.reserve(std::max(reserved_, nothing_));
    for (; nothing_ > 0; --nothing_) values_.push_back(kNull);
  }

  SharedArray<int64_t> values_;  // empty as long as there are none
  size_t nothing_;               // rows; 0 where there are values
  size_t reserved_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_VALUE_COLUMN_H_
