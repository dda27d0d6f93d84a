// What waits for the reader of a pushed stream to take it.
#ifndef RECOUNT_SERVICES_PUSH_QUEUE_H_
#define RECOUNT_SERVICES_PUSH_QUEUE_H_

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "services/rpc.h"

namespace recount::services {

inline constexpr size_t kMostPushedBytes = 8 << 20;

// Not thread-safe.
class PushQueue {
 public:
  // False: more than kMostPushedBytes would wait. A whole answer that `begins` a watch is taken however large it is, and counts for
  // nothing, since its reader has nothing yet to go on from; so is a change for which nothing that counts waits.
  bool Add(const std::vector<WireBytes>& messages, bool begins) {
    size_t bytes = 0;
    for (const WireBytes& message : messages) bytes += message->size();
    if (!begins && counted_bytes_ > 0 && counted_bytes_ + bytes > kMostPushedBytes) return false;
    for (const WireBytes& message : messages) waiting_.push_back({message, !begins});
    if (!begins) counted_bytes_ += bytes;
    return true;
  }
  bool empty() const { return waiting_.empty(); }
  WireBytes Take() {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.counts) counted_bytes_ -= next.message->size();
    return std::move(next.message);
  }
  void Clear() {
    waiting_.clear();
    counted_bytes_ = 0;
  }

 private:
  struct Waiting {
    WireBytes message;
    bool counts;
  };
  std::deque<Waiting> waiting_;
  size_t counted_bytes_ = 0;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_PUSH_QUEUE_H_
