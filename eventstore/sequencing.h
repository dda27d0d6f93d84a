// The rules of sequencing, the same for every implementation of the log: what a proposal must look like, which expectations
// and claims hold, which positions and revisions it gets.
#ifndef RECOUNT_EVENTSTORE_SEQUENCING_H_
#define RECOUNT_EVENTSTORE_SEQUENCING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// Checks `proposal` against what `log` has sequenced so far (SequencedRevision, FindKey, SequencedHead), then fills in
// positions, revisions and recorded time. Changes nothing in the log, and leaves the proposal unspecified when it refuses.
//   INVALID_ARGUMENT  no events, a stream name that is empty or has a NUL, a release of a key that the stream does not hold
//   ABORTED           `REVISION_MISMATCH: ` with the current revision
//   ALREADY_EXISTS    `EXTERNAL_ID_TAKEN: ` with the stream that has the key
absl::StatusOr<Sequenced> AssignPlace(EventLog& log, Proposal& proposal);

// UNAVAILABLE for a commit that may or may not be stored.
absl::Status OutcomeUnknown(const absl::Status& cause);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_SEQUENCING_H_
