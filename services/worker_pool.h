// Threads for questions, which may wait for a position or the disk: made when needed, up to a limit.
#ifndef RECOUNT_SERVICES_WORKER_POOL_H_
#define RECOUNT_SERVICES_WORKER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace recount::services {

// One owner (a tenant) has at most half of the threads and half of the places to wait, so that the questions of one cannot
// keep those of all others waiting.
class WorkerPool {
 public:
  WorkerPool(size_t max_threads, size_t max_waiting) : max_threads_(max_threads), max_waiting_(max_waiting) {}
  ~WorkerPool() { Close(); }

  // False if too many jobs wait or the pool is closed.
  bool Run(absl::string_view owner, std::function<void()> job);
  // Finishes what was taken, then ends the threads.
  void Close();

 private:
  struct Share {
    size_t waiting = 0;
    size_t running = 0;
  };
  struct Job {
    std::string owner;
    std::function<void()> run;
  };

  void Work();
  // Both: mutex_ is held. The first job whose owner may have one more thread; end of jobs_: none.
  std::deque<Job>::iterator Next();
  void Take(std::deque<Job>::iterator next, std::unique_lock<std::mutex>& lock);

  const size_t max_threads_;
  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Job> jobs_;
  absl::flat_hash_map<std::string, Share> shares_;  // of owners who have jobs
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_WORKER_POOL_H_
