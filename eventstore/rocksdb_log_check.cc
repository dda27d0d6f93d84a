#include "eventstore/rocksdb_log_check.h"

#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/log_pack.h"
#include "eventstore/rocksdb_checked_open.h"
#include "eventstore/rocksdb_cursor.h"
#include "eventstore/rocksdb_layout.h"
#include "rocksdb/utilities/debug.h"

namespace recount::eventstore {
namespace {

constexpr char kName[] = "log/";
constexpr size_t kEntriesAtATime = 8192;  // even: pairs stay together
// Of rocksdb::KeyVersion::type, as they are stored.
constexpr int kValue = 1;
constexpr int kSingleDeletion = 7;

std::unique_ptr<rocksdb::Iterator> NewIterator(const LogDatabase& database, rocksdb::ColumnFamilyHandle* family,
                                               const rocksdb::Slice* lower, const rocksdb::Slice* upper) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.iterate_lower_bound = lower;
  options.iterate_upper_bound = upper;
  return std::unique_ptr<rocksdb::Iterator>(database.db()->NewIterator(options, family));
}

// Calls `visit` with the last entry of every tenant between two keys.
absl::Status ForLastOfTenants(const LogDatabase& database, rocksdb::ColumnFamilyHandle* family, const std::string& lower,
                              const std::string& upper,
                              const std::function<absl::Status(const LogPlace&, absl::string_view)>& visit) {
  const rocksdb::Slice lower_slice(lower);
  const rocksdb::Slice upper_slice(upper);
  const auto it = NewIterator(database, family, &lower_slice, upper.empty() ? nullptr : &upper_slice);
  it->SeekToFirst();
  while (it->Valid()) {
    auto place = ParseLogKey(ToView(it->key()));
    if (!place.has_value()) return absl::DataLossError("DATA_DAMAGED: log/ holds a key that is none of a log");
    it->SeekForPrev(LogKey(place->tenant, UINT64_MAX));
    if (!it->Valid()) break;
    place = ParseLogKey(ToView(it->key()));
    if (absl::Status status = visit(*place, ToView(it->value())); !status.ok()) return status;
    if (place->tenant == kNoTenant) break;
    it->Seek(LogKey(place->tenant + 1, 0));
  }
  return FromRocksdb(it->status(), kName);
}

// What lies in the tables and memtables of a column family, deletions and deleted entries included.
absl::StatusOr<uint64_t> CountEntries(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::TablePropertiesCollection tables;
  if (absl::Status status = FromRocksdb(db->GetPropertiesOfAllTables(family, &tables), kName); !status.ok()) return status;
  uint64_t count = 0;
  for (const auto& [name, properties] : tables) count += properties->num_entries;
  for (const auto& property :
       {rocksdb::DB::Properties::kNumEntriesActiveMemTable, rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    uint64_t entries = 0;
    if (!db->GetIntProperty(family, property, &entries)) return absl::InternalError("RocksDB does not count its entries");
    count += entries;
  }
  return count;
}

// Entries in the packed range of a tenant: commits and their deletions, that have not been merged yet. (RocksDB's own count of
// deletions leaves SingleDelete out in memtables.)
absl::StatusOr<uint64_t> CountPackedRange(const LogDatabase& database, TenantNumber tenant, uint64_t end,
                                          const std::string& log) {
  const std::string last = LogKey(tenant, end);
  std::string next = LogKey(tenant, 0);
  std::vector<rocksdb::KeyVersion> entries;
  uint64_t count = 0;
  do {
    entries.clear();
    rocksdb::Status status = rocksdb::GetAllKeyVersions(database.db(), database.db()->DefaultColumnFamily(), next, last,
                                                        kEntriesAtATime, &entries);
    if (!status.ok()) return FromRocksdb(status, log);
    for (size_t i = 0; i < entries.size(); i += 2, count += 2) {
      const bool is_pair = entries[i].type == kSingleDeletion && i + 1 < entries.size() &&
                           entries[i + 1].user_key == entries[i].user_key && entries[i + 1].type == kValue;
      if (!is_pair) {
        return RefuseToOpen(log, absl::StrCat("the commit of tenant ", tenant, " at position ",
                                              ParseLogKey(entries[i].user_key).value_or(LogPlace{}).first_position,
                                              " is not there in its pack alone: a file is missing or damaged"));
      }
    }
    if (!entries.empty()) next = entries.back().user_key + '\0';
  } while (entries.size() == kEntriesAtATime);
  return count;
}

absl::Status CheckCountsOnce(const LogDatabase& database, const std::string& log) {
  uint64_t packs = 0;
  if (database.packs() != nullptr) {
    absl::StatusOr<uint64_t> counted = CountEntries(database.db(), database.packs());
    if (!counted.ok()) return counted.status();
    packs = *counted;
  }
  absl::StatusOr<uint64_t> singles = CountEntries(database.db(), database.db()->DefaultColumnFamily());
  if (!singles.ok()) return singles.status();
  Packed expected;
  for (const auto& [tenant, packed] : database.AllPacked()) {
    expected.packs += packed.packs;
    expected.commits += packed.commits;
    absl::StatusOr<uint64_t> deleted = CountPackedRange(database, tenant, packed.last_position, log);
    if (!deleted.ok()) return deleted.status();
    *singles -= *deleted;
  }
  if (packs != expected.packs) {
    return RefuseToOpen(log, absl::StrCat("it holds ", packs, " packs of old commits out of ", expected.packs,
                                          ": a file is missing or damaged"));
  }
  const uint64_t put = database.db()->GetLatestSequenceNumber() - expected.packs - expected.commits;
  if (*singles + expected.commits != put) {
    return RefuseToOpen(log, absl::StrCat("it holds ", *singles + expected.commits, " commits out of ", put,
                                          ": a file is missing or damaged"));
  }
  return absl::OkStatus();
}

std::vector<std::string> TableNames(rocksdb::DB* db) {
  std::vector<rocksdb::LiveFileMetaData> tables;
  db->GetLiveFilesMetaData(&tables);
  std::vector<std::string> names;
  for (const rocksdb::LiveFileMetaData& table : tables) names.push_back(table.name);
  return names;
}

// A compaction that ends while it is counted makes pairs vanish between one count and the next: then it is counted again.
absl::Status CheckCounts(const LogDatabase& database, const std::string& log) {
  while (true) {
    const std::vector<std::string> tables = TableNames(database.db());
    absl::Status status = CheckCountsOnce(database, log);
    if (status.ok() || TableNames(database.db()) == tables) return status;
  }
}

// The end of one tenant's log, whose last commit begins at `first_position`.
absl::StatusOr<Head> ReadHead(const LogDatabase& database, TenantNumber tenant, uint64_t first_position,
                              const CommitParts& parts) {
  storage::v1::CommitRecord record;
  if (!record.ParseFromArray(parts.record_bytes.data(), static_cast<int>(parts.record_bytes.size())) ||
      record.events().empty()) {
    return Damaged(tenant, first_position, "the newest commit cannot be read");
  }
  CommitCursor cursor(&database, tenant, first_position + record.events_size() - 1, CursorUse::kPoints);
  if (absl::Status status = cursor.SeekTo(first_position); !status.ok()) return status;
  return Head{cursor.commit().last_position, cursor.commit().record.recorded_micros(), cursor.commit().hash};
}

}  // namespace

absl::Status FindPacked(LogDatabase* database) {
  if (database->packs() == nullptr) return absl::OkStatus();
  PackView pack;
  return ForLastOfTenants(*database, database->packs(), "", "", [&](const LogPlace& place, absl::string_view value) {
    absl::Status status = pack.Open(place.tenant, place.first_position, value);
    if (!status.ok()) return status;
    database->SetPacked(place.tenant, {pack.last_position(), pack.place().packs_before + 1,
                                       pack.place().commits_before + pack.commits()});
    return absl::OkStatus();
  });
}

absl::Status CheckAgainstMark(const LogDatabase& database, const std::string& log, const HighWaterMark& mark) {
  const uint64_t sequence = database.db()->GetLatestSequenceNumber();
  if (sequence < mark.sequence) {
    return RefuseToOpen(log, absl::StrCat("its newest write has number ", sequence, ", but number ", mark.sequence,
                                          " was acknowledged (HWM): the WAL (*.log) or the MANIFEST is cut or damaged"));
  }
  if (absl::Status status = CheckCounts(database, log); !status.ok()) return status;
  if (mark.sequence == 0) return absl::OkStatus();
  RecordCursor records(&database, mark.tenant, mark.last_position, CursorUse::kPoints);
  if (absl::Status status = records.Seek(mark.first_position); !status.ok()) return status;
  if (!records.is_valid() || records.first_position() != mark.first_position || records.parts().hash != mark.hash) {
    return RefuseToOpen(log, absl::StrCat("the commit of tenant ", mark.tenant, " at position ", mark.first_position,
                                          " is not the one that was acknowledged (HWM)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::pair<TenantNumber, Head>>> ReadHeads(const LogDatabase& database) {
  std::map<TenantNumber, Head> heads;
  const auto add_single = [&](const LogPlace& place, absl::string_view stored) {
    auto parts = SplitStoredCommit(place.tenant, place.first_position, stored);
    if (!parts.ok()) return parts.status();
    auto head = ReadHead(database, place.tenant, place.first_position, *parts);
    if (head.ok()) heads[place.tenant] = *head;
    return head.status();
  };
  // From what is packed of one tenant to what is packed of the next: the deleted commits between are many.
  const auto all_packed = database.AllPacked();
  std::string lower = LogKey(0, 0);
  for (const auto& [tenant, packed] : all_packed) {
    absl::Status status = ForLastOfTenants(database, database.db()->DefaultColumnFamily(), lower, LogKey(tenant, 0), add_single);
    if (!status.ok()) return status;
    lower = LogKey(tenant, packed.last_position + 1);
  }
  absl::Status status = ForLastOfTenants(database, database.db()->DefaultColumnFamily(), lower, "", add_single);
  if (!status.ok()) return status;
  for (const auto& [tenant, packed] : all_packed) {
    if (heads.count(tenant) > 0) continue;
    RecordCursor records(&database, tenant, packed.last_position, CursorUse::kPoints);
    if (absl::Status sought = records.Seek(packed.last_position); !sought.ok()) return sought;
    if (!records.is_valid()) return Damaged(tenant, packed.last_position, "no commit holds this position");
    auto head = ReadHead(database, tenant, records.first_position(), records.parts());
    if (!head.ok()) return head.status();
    heads[tenant] = *head;
  }
  return std::vector<std::pair<TenantNumber, Head>>(heads.begin(), heads.end());
}

}  // namespace recount::eventstore
