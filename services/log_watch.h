// Finds out soon that the log or the keys could not be written, also while no command comes that would be told.
#ifndef RECOUNT_SERVICES_LOG_WATCH_H_
#define RECOUNT_SERVICES_LOG_WATCH_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "services/stream_fold.h"

namespace recount::services {

// Why the log has stopped, or the keys; OK while they have not.
absl::Status WriteFailure(const Archive& archive);

// Calls `on_failure` once, from a thread of its own, within a second of the failure.
class LogWatch {
 public:
  LogWatch(Archive archive, std::function<void(absl::Status)> on_failure);
  ~LogWatch();

 private:
  void Run();

  const Archive archive_;
  const std::function<void(absl::Status)> on_failure_;
  std::mutex mutex_;
  std::condition_variable ending_changed_;
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_LOG_WATCH_H_
