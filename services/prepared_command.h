// What can be done with a command before it is its turn: limits, identity, and loading what it will need. Any thread.
#ifndef RECOUNT_SERVICES_PREPARED_COMMAND_H_
#define RECOUNT_SERVICES_PREPARED_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/request_hash.h"
#include "recount/v1/command.pb.h"
#include "services/state_cache.h"
#include "services/stream_fold.h"

namespace recount::services {

struct PreparedCommand {
  const v1::Command* command = nullptr;  // without what is not its identity
  absl::Status valid;                    // limits of the protos
  std::string correlation_id;
  std::string causation_id;
  bool validate_only = false;
  eventstore::RequestHash hash;  // empty without a request id

  const v1::CommandHeader& header() const;
};

// Takes correlation, causation and validate_only out of `command`'s header.
PreparedCommand Prepare(const Archive& archive, eventstore::TenantNumber tenant, v1::Command* command);

// Identity of commands that are one, by the request id of the first; empty without.
absl::StatusOr<eventstore::RequestHash> HashOfGroup(const Archive& archive, eventstore::TenantNumber tenant,
                                                    const std::vector<PreparedCommand>& group);

// The stream's state from the cache, or folded from the log into it.
absl::StatusOr<std::shared_ptr<const FoldedStream>> LoadStream(const Archive& archive, StateCache& cache,
                                                               eventstore::TenantNumber tenant,
                                                               absl::string_view stream);

// Brings what a command names into the cache, so that the sequencer need not wait for the disk. What cannot be found is
// left for the sequencer to say.
void LoadTouched(const Archive& archive, StateCache& cache, eventstore::TenantNumber tenant,
                 const v1::Command& command);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_PREPARED_COMMAND_H_
