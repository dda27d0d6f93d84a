// Reads commits of one tenant from the log database; every commit is checked against the hash chain.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_

#include "absl/status/status.h"
#include "eventstore/event_log.h"
#include "eventstore/rocksdb_log_database.h"
#include "eventstore/rocksdb_record_cursor.h"

namespace recount::eventstore {

class CommitCursor {
 public:
  // Sees commits up to position `end`, which must be a durable commit's last one.
  CommitCursor(const LogDatabase* database, TenantNumber tenant, uint64_t end, CursorUse use)
      : tenant_(tenant), end_(end), records_(database, tenant, end, use) {}

  // To the commit that holds `position`, 1 to `end`.
  absl::Status SeekTo(uint64_t position);
  // To the neighbours; is_valid() is false past the ends.
  absl::Status Next();
  absl::Status Prev();

  bool is_valid() const { return is_valid_; }
  const StoredCommit& commit() const { return commit_; }

 private:
  // Decodes what the records stand on.
  absl::Status Decode(const ChainHash& previous);

  const TenantNumber tenant_;
  const uint64_t end_;
  RecordCursor records_;
  bool is_valid_ = false;
  StoredCommit commit_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_
