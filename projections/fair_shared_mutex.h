// A shared mutex in which neither readers nor the writer starve: whoever comes first goes first.
#ifndef RECOUNT_PROJECTIONS_FAIR_SHARED_MUTEX_H_
#define RECOUNT_PROJECTIONS_FAIR_SHARED_MUTEX_H_

#include <mutex>
#include <shared_mutex>

namespace recount::projections {

// For std::unique_lock and std::shared_lock. A thread that holds it shared must not take it again: a writer may wait between.
class FairSharedMutex {
 public:
  void lock() {
    std::lock_guard<std::mutex> turn(turnstile_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    std::lock_guard<std::mutex> turn(turnstile_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex turnstile_;  // held while waiting for mutex_
  std::shared_mutex mutex_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_FAIR_SHARED_MUTEX_H_
