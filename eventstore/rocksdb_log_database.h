// The open database of the log: commits one a value, and the packs of old ones in a column family of their own, so that no
// reader steps over deleted commits.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LOG_DATABASE_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LOG_DATABASE_H_

#include <map>
#include <mutex>

#include "eventstore/event_log.h"
#include "eventstore/pack_places.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

constexpr char kPacksFamily[] = "packs";

// What is packed of one tenant.
struct Packed {
  uint64_t last_position = 0;  // every commit up to here is packed, none after it
  uint64_t packs = 0;
  uint64_t commits = 0;
};

// Thread safe. Owns nothing.
class LogDatabase {
 public:
  // `packs` is null where there are none yet: a log of format 1 that is only looked at.
  LogDatabase(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* packs) : db_(db), packs_(packs) {}

  rocksdb::DB* db() const { return db_; }
  rocksdb::ColumnFamilyHandle* packs() const { return packs_; }

  // May lag behind the database for a moment: it says where to look first, not what is there.
  Packed packed(TenantNumber tenant) const {
    std::lock_guard lock(mutex_);
    const auto it = packed_.find(tenant);
    return it == packed_.end() ? Packed{} : it->second;
  }
  void SetPacked(TenantNumber tenant, const Packed& packed) {
    std::lock_guard lock(mutex_);
    packed_[tenant] = packed;
  }
  // Of all tenants that have packs, in order.
  std::map<TenantNumber, Packed> AllPacked() const {
    std::lock_guard lock(mutex_);
    return packed_;
  }
  // Of packs that somebody has read.
  PackPlaces& pack_places() const { return pack_places_; }

 private:
  rocksdb::DB* const db_;
  rocksdb::ColumnFamilyHandle* const packs_;
  mutable std::mutex mutex_;
  std::map<TenantNumber, Packed> packed_;  // guarded by mutex_
  mutable PackPlaces pack_places_;
};

// One put for a commit, in the form of commit_codec.h.
absl::Status PutCommit(TenantNumber tenant, const StoredCommit& commit, rocksdb::WriteBatch* batch);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LOG_DATABASE_H_
