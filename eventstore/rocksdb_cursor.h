// Reads commits of one tenant from the log database; every commit is checked against the hash chain.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "eventstore/event_log.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

enum class CursorUse { kScan, kPoints };  // a scan reads ahead and leaves the block cache to others

class CommitCursor {
 public:
  // Sees commits up to position `end`, which must be a durable commit's last one.
  CommitCursor(rocksdb::DB* db, TenantNumber tenant, uint64_t end, CursorUse use);

  // To the commit that holds `position`, 1 to `end`.
  absl::Status SeekTo(uint64_t position);
  // To the neighbours; is_valid() is false past the ends.
  absl::Status Next();
  absl::Status Prev();

  bool is_valid() const { return is_valid_; }
  const StoredCommit& commit() const { return commit_; }

 private:
  // Made at the first use: a reader of an empty stream needs none.
  void MakeIterator();
  // Decodes what the iterator stands on.
  absl::Status Decode(const ChainHash& previous);
  absl::Status IteratorFailure(uint64_t position, absl::string_view finding) const;

  rocksdb::DB* const db_;
  const TenantNumber tenant_;
  const uint64_t end_;
  const CursorUse use_;
  const std::string lower_bound_;
  const std::string upper_bound_;
  rocksdb::Slice lower_slice_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool iterator_is_on_commit_ = false;  // else on the one before it
  bool is_valid_ = false;
  StoredCommit commit_;
  std::string stored_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_CURSOR_H_
