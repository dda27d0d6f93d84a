// A pack: commits of a tenant that follow each other, as one value. Records and hashes are the bytes that were appended.
//
//   pack      := checksum (8) version (1) tenant (4) first_position (8) packs_before (8) commits_before (8) commits (4)
//                previous hash (32) directory hashes records          numbers big endian
//   directory := for each commit: events (4) size of the record (4)
//   hashes    := for each commit: chain hash (32)
//   records   := the CommitRecords, serialized, one after the other
//   checksum  := XXH3 (64 bits) of everything behind it
//
// `packs_before` and `commits_before` count the tenant's packs before this one and what lies in them, so that the newest pack
// of a tenant tells how many there must be.
#ifndef RECOUNT_EVENTSTORE_LOG_PACK_H_
#define RECOUNT_EVENTSTORE_LOG_PACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

struct PackPlace {
  TenantNumber tenant = 0;
  uint64_t first_position = 0;
  uint64_t packs_before = 0;
  uint64_t commits_before = 0;
  ChainHash previous_hash{};  // of the commit before the pack
};

class PackBuilder {
 public:
  explicit PackBuilder(const PackPlace& place) : place_(place), last_position_(place.first_position - 1) {}

  // The commit after the last one.
  void Add(const StoredCommit& commit);
  uint64_t events() const { return last_position_ + 1 - place_.first_position; }
  uint64_t last_position() const { return last_position_; }
  size_t bytes() const { return records_.size(); }
  std::string Finish() const;

 private:
  const PackPlace place_;
  uint64_t last_position_;
  uint32_t commits_ = 0;
  std::string directory_, hashes_, records_;
};

// kWhole: opening checks all of it once; stepping from commit to commit is free then. kParts: whoever takes a commit checks it
// against the hash chain, so that one of them does not cost the reading of all.
enum class PackCheck { kWhole, kParts };

// Reads a pack where it lies.
class PackView {
 public:
  // `bytes` must stay as they are while the view is used. DATA_LOSS if they are not the pack that was put at this place.
  absl::Status Open(TenantNumber tenant, uint64_t first_position, absl::string_view bytes, PackCheck check = PackCheck::kWhole);

  const PackPlace& place() const { return place_; }
  uint64_t first_position() const { return place_.first_position; }
  uint64_t last_position() const { return last_position_; }
  bool Holds(uint64_t position) const { return position >= place_.first_position && position <= last_position_; }

  size_t commits() const { return entries_.size(); }
  // Number of the commit that holds `position`, which the pack must hold.
  size_t Find(uint64_t position) const;
  uint64_t FirstPositionOf(size_t commit) const { return entries_[commit].first_position; }
  CommitParts PartsOf(size_t commit) const;
  ChainHash HashBefore(size_t commit) const;

 private:
  struct Entry {
    uint64_t first_position;
    size_t begin;  // of the record in bytes_
    size_t size;
  };

  absl::Status ReadDirectory(size_t commits);
  ChainHash HashOf(size_t commit) const;

  absl::string_view bytes_;
  PackPlace place_;
  uint64_t last_position_ = 0;
  size_t hashes_begin_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_LOG_PACK_H_
