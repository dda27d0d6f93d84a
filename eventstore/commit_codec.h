// A commit as bytes: the hash chain and its check, the same for every implementation of the log.
//
//   stored commit := chain hash (32 bytes) | CommitRecord, serialized
//   chain hash    := SHA-256(chain hash of the tenant's commit before, or 32 zero bytes | CommitRecord, serialized)
#ifndef RECOUNT_EVENTSTORE_COMMIT_CODEC_H_
#define RECOUNT_EVENTSTORE_COMMIT_CODEC_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

ChainHash NextHash(const ChainHash& previous, absl::string_view record_bytes);

// The two parts of a stored commit. DATA_LOSS if it is too short to be one.
struct CommitParts {
  ChainHash hash{};
  absl::string_view record_bytes;
};
absl::StatusOr<CommitParts> SplitStoredCommit(TenantNumber tenant, uint64_t first_position, absl::string_view stored);

// Parses what stands at `first_position` into `commit`, whose memory is used again; checks position and chain. Any
// difference is DATA_LOSS with the place and remedy.
absl::Status DecodeCommit(TenantNumber tenant, uint64_t first_position, const CommitParts& parts,
                          const ChainHash& previous, StoredCommit* commit);

// DATA_LOSS for a place in a tenant's log, with what to do.
absl::Status Damaged(TenantNumber tenant, uint64_t position, absl::string_view finding);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_COMMIT_CODEC_H_
