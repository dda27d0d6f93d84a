// Arrays that grow at their end and are read meanwhile: a copy shares the elements and sees as many as there were when it was made.
#ifndef RECOUNT_PROJECTIONS_SHARED_ARRAY_H_
#define RECOUNT_PROJECTIONS_SHARED_ARRAY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "projections/array_memory.h"

namespace recount::projections {

// Only the original is written to, by one thread. A copy is made while nobody writes; from then on it may be read on any thread
// while the original grows: where the elements have to move, the copy keeps the former ones alive. Elements that are there already
// may be changed by Store() alone; a copy, which reads such arrays by Load(), sees the change or what was before it.
template <typename T>
class SharedArray {
 public:
  SharedArray() = default;
  SharedArray(size_t size, T value) {
    reserve(size);
    std::fill_n(data_.get(), size, value);
    size_ = size;
  }

  size_t size() const { return size_; }
  const T& operator[](size_t i) const { return data_[i]; }
  absl::Span<const T> span() const { return {data_.get(), size_}; }
  T Load(size_t i) const { return __atomic_load_n(&data_[i], __ATOMIC_RELAXED); }

  void push_back(T value) {
    if (size_ == capacity_) reserve(std::max<size_t>(16, capacity_ * 2));
    data_[size_++] = value;
  }
  void append(absl::Span<const T> values) {
    if (size_ + values.size() > capacity_) reserve(std::max(size_ + values.size(), capacity_ * 2));
    std::copy(values.begin(), values.end(), data_.get() + size_);
    size_ += values.size();
  }
  void Store(size_t i, T value) { __atomic_store_n(&data_[i], value, __ATOMIC_RELAXED); }
  // From now on the elements are this copy's alone, and Put() may change them.
  void Unshare() {
    std::shared_ptr<T[]> own = NewSharedArray<T>(size_);
    std::copy_n(data_.get(), size_, own.get());
    data_ = std::move(own);
    capacity_ = size_;
  }
  void Put(size_t i, T value) { data_[i] = value; }
  void reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    std::shared_ptr<T[]> larger = NewSharedArray<T>(capacity);
    std::uninitialized_copy_n(data_.get(), size_, larger.get());
    data_ = std::move(larger);
    capacity_ = capacity;
  }

 private:
  std::shared_ptr<T[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// The elements of a SharedArray that change.
template <typename T>
class ChangingSpan {
 public:
  explicit ChangingSpan(const SharedArray<T>* array) : array_(array) {}
  size_t size() const { return array_->size(); }
  T operator[](size_t i) const { return array_->Load(i); }

 private:
  const SharedArray<T>* array_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SHARED_ARRAY_H_
