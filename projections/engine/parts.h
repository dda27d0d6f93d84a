// What is counted in parts, and who helps.
#ifndef RECOUNT_PROJECTIONS_ENGINE_PARTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_PARTS_H_

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace recount::projections {

// Parts of which each goes to one of several threads.
class Parts {
 public:
  explicit Parts(size_t size) : size_(size) {}
  size_t size() const { return size_; }
  std::optional<size_t> Next() {
    const size_t part = next_.fetch_add(1, std::memory_order_relaxed);
    return part < size_ ? std::optional<size_t>(part) : std::nullopt;
  }

 private:
  const size_t size_;
  std::atomic<size_t> next_ = 0;
};

// Leave to count on one more thread, while this lives: there are never more such threads than processors but one, so that whoever asks
// beside many others counts alone.
class Help {
 public:
  Help() = default;
  static Help Ask();
  Help(Help&& other) noexcept : granted_(std::exchange(other.granted_, false)) {}
  Help& operator=(Help&&) = delete;
  ~Help();
  bool granted() const { return granted_; }

 private:
  bool granted_ = false;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_PARTS_H_
