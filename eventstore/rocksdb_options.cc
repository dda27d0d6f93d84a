#include "eventstore/rocksdb_options.h"

#include "rocksdb/file_checksum.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb/table_properties.h"

namespace recount::eventstore {
namespace {

// Marks tables with many deletions to be merged with what they delete, which frees the space. (RocksDB's own collector of this
// kind does not count SingleDelete.)
class DeletionCollector : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& value, rocksdb::EntryType type,
                             rocksdb::SequenceNumber sequence, uint64_t file_size) override {
    ++entries_;
    deletions_ += type == rocksdb::kEntrySingleDelete;
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override { return rocksdb::Status::OK(); }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  bool NeedCompact() const override { return deletions_ >= kFewDeletions && deletions_ * 4 >= entries_; }
  const char* Name() const override { return "recount.deletions"; }

 private:
  static constexpr uint64_t kFewDeletions = 1000;
  uint64_t entries_ = 0;
  uint64_t deletions_ = 0;
};

class DeletionCollectorFactory : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context context) override {
    return new DeletionCollector();
  }
  const char* Name() const override { return "recount.deletions"; }
};

class NoRecoveryListener : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override {
    error.PermitUncheckedError();
    *auto_recovery = false;
  }
};

rocksdb::Options CarefulOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.force_consistency_checks = true;
  options.fail_if_options_file_error = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // Each of these has bugs in 7.8.3 that later versions fixed.
  options.recycle_log_file_num = 0;
  options.enable_pipelined_write = false;
  options.unordered_write = false;
  options.two_write_queues = false;
  options.manual_wal_flush = false;
  options.wal_compression = rocksdb::kNoCompression;
  options.track_and_verify_wals_in_manifest = false;
  // No going on after an error in the background: a restart looks at what is on the disk.
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(NoRecovery());
  options.max_background_jobs = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::BlockBasedTableOptions TableOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.block_cache = cache;
  return table;
}

}  // namespace

std::shared_ptr<rocksdb::EventListener> NoRecovery() { return std::make_shared<NoRecoveryListener>(); }

rocksdb::Options LogDatabaseOptions(const std::shared_ptr<rocksdb::Cache>& cache, size_t write_buffer_bytes) {
  rocksdb::Options options = CarefulOptions();
  options.write_buffer_size = write_buffer_bytes;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  table.block_size = 32 << 10;  // commits are read in runs
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.table_properties_collector_factories.push_back(std::make_shared<DeletionCollectorFactory>());
  // A column family that is seldom written to keeps no WAL for ever, which every start would read.
  options.max_total_wal_size = 192 << 20;
  return options;
}

rocksdb::ColumnFamilyOptions PackFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache, size_t write_buffer_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = write_buffer_bytes;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  table.block_size = 16 << 10;  // a pack of common size has a block of its own
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::Options IndexDatabaseOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::Options options = CarefulOptions();
  options.file_checksum_gen_factory = nullptr;  // derived data: block checksums are enough
  // Tables come in whole, in the order of time and over all keys: merging those of a like size writes least.
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(12));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::Options VaultDatabaseOptions(size_t write_buffer_bytes) {
  rocksdb::Options options = CarefulOptions();
  options.write_buffer_size = write_buffer_bytes;
  options.compression = rocksdb::kNoCompression;  // wrapped keys and hashes: nothing in them repeats
  rocksdb::BlockBasedTableOptions table = TableOptions(nullptr);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(12));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace recount::eventstore
