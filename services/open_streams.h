// How many streams are open, so that neither all nor one tenant's become too many.
#ifndef RECOUNT_SERVICES_OPEN_STREAMS_H_
#define RECOUNT_SERVICES_OPEN_STREAMS_H_

#include <map>
#include <mutex>
#include <string>

namespace recount::services {

class OpenStreams {
 public:
  // One tenant may have half of them.
  explicit OpenStreams(int most) : most_(most) {}

  bool Take(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    const auto own = by_tenant_.find(tenant);
    if (total_ >= most_ || (own != by_tenant_.end() && own->second >= most_ / 2)) return false;
    ++total_;
    ++by_tenant_[tenant];
    return true;
  }
  void Leave(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    --total_;
    if (--by_tenant_[tenant] == 0) by_tenant_.erase(tenant);
  }

 private:
  const int most_;
  std::mutex mutex_;
  // Guarded by mutex_.
  int total_ = 0;
  std::map<std::string, int> by_tenant_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_OPEN_STREAMS_H_
