#include "eventstore/rocksdb_cursor.h"

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {

CommitCursor::CommitCursor(rocksdb::DB* db, TenantNumber tenant, uint64_t end, CursorUse use)
    : db_(db),
      tenant_(tenant),
      end_(end),
      use_(use),
      lower_bound_(LogKey(tenant, 0)),
      upper_bound_(LogKey(tenant, end + 1)),
      lower_slice_(lower_bound_),
      upper_slice_(upper_bound_) {}

void CommitCursor::MakeIterator() {
  if (iterator_ != nullptr) return;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  options.fill_cache = use_ == CursorUse::kPoints;
  options.readahead_size = 0;  // RocksDB reads ahead by itself when it sees a scan
  iterator_.reset(db_->NewIterator(options));
}

absl::Status CommitCursor::IteratorFailure(uint64_t position, absl::string_view finding) const {
  if (!iterator_->status().ok()) return FromRocksdb(iterator_->status(), "log/");
  return Damaged(tenant_, position, finding);
}

absl::Status CommitCursor::Decode(const ChainHash& previous) {
  is_valid_ = false;
  const uint64_t first = ParseLogKey(ToView(iterator_->key())).value_or(LogPlace{}).first_position;
  auto parts = SplitStoredCommit(tenant_, first, ToView(iterator_->value()));
  if (!parts.ok()) return parts.status();
  if (absl::Status status = DecodeCommit(tenant_, first, *parts, previous, &commit_); !status.ok()) return status;
  is_valid_ = true;
  iterator_is_on_commit_ = true;
  return absl::OkStatus();
}

absl::Status CommitCursor::SeekTo(uint64_t position) {
  is_valid_ = false;
  if (position == 0 || position > end_) return absl::OkStatus();
  MakeIterator();
  iterator_->SeekForPrev(LogKey(tenant_, position));
  if (!iterator_->Valid()) return IteratorFailure(position, "no commit holds this position");
  const uint64_t first = ParseLogKey(ToView(iterator_->key())).value_or(LogPlace{}).first_position;
  if (first == 1) {
    if (absl::Status status = Decode(ChainHash{}); !status.ok()) return status;
  } else {
    // The hash of the commit before; the iterator stays there.
    stored_.assign(iterator_->value().data(), iterator_->value().size());
    iterator_->Prev();
    if (!iterator_->Valid()) return IteratorFailure(first, "the commit before it is missing");
    auto previous = SplitStoredCommit(tenant_, first, ToView(iterator_->value()));
    if (!previous.ok()) return previous.status();
    auto parts = SplitStoredCommit(tenant_, first, stored_);
    if (!parts.ok()) return parts.status();
    absl::Status status = DecodeCommit(tenant_, first, *parts, previous->hash, &commit_);
    if (!status.ok()) return status;
    is_valid_ = true;
    iterator_is_on_commit_ = false;
  }
  if (commit_.last_position < position) {
    is_valid_ = false;
    return Damaged(tenant_, position, "no commit holds this position");
  }
  return absl::OkStatus();
}

absl::Status CommitCursor::Next() {
  if (!is_valid_ || commit_.last_position >= end_) {
    is_valid_ = false;
    return absl::OkStatus();
  }
  const uint64_t next = commit_.last_position + 1;
  is_valid_ = false;
  iterator_is_on_commit_ ? iterator_->Next() : iterator_->Seek(LogKey(tenant_, next));
  if (!iterator_->Valid() || ToView(iterator_->key()) != LogKey(tenant_, next)) {
    return IteratorFailure(next, "the commit at this position is missing");
  }
  const ChainHash previous = commit_.hash;
  return Decode(previous);
}

absl::Status CommitCursor::Prev() {
  if (!is_valid_) return absl::OkStatus();
  return SeekTo(commit_.first_position - 1);
}

}  // namespace recount::eventstore
