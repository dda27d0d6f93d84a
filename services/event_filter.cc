#include "services/event_filter.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "domain/aggregate.h"

namespace recount::services {

EventMatcher::EventMatcher(const v1::EventFilter& filter)
    : prefixes_(filter.stream_prefixes().begin(), filter.stream_prefixes().end()),
      type_names_(filter.type_names().begin(), filter.type_names().end()) {}

bool EventMatcher::Matches(const storage::v1::StoredEvent& event) const {
  const bool wanted_stream =
      prefixes_.empty() || std::any_of(prefixes_.begin(), prefixes_.end(), [&](const std::string& prefix) {
        return absl::StartsWith(event.stream(), prefix);
      });
  return wanted_stream && (type_names_.empty() || type_names_.contains(domain::TypeName(event.type())));
}

}  // namespace recount::services
