#include "eventstore/rocksdb_record_cursor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "log/";

uint64_t FirstPosition(const rocksdb::Iterator& iterator) {
  return ParseLogKey(ToView(iterator.key())).value_or(LogPlace{}).first_position;
}

}  // namespace

RecordCursor::RecordCursor(const LogDatabase* database, TenantNumber tenant, uint64_t end, CursorUse use)
    : database_(database),
      tenant_(tenant),
      end_(end),
      use_(use),
      lower_bound_(LogKey(tenant, 0)),
      upper_bound_(LogKey(tenant, end + 1)),
      lower_slice_(lower_bound_),
      upper_slice_(upper_bound_) {}

std::unique_ptr<rocksdb::Iterator> RecordCursor::MakeIterator(rocksdb::ColumnFamilyHandle* family,
                                                              const rocksdb::Slice* lower) {
  rocksdb::ReadOptions options;
  // A pack is checked by its own checksum once it is unpacked. RocksDB's check of its block before would cost a scan a quarter of
  // its time and find nothing more; a merge of tables and Verify() make it.
  options.verify_checksums = family != database_->packs() || use_ == CursorUse::kPoints;
  options.iterate_lower_bound = lower;
  options.iterate_upper_bound = &upper_slice_;
  options.fill_cache = use_ == CursorUse::kPoints;
  options.readahead_size = 0;  // RocksDB reads ahead by itself when it sees a scan
  return std::unique_ptr<rocksdb::Iterator>(database_->db()->NewIterator(options, family));
}

absl::Status RecordCursor::Seek(uint64_t position) {
  if (pack_is_open_ && pack_.Holds(position)) {
    StandInPack(pack_.Find(position));
    return absl::OkStatus();
  }
  source_ = Source::kNone;
  if (position > database_->packed(tenant_).last_position) {
    absl::StatusOr<bool> found = SeekSingle(position);
    if (!found.ok() || *found) return found.status();
  }
  return SeekPack(position).status();
}

absl::Status RecordCursor::SeekToFirst() {
  absl::Status status = Seek(1);
  if (!status.ok() || is_valid()) return status;
  if (packs_ != nullptr) {
    packs_->SeekToFirst();
    if (!packs_->status().ok()) return PackFailure(1);
    if (packs_->Valid()) return EnterPack();
  }
  MakeSingles();
  singles_->SeekToFirst();
  if (!singles_->status().ok()) return FromRocksdb(singles_->status(), kName);
  return singles_->Valid() ? StandOnSingle() : absl::OkStatus();
}

void RecordCursor::MakeSingles() {
  if (singles_ != nullptr) return;
  singles_bound_ = LogKey(tenant_, database_->packed(tenant_).last_position + 1);
  singles_slice_ = singles_bound_;
  singles_ = MakeIterator(database_->db()->DefaultColumnFamily(), &singles_slice_);
}

absl::StatusOr<bool> RecordCursor::SeekSingle(uint64_t position) {
  MakeSingles();
  singles_->SeekForPrev(LogKey(tenant_, position));
  if (!singles_->status().ok()) return FromRocksdb(singles_->status(), kName);
  if (!singles_->Valid()) return false;
  if (absl::Status status = StandOnSingle(); !status.ok()) return status;
  return true;
}

absl::StatusOr<bool> RecordCursor::SeekPack(uint64_t position) {
  absl::StatusOr<bool> found = LoadPack(position);
  if (!found.ok()) source_ = Source::kDamagedPack;
  if (found.ok() && *found) StandInPack(pack_.Find(position));
  return found;
}

absl::StatusOr<bool> RecordCursor::LoadPack(uint64_t position) {
  if (database_->packs() == nullptr) return false;
  if (use_ == CursorUse::kPoints && GetPack(position)) return true;
  for (const bool anew : {false, true}) {
    if (anew || packs_ == nullptr) {
      pack_is_open_ = false;
      packs_ = MakeIterator(database_->packs(), &lower_slice_);
    }
    pack_is_open_ = false;
    packs_->SeekForPrev(LogKey(tenant_, position));
    if (!packs_->status().ok()) return PackFailure(position);
    if (!packs_->Valid()) continue;
    if (absl::Status status = OpenPack(FirstPosition(*packs_), packs_->value()); !status.ok()) return status;
    if (pack_.Holds(position)) return true;
  }
  return false;
}

bool RecordCursor::GetPack(uint64_t position) {
  const std::optional<uint64_t> first_position = database_->pack_places().Find(tenant_, position);
  if (!first_position) return false;
  pack_is_open_ = false;
  pinned_.Reset();
  const rocksdb::Status got =
      database_->db()->Get(rocksdb::ReadOptions(), database_->packs(), LogKey(tenant_, *first_position), &pinned_);
  is_pinned_ = got.ok() && OpenPack(*first_position, pinned_).ok();
  return is_pinned_;
}

