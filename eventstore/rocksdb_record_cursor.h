// Steps over the records of one tenant as they are stored, packed or not, without reading what is in them.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_RECORD_CURSOR_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_RECORD_CURSOR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log.h"
#include "eventstore/log_pack.h"
#include "eventstore/rocksdb_log_database.h"

namespace recount::eventstore {

enum class CursorUse { kScan, kPoints };  // a scan reads ahead and leaves the block cache to others

// Packing goes on beside a cursor. What its iterator over single commits does not see was packed before that iterator was
// made, so an iterator over packs that is made after it sees it: at most one look again finds every commit.
class RecordCursor {
 public:
  // Sees commits up to position `end`, which must be a durable commit's last one.
  RecordCursor(const LogDatabase* database, TenantNumber tenant, uint64_t end, CursorUse use);

  // To the record that holds `position`, or, where the log has a hole, possibly to the one before the hole. Not valid if there
  // is none.
  absl::Status Seek(uint64_t position);
  // To the oldest record there is, also where the log has lost its beginning.
  absl::Status SeekToFirst();
  // To the record after it. After DATA_LOSS: past what is damaged.
  absl::Status Next();

  bool is_valid() const { return source_ == Source::kPack || source_ == Source::kSingle; }
  uint64_t first_position() const { return first_position_; }
  const CommitParts& parts() const { return parts_; }  // valid until the cursor moves
  // The hash of the commit before this one.
  absl::StatusOr<ChainHash> HashBefore();

 private:
  enum class Source { kNone, kSingle, kDamagedSingle, kPack, kDamagedPack };

  std::unique_ptr<rocksdb::Iterator> MakeIterator(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice* lower);
  // Each: whether the record was found.
  absl::StatusOr<bool> SeekSingle(uint64_t position);
  void MakeSingles();
  absl::StatusOr<bool> SeekPack(uint64_t position);
  // Opens the pack that holds `position`, with a new iterator if this one does not see it; leaves the record as it is.
  absl::StatusOr<bool> LoadPack(uint64_t position);
  // By its key, if that is known; false also where it cannot be read: packs_ finds out why.
  bool GetPack(uint64_t position);
  // packs_ failed on the way to the pack of a position.
  absl::Status PackFailure(uint64_t position) const;
  absl::Status OpenPack(uint64_t first_position, const rocksdb::Slice& bytes);
  absl::Status EnterPack();
  // What comes behind the last pack that this iterator sees begins at `after_the_last`.
  absl::Status NextPack(uint64_t after_the_last);
  void StandInPack(size_t commit);
  absl::Status StandOnSingle();

  const LogDatabase* const database_;
  const TenantNumber tenant_;
  const uint64_t end_;
  const CursorUse use_;
  const std::string lower_bound_;
  const std::string upper_bound_;
  std::string singles_bound_;  // behind what was packed when singles_ was made
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  rocksdb::Slice singles_slice_;
  // Made at the first use: a reader of an empty stream needs none.
  std::unique_ptr<rocksdb::Iterator> singles_;
  std::unique_ptr<rocksdb::Iterator> packs_;

  Source source_ = Source::kNone;
  uint64_t first_position_ = 0;
  CommitParts parts_;
  rocksdb::PinnableSlice pinned_;  // a pack that was got by its key
  bool is_pinned_ = false;
  PackView pack_;  // of pinned_, else of what packs_ stands on
  bool pack_is_open_ = false;
  size_t commit_ = 0;             // in the pack
  bool singles_is_on_it_ = false;  // else singles_ stands on the commit before, or nowhere
  std::string stored_;             // the single commit then
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_RECORD_CURSOR_H_
