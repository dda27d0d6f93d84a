// Commits of one event of about 300 bytes, as the product would make them: deals that are created
// and move on.
#ifndef RECOUNT_TOOLS_BENCHMARKS_SAMPLE_COMMITS_H_
#define RECOUNT_TOOLS_BENCHMARKS_SAMPLE_COMMITS_H_

#include <cstdint>
#include <string>

#include "eventstore/event_log.h"

namespace recount::tools {

// The event that follows revision `revision` of a deal: 0 creates it, with the claim of an external
// id. `request` makes the request id.
eventstore::Proposal SampleCommit(eventstore::TenantNumber tenant, const std::string& deal,
                                  uint64_t revision, absl::string_view request);

// The same as it would be stored at a position, after a commit with the hash `previous`, which
// becomes its own.
std::string StoredSample(uint64_t position, const std::string& deal, uint64_t revision,
                         eventstore::ChainHash* previous);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_SAMPLE_COMMITS_H_
