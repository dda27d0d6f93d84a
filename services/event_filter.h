// Which events a reader wants.
#ifndef RECOUNT_SERVICES_EVENT_FILTER_H_
#define RECOUNT_SERVICES_EVENT_FILTER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "recount/storage/v1/commit.pb.h"
#include "recount/v1/history.pb.h"

namespace recount::services {

class EventMatcher {
 public:
  explicit EventMatcher(const v1::EventFilter& filter);
  bool Matches(const storage::v1::StoredEvent& event) const;

 private:
  std::vector<std::string> prefixes_;
  absl::flat_hash_set<std::string> type_names_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_EVENT_FILTER_H_
