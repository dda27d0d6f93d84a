#include "eventstore/rocksdb_vault_end.h"

#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventstore/big_endian.h"
#include "eventstore/rocksdb_checked_open.h"
#include "eventstore/rocksdb_layout.h"
#include "rocksdb/utilities/debug.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "the key vault";

std::string EndKey() {
  std::string key;
  AppendU32(0, &key);
  key.push_back('E');
  return key;
}

uint64_t PreviousEnd(const std::string& value) { return value.size() == 16 ? ReadU64(value.data()) : 0; }
uint64_t End(const std::string& value) { return value.size() == 16 ? ReadU64(value.data() + 8) : 0; }

}  // namespace

absl::Status PutVaultEnd(rocksdb::DB* db, rocksdb::WriteBatch* batch) {
  std::string last;
  rocksdb::Status found = db->Get(rocksdb::ReadOptions(), EndKey(), &last);
  if (!found.ok() && !found.IsNotFound()) return FromRocksdb(found, kName);
  std::string value;
  AppendU64(End(last), &value);
  AppendU64(db->GetLatestSequenceNumber() + static_cast<uint64_t>(batch->Count()) + 1, &value);
  return FromRocksdb(batch->Put(EndKey(), value), kName);
}

absl::Status CheckVaultEnds(rocksdb::DB* db, const std::string& path) {
  uint64_t in_memory = 0;
  for (const auto& property :
       {rocksdb::DB::Properties::kNumEntriesActiveMemTable, rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    uint64_t entries = 0;
    if (!db->GetIntProperty(property, &entries)) return absl::InternalError("RocksDB does not count its entries");
    in_memory += entries;
  }
  const uint64_t in_tables = db->GetLatestSequenceNumber() - in_memory;
  std::vector<rocksdb::KeyVersion> versions;  // the newest first
  rocksdb::Status status = rocksdb::GetAllKeyVersions(db, EndKey(), EndKey(), std::numeric_limits<size_t>::max(), &versions);
  if (!status.ok()) return FromRocksdb(status, path);
  const rocksdb::KeyVersion* first_in_memory = nullptr;
  uint64_t table_end = 0;
  for (const rocksdb::KeyVersion& version : versions) {
    if (version.sequence <= in_tables) {
      table_end = End(version.value);
      break;
    }
    first_in_memory = &version;
  }
  if (first_in_memory == nullptr || PreviousEnd(first_in_memory->value) == table_end) return absl::OkStatus();
  return RefuseToOpen(path, absl::StrCat("its WAL (*.log) goes on from write ", PreviousEnd(first_in_memory->value),
                                         ", but its tables end at write ", table_end,
                                         ": the MANIFEST is cut or damaged, or a table is missing"));
}

bool IsVaultEnd(absl::string_view name) { return name == EndKey(); }

}  // namespace recount::eventstore
