#include "services/memory_keeper.h"

#include <pthread.h>

#include <algorithm>

#include "projections/array_memory.h"
#include "services/memory_shares.h"

// jemalloc's, in recountd; other programs have another allocator and none of this.
extern "C" int mallctl(const char* name, void* old, size_t* old_size, void* given, size_t given_size) __attribute__((weak));

namespace recount::services {
namespace {

using projections::ArrayMemory;

// While it is far from the limit, near it, and when nothing more could be let go.
constexpr std::chrono::milliseconds kFar(25), kNear(4), kInVain(200);
constexpr size_t kBurst = 48 << 20;
constexpr size_t kAtOnce = 32 << 20;

void GiveBackStock() {
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // of all arenas
}

}  // namespace

MemoryKeeper::MemoryKeeper(size_t limit) : limit_(limit), thread_([this] { Run(); }) {}

MemoryKeeper::~MemoryKeeper() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void MemoryKeeper::Run() {
  pthread_setname_np(pthread_self(), "memory");
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const std::chrono::milliseconds pause = Look();
    lock.lock();
    changed_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

std::chrono::milliseconds MemoryKeeper::Look() {
  // What may come between two looks stays free; below `near` nothing is hurried.
  const size_t high = limit_ - std::max(limit_ / 8, std::min(kBurst, limit_ / 4)), near = high - limit_ / 8;
  size_t resident = ResidentMemory();
  if (resident < high) return resident < near ? kFar : kNear;
  ArrayMemory& arrays = ArrayMemory::OfProcess();
  // Once around at most: the rest may be something else.
  const size_t all = arrays.use().in_files;
  for (size_t passed = 0; passed < all && resident >= near; resident = ResidentMemory()) {
    const size_t gone = arrays.LetGo(kAtOnce);
    if (gone == 0) break;
    passed += gone;
  }
  if (resident < high) return kNear;
  GiveBackStock();
  return ResidentMemory() < high ? kNear : kInVain;
}

}  // namespace recount::services
