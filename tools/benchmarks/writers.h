// Writers in one process: threads, each of which hands one commit in and waits until it is durable.
#ifndef RECOUNT_TOOLS_BENCHMARKS_WRITERS_H_
#define RECOUNT_TOOLS_BENCHMARKS_WRITERS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "tools/benchmarks/measuring.h"

namespace recount::tools {

// Where a writer waits for its commit.
class Ticket {
 public:
  void Done() {
    std::lock_guard lock(mutex_);
    done_ = true;
    woken_.notify_one();
  }
  void Await() {
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return done_; });
    done_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool done_ = false;
};

struct WritersOptions {
  int writers = 64;
  double warm_seconds = 0.3;
  double seconds = 2;
};

// Calls submit(writer, number, ticket) from each writer's thread with number 0, 1, ...; the commit
// calls ticket->Done().
ResultLine RunWriters(const WritersOptions& options,
                      const std::function<void(int, uint64_t, Ticket*)>& submit);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_WRITERS_H_
