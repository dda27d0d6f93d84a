#include "eventstore/rocksdb_restore.h"

#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/rocksdb_key_vault.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_log_database.h"
#include "eventstore/rocksdb_log_start.h"
#include "eventstore/rocksdb_vault_end.h"
#include "rocksdb/cache.h"

namespace recount::eventstore {
namespace {

constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kCacheBytes = 8 << 20;

// Puts what it is given in batches, each durable.
class BatchWriter {
 public:
  BatchWriter(rocksdb::DB* db, absl::string_view name) : db_(db), name_(name) {}

  rocksdb::WriteBatch* batch() { return &batch_; }
  absl::Status WriteIfFull() { return batch_.GetDataSize() < kBatchBytes ? absl::OkStatus() : Write(); }
  absl::Status Write() {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    absl::Status status = FromRocksdb(db_->Write(synced, &batch_), name_);
    batch_.Clear();
    return status;
  }

 private:
  rocksdb::DB* const db_;
  const std::string name_;
  rocksdb::WriteBatch batch_;
};

absl::Status RefuseIfThere(const std::string& database) {
  if (!FileExists(database + "/CURRENT")) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(database, " is there already; restore into an empty folder"));
}

}  // namespace

absl::Status RestoreRocksdbLog(const std::string& directory, const std::function<absl::Status(const CommitTaker&)>& give) {
  if (absl::Status status = RefuseIfThere(directory + "/log"); !status.ok()) return status;
  auto opened = OpenLogFolder(directory, rocksdb::NewLRUCache(kCacheBytes));
  if (!opened.ok()) return opened.status();
  BatchWriter writer(opened->files.db.get(), "log/");
  HighWaterMark mark;
  absl::Status status = give([&](TenantNumber tenant, const StoredCommit& commit) {
    mark.tenant = tenant;
    mark.first_position = commit.first_position;
    mark.last_position = commit.last_position;
    mark.hash = commit.hash;
    absl::Status put = PutCommit(tenant, commit, writer.batch());
    return put.ok() ? writer.WriteIfFull() : put;
  });
  if (status.ok()) status = writer.Write();
  if (!status.ok()) return status;
  mark.sequence = opened->files.db->GetLatestSequenceNumber();
  return opened->mark->Write(mark);
}

absl::Status RestoreRocksdbKeyVault(const std::string& directory,
                                    const std::function<absl::Status(const StoredKeyVisitor&)>& give) {
  if (absl::Status status = RefuseIfThere(directory + "/db"); !status.ok()) return status;
  if (absl::Status status = MakeDirectory(directory); !status.ok()) return status;
  const std::string mark_path = directory + "/HWM";
  if (absl::Status status = HighWaterMarkFile::Create(mark_path, kVaultMarkId); !status.ok()) return status;
  auto mark = HighWaterMarkFile::Open(mark_path, kVaultMarkId);
  if (!mark.ok()) return mark.status();
  auto db = OpenVaultDatabase(directory, HighWaterMark{});
  if (!db.ok()) return db.status();
  BatchWriter writer(db->get(), "the key vault");
  absl::Status status = give([&](absl::string_view name, absl::string_view value) {
    absl::Status put = FromRocksdb(writer.batch()->Put(ToSlice(name), ToSlice(value)), "the key vault");
    return put.ok() ? writer.WriteIfFull() : put;
  });
  if (status.ok()) status = PutVaultEnd(db->get(), writer.batch());
  if (status.ok()) status = writer.Write();
  if (!status.ok()) return status;
  HighWaterMark reached;
  reached.sequence = (*db)->GetLatestSequenceNumber();
  return (*mark)->Write(reached);
}

}  // namespace recount::eventstore
