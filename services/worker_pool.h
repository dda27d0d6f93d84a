// Threads for questions, which may wait for a position or the disk: made when needed, up to a limit.
#ifndef RECOUNT_SERVICES_WORKER_POOL_H_
#define RECOUNT_SERVICES_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace recount::services {

class WorkerPool {
 public:
  WorkerPool(size_t max_threads, size_t max_waiting) : max_threads_(max_threads), max_waiting_(max_waiting) {}
  ~WorkerPool() { Close(); }

  // False if too many jobs wait or the pool is closed.
  bool Run(std::function<void()> job);
  // Finishes what was taken, then ends the threads.
  void Close();

 private:
  void Work();

  const size_t max_threads_;
  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_WORKER_POOL_H_
