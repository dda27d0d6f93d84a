#include "eventstore/rocksdb_index_writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "eventstore/rocksdb_layout.h"
#include "rocksdb/sst_file_writer.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "index/";

// Entries of a map in byte order of their names.
template <typename Map>
std::vector<const typename Map::value_type*> Sorted(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  return entries;
}

// Keeps the first failure, so that the order of entries reads without checks between.
class TableWriter {
 public:
  TableWriter(const rocksdb::Options& options, const std::string& file)
      : writer_(rocksdb::EnvOptions(), options), status_(writer_.Open(file)) {}

  void Put(const std::string& key, const std::string& value) {
    if (status_.ok()) status_ = writer_.Put(key, value);
  }
  void Delete(const std::string& key) {
    if (status_.ok()) status_ = writer_.Delete(key);
  }
  rocksdb::Status Finish() { return status_.ok() ? writer_.Finish() : status_; }

 private:
  rocksdb::SstFileWriter writer_;
  rocksdb::Status status_;
};

// In the order of the keys: E, H, K, R, W. (A NUL ends a stream's name in an event key, and no name holds one: so the order
// of names is the order of event keys.)
void WriteTenant(TenantNumber tenant, const IndexTail::Tenant& entries, TableWriter& table) {
  const auto streams = Sorted(entries.streams);
  for (const auto* entry : streams) {
    uint64_t revision = entry->second.base;
    for (uint64_t position : entry->second.positions) {
      table.Put(EventKey(tenant, entry->first, ++revision), EncodeNumber(position));
    }
  }
  for (const auto* entry : streams) {
    table.Put(IndexKey(tenant, IndexKind::kHead, entry->first), EncodeNumber(entry->second.revision()));
  }
  for (const auto* entry : Sorted(entries.keys)) {
    const std::string key = IndexKey(tenant, IndexKind::kKey, entry->first);
    entry->second.has_value() ? table.Put(key, *entry->second) : table.Delete(key);
  }
  for (const auto* entry : Sorted(entries.requests)) {
    table.Put(IndexKey(tenant, IndexKind::kRequest, entry->first), EncodeRequest(entry->second));
  }
  table.Put(IndexKey(tenant, IndexKind::kWatermark, ""), EncodeWatermark(entries.head));
}

}  // namespace

absl::Status WriteTail(const IndexTail& tail, rocksdb::DB* db, const std::string& temporary_file) {
  TableWriter table(db->GetOptions(), temporary_file);
  for (const auto* entry : Sorted(tail.tenants())) WriteTenant(entry->first, entry->second, table);
  table.Put(IndexKey(kNoTenant, IndexKind::kFormat, ""), kIndexFormat);
  if (rocksdb::Status status = table.Finish(); !status.ok()) return FromRocksdb(status, kName);
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  ingest.snapshot_consistency = false;
  ingest.write_global_seqno = false;
  return FromRocksdb(db->IngestExternalFile({temporary_file}, ingest), kName);
}

}  // namespace recount::eventstore
