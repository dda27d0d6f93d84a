#include "eventstore/rocksdb_options.h"

#include "rocksdb/file_checksum.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"

namespace recount::eventstore {
namespace {

// Entries that follow each other in a table; with half of them deletions it is worth merging.
constexpr size_t kDeletionWindow = 16 << 10;

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
  options.max_background_jobs = 2;
  // RocksDB's own text log, bounded.
  options.max_log_file_size = 4 << 20;
  options.keep_log_file_num = 4;
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

rocksdb::Options LogDatabaseOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::Options options = CarefulOptions();
  options.write_buffer_size = 64 << 20;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table = TableOptions(cache);
  table.block_size = 32 << 10;  // commits are read in runs
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Packing leaves tables that are mostly deletions: they are merged with what they delete, which frees the space.
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionWindow / 2));
  // A column family that is seldom written to keeps no WAL for ever, which every start would read.
  options.max_total_wal_size = 192 << 20;
  return options;
}

rocksdb::ColumnFamilyOptions PackFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 32 << 20;
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

rocksdb::Options VaultDatabaseOptions() {
  rocksdb::Options options = CarefulOptions();
  options.write_buffer_size = 8 << 20;
  rocksdb::BlockBasedTableOptions table = TableOptions(nullptr);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(12));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace recount::eventstore