absl::Status RecordCursor::PackFailure(uint64_t position) const {
  const rocksdb::Status status = packs_->status();
  if (!status.IsCorruption()) return FromRocksdb(status, kName);
  return Damaged(tenant_, position, absl::StrCat("the pack of commits in log/ that should hold it cannot be read (", status.ToString(), ")"));
}

absl::Status RecordCursor::OpenPack(uint64_t first_position, const rocksdb::Slice& bytes) {
  pack_is_open_ = is_pinned_ = false;
  // Of points RocksDB has checked the block, and each commit is checked against the hash chain (rocksdb_cursor.h).
  const PackCheck check = use_ == CursorUse::kPoints ? PackCheck::kParts : PackCheck::kWhole;
  absl::Status status = pack_.Open(tenant_, first_position, ToView(bytes), check);
  pack_is_open_ = status.ok();
  if (pack_is_open_) database_->pack_places().Learn(tenant_, first_position, pack_.last_position());
  return status;
}

void RecordCursor::StandInPack(size_t commit) {
  source_ = Source::kNone;
  if (pack_.FirstPositionOf(commit) > end_) return;  // came after the cursor's end, and was packed with what came before it
  source_ = Source::kPack;
  commit_ = commit;
  first_position_ = pack_.FirstPositionOf(commit);
  parts_ = pack_.PartsOf(commit);
}

absl::Status RecordCursor::EnterPack() {
  absl::Status status = OpenPack(FirstPosition(*packs_), packs_->value());
  source_ = Source::kDamagedPack;
  if (status.ok()) StandInPack(0);
  return status;
}

absl::Status RecordCursor::StandOnSingle() {
  source_ = Source::kDamagedSingle;
  singles_is_on_it_ = true;
  first_position_ = FirstPosition(*singles_);
  auto parts = SplitStoredCommit(tenant_, first_position_, ToView(singles_->value()));
  if (!parts.ok()) return parts.status();
  parts_ = *parts;
  source_ = Source::kSingle;
  return absl::OkStatus();
}

absl::Status RecordCursor::Next() {
  if (source_ == Source::kPack && commit_ + 1 < pack_.commits()) {
    StandInPack(commit_ + 1);
    return absl::OkStatus();
  }
  switch (std::exchange(source_, Source::kNone)) {
    case Source::kNone:
      return absl::OkStatus();
    case Source::kPack:
      return NextPack(pack_.last_position() + 1);
    case Source::kDamagedPack:  // how far it goes is not known
      return NextPack(database_->packed(tenant_).last_position + 1);
    case Source::kSingle:
    case Source::kDamagedSingle:
      break;
  }
  singles_is_on_it_ ? singles_->Next() : singles_->Seek(LogKey(tenant_, first_position_ + 1));
  if (!singles_->status().ok()) return FromRocksdb(singles_->status(), kName);
  return singles_->Valid() ? StandOnSingle() : absl::OkStatus();
}

absl::Status RecordCursor::NextPack(uint64_t after_the_last) {
  pack_is_open_ = false;
  if (!is_pinned_) {
    if (packs_->Valid()) packs_->Next();
    if (!packs_->status().ok()) return PackFailure(after_the_last);
    if (packs_->Valid()) return EnterPack();
  }
  return after_the_last > end_ ? absl::OkStatus() : Seek(after_the_last);
}

absl::StatusOr<ChainHash> RecordCursor::HashBefore() {
  if (source_ == Source::kPack) return pack_.HashBefore(commit_);
  if (first_position_ == 1) return ChainHash{};
  if (singles_is_on_it_) {
    // The iterator stays on the commit before: turning it round is dear.
    stored_.assign(singles_->value().data(), singles_->value().size());
    parts_.record_bytes = absl::string_view(stored_).substr(parts_.hash.size());
    singles_->Prev();
    singles_is_on_it_ = false;
  }
  if (!singles_->status().ok()) return FromRocksdb(singles_->status(), kName);
  if (singles_->Valid()) {
    auto before = SplitStoredCommit(tenant_, first_position_, ToView(singles_->value()));
    if (!before.ok()) return before.status();
    return before->hash;
  }
  absl::StatusOr<bool> packed = LoadPack(first_position_ - 1);
  if (!packed.ok()) return packed.status();
  if (!*packed) return Damaged(tenant_, first_position_, "the commit before it is missing");
  return pack_.PartsOf(pack_.Find(first_position_ - 1)).hash;
}

}  // namespace recount::eventstore
