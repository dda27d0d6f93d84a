// The log's database without the log, for tests that damage it.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_LOG_TESTING_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_LOG_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include "eventstore/event_log_testing.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_log_database.h"
#include "eventstore/rocksdb_options.h"
#include "rocksdb/db.h"

namespace recount::eventstore {

class RawLog {
 public:
  explicit RawLog(const LogFolder& folder) {
    rocksdb::Options options = LogDatabaseOptions(nullptr);
    options.create_missing_column_families = true;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    rocksdb::Status status = rocksdb::DB::Open(
        options, folder.data + "/log",
        {{rocksdb::kDefaultColumnFamilyName, options}, {kPacksFamily, PackFamilyOptions(nullptr)}}, &handles, &db);
    EXPECT_TRUE(status.ok()) << status.ToString();
    if (!status.ok()) return;
    db_.reset(db);
    for (rocksdb::ColumnFamilyHandle* handle : handles) handles_.emplace_back(handle);
  }

  rocksdb::DB* operator->() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* singles() const { return handles_[0].get(); }
  rocksdb::ColumnFamilyHandle* packs() const { return handles_[1].get(); }

  // First positions of what a column family holds of a tenant.
  std::vector<uint64_t> Keys(rocksdb::ColumnFamilyHandle* family, TenantNumber tenant) const {
    std::vector<uint64_t> positions;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, family));
    for (it->Seek(LogKey(tenant, 0)); it->Valid() && ReadU32(it->key().data()) == tenant; it->Next()) {
      positions.push_back(ParseLogKey(ToView(it->key()))->first_position);
    }
    return positions;
  }

  // Writes what is in memory into tables and merges them.
  void Compact() const {
    for (const auto& family : handles_) {
      EXPECT_TRUE(db_->Flush({}, family.get()).ok());
      EXPECT_TRUE(db_->CompactRange({}, family.get(), nullptr, nullptr).ok());
    }
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> handles_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_LOG_TESTING_H_
