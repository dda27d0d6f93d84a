#include "eventstore/rocksdb_cursor.h"

#include "eventstore/commit_codec.h"

namespace recount::eventstore {

absl::Status CommitCursor::Decode(const ChainHash& previous) {
  absl::Status status = DecodeCommit(tenant_, records_.first_position(), records_.parts(), previous, &commit_);
  is_valid_ = status.ok();
  return status;
}

absl::Status CommitCursor::SeekTo(uint64_t position) {
  is_valid_ = false;
  if (position == 0 || position > end_) return absl::OkStatus();
  if (absl::Status status = records_.Seek(position); !status.ok()) return status;
  if (!records_.is_valid()) return Damaged(tenant_, position, "no commit holds this position");
  absl::StatusOr<ChainHash> previous = records_.HashBefore();
  if (!previous.ok()) return previous.status();
  if (absl::Status status = Decode(*previous); !status.ok()) return status;
  if (commit_.last_position >= position) return absl::OkStatus();
  is_valid_ = false;
  return Damaged(tenant_, position, "no commit holds this position");
}

absl::Status CommitCursor::Next() {
  const bool is_at_end = !is_valid_ || commit_.last_position >= end_;
  is_valid_ = false;
  if (is_at_end) return absl::OkStatus();
  const uint64_t next = commit_.last_position + 1;
  if (absl::Status status = records_.Next(); !status.ok()) return status;
  if (!records_.is_valid() || records_.first_position() != next) {
    return Damaged(tenant_, next, "the commit at this position is missing");
  }
  const ChainHash previous = commit_.hash;
  return Decode(previous);
}

absl::Status CommitCursor::Prev() {
  if (!is_valid_) return absl::OkStatus();
  return SeekTo(commit_.first_position - 1);
}

}  // namespace recount::eventstore
