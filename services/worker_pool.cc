#include "services/worker_pool.h"

#include <algorithm>
#include <utility>

namespace recount::services {
namespace {

size_t HalfOf(size_t all) { return std::max<size_t>(1, all / 2); }

}  // namespace

bool WorkerPool::Run(absl::string_view owner, std::function<void()> job) {
  std::lock_guard lock(mutex_);
  if (closed_ || jobs_.size() >= max_waiting_) return false;
  Share& share = shares_[owner];
  if (share.waiting >= HalfOf(max_waiting_)) return false;
  ++share.waiting;
  jobs_.push_back({std::string(owner), std::move(job)});
  if (jobs_.size() > idle_ && threads_.size() < max_threads_) {
    threads_.emplace_back([this] { Work(); });
  } else {
    wake_.notify_one();
  }
  return true;
}

std::deque<WorkerPool::Job>::iterator WorkerPool::Next() {
  return std::find_if(jobs_.begin(), jobs_.end(),
                      [this](const Job& job) { return shares_[job.owner].running < HalfOf(max_threads_); });
}

void WorkerPool::Take(std::deque<Job>::iterator next, std::unique_lock<std::mutex>& lock) {
  Job job = std::move(*next);
  jobs_.erase(next);
  Share& taken = shares_[job.owner];
  --taken.waiting;
  ++taken.running;
  lock.unlock();
  job.run();
  job.run = nullptr;
  lock.lock();
  Share& share = shares_[job.owner];
  --share.running;
  if (share.waiting == 0 && share.running == 0) shares_.erase(job.owner);
}

void WorkerPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [&] { return Next() != jobs_.end() || (closed_ && jobs_.empty()); });
    --idle_;
    const auto next = Next();
    if (next == jobs_.end()) return;
    Take(next, lock);
    // Its owner may have one more thread now; at the end all are free.
    closed_ ? wake_.notify_all() : wake_.notify_one();
  }
}

void WorkerPool::Close() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    threads.swap(threads_);
    wake_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace recount::services
