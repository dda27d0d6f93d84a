// A mutex that is taken by turns.
#ifndef RECOUNT_PROJECTIONS_FAIR_MUTEX_H_
#define RECOUNT_PROJECTIONS_FAIR_MUTEX_H_

#include <mutex>

namespace recount::projections {

// For std::unique_lock. Whoever waits comes before the one that has it now and wants it again.
class FairMutex {
 public:
  void lock() {
    std::lock_guard<std::mutex> turn(turnstile_);
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex turnstile_;  // held while waiting for mutex_
  std::mutex mutex_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_FAIR_MUTEX_H_
