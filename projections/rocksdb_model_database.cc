#include "projections/rocksdb_model_database.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/rocksdb_options.h"
#include "eventstore/rocksdb_text_log.h"
#include "projections/read_models.h"
#include "rocksdb/cache.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"
#include "rocksdb/write_buffer_manager.h"

namespace recount::projections {
namespace {

absl::Status ToStatus(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string sentence = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(absl::StrCat("DISK_FULL: ", sentence));
  return status.IsCorruption() ? absl::DataLossError(sentence) : absl::UnavailableError(sentence);
}

// Of all model databases of the process: there is one for each tenant.
class SharedMemory {
 public:
  void Limit(size_t write_buffer_bytes) {
    std::lock_guard lock(mutex_);
    write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes);
  }
  void Use(rocksdb::Options* options, rocksdb::BlockBasedTableOptions* table) {
    std::lock_guard lock(mutex_);
    options->write_buffer_manager = write_buffers_;
    table->block_cache = blocks_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(128 << 20);
  const std::shared_ptr<rocksdb::Cache> blocks_ = rocksdb::NewLRUCache(8 << 20);  // tables are read once, at a start
};

SharedMemory& Shared() {
  static SharedMemory& shared = *new SharedMemory;
  return shared;
}

rocksdb::Options ModelOptions(const std::string& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kLZ4Compression;
  options.max_background_jobs = 2;
  options.info_log = eventstore::OpenTextLog(directory);
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(eventstore::NoRecovery());
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  Shared().Use(&options, &table);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

void LimitModelWriteBuffers(size_t bytes) { Shared().Limit(bytes); }

absl::StatusOr<std::unique_ptr<ModelDatabase>> ModelDatabase::Open(const std::string& directory) {
  std::error_code made;
  std::filesystem::create_directories(directory, made);
  if (made) return absl::UnavailableError(absl::StrCat("cannot make ", directory, ": ", made.message()));
  std::unique_ptr<ModelDatabase> database(new ModelDatabase(directory));
  if (absl::Status opened = database->Usable().status(); !opened.ok()) return opened;
  return database;
}

absl::StatusOr<ModelDatabase::Handle> ModelDatabase::Usable() {
  std::lock_guard lock(mutex_);
  if (!has_failed_) return db_;
  if (db_.use_count() > 1) return absl::UnavailableError(absl::StrCat(directory_, ": another write of it has just failed"));
  db_.reset();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(ModelOptions(directory_), directory_, &db);
  if (!opened.ok()) return ToStatus(opened, absl::StrCat("opening the read models in ", directory_));
  db_.reset(db);
  has_failed_ = false;
  return db_;
}

absl::Status ModelDatabase::Note(const rocksdb::Status& status, absl::string_view doing) {
  if (!status.ok()) {
    std::lock_guard lock(mutex_);
    has_failed_ = true;
  }
  return ToStatus(status, doing);
}

absl::Status ModelDatabase::Write(rocksdb::WriteBatch* batch, absl::string_view doing) {
  absl::StatusOr<Handle> db = Usable();
  if (!db.ok()) return db.status();
  return Note((*db)->Write(rocksdb::WriteOptions(), batch), doing);
}

absl::Status ModelDatabase::Flush(absl::string_view doing) {
  absl::StatusOr<Handle> db = Usable();
  if (!db.ok()) return db.status();
  return Note((*db)->Flush(rocksdb::FlushOptions()), doing);
}

rocksdb::Status ModelDatabase::Get(const std::string& key, std::string* value) {
  absl::StatusOr<Handle> db = Usable();
  if (!db.ok()) return rocksdb::Status::IOError(std::string(db.status().message()));
  return (*db)->Get(rocksdb::ReadOptions(), key, value);
}

}  // namespace recount::projections
