// Keeps the resident memory of the process below a limit, as far as what it takes can be let go.
#ifndef RECOUNT_SERVICES_MEMORY_KEEPER_H_
#define RECOUNT_SERVICES_MEMORY_KEEPER_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

namespace recount::services {

// A thread that looks now and then. When there is little left it takes pages of read models that lie in files out of the process
// (projections/array_memory.h), which whoever needs them finds again, and has the allocator give back what it holds in stock.
class MemoryKeeper {
 public:
  explicit MemoryKeeper(size_t limit);
  ~MemoryKeeper();

  size_t limit() const { return limit_; }

 private:
  void Run();
  // Returns when to look again.
  std::chrono::milliseconds Look();

  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_MEMORY_KEEPER_H_
