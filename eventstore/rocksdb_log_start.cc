#include "eventstore/rocksdb_log_start.h"

#include <sodium.h>

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "eventstore/commit_codec.h"
#include "eventstore/rocksdb_checked_open.h"
#include "eventstore/rocksdb_cursor.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_options.h"

namespace recount::eventstore {
namespace {

constexpr int kFormatVersion = 1;
constexpr char kFormatTitle[] = "recount event log";
constexpr size_t kIdSize = 16;

// The log's id from FORMAT.
absl::StatusOr<std::string> ReadFormat(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  const std::vector<absl::string_view> lines = absl::StrSplit(*text, '\n');
  absl::string_view version_text = lines.size() > 1 ? lines[1] : "";
  int version = 0;
  if (lines[0] != kFormatTitle || !absl::ConsumePrefix(&version_text, "format ") ||
      !absl::SimpleAtoi(version_text, &version) || version < 1) {
    return RefuseToOpen(path, "it does not say the format of a log");
  }
  if (version > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": this log has format ", version, ", and this program knows formats up to ", kFormatVersion,
                     ". Use a newer version of the program."));
  }
  absl::string_view id_text = lines.size() > 2 ? lines[2] : "";
  if (lines.size() != 4 || !lines[3].empty() || !absl::ConsumePrefix(&id_text, "id ") ||
      id_text.size() != 2 * kIdSize || id_text.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return RefuseToOpen(path, "it does not name the log");
  }
  return absl::HexStringToBytes(id_text);
}

// FORMAT comes last: with it the folder is complete.
absl::Status MakeFolder(const std::string& directory) {
  std::string id(kIdSize, '\0');
  randombytes_buf(id.data(), id.size());
  if (absl::Status status = HighWaterMarkFile::Create(directory + "/HWM", id); !status.ok()) return status;
  return ReplaceFile(directory + "/FORMAT", absl::StrCat(kFormatTitle, "\nformat ", kFormatVersion, "\nid ",
                                                         absl::BytesToHexString(id), "\n"));
}

// Commits in the database, counted: as many as its sequence number says, unless a file is lost from the middle.
absl::StatusOr<uint64_t> CountCommits(rocksdb::DB* db) {
  rocksdb::TablePropertiesCollection tables;
  if (absl::Status status = FromRocksdb(db->GetPropertiesOfAllTables(&tables), "log/"); !status.ok()) return status;
  uint64_t count = 0;
  for (const auto& [name, properties] : tables) count += properties->num_entries;
  for (const auto& property :
       {rocksdb::DB::Properties::kNumEntriesActiveMemTable, rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    uint64_t entries = 0;
    if (!db->GetIntProperty(property, &entries)) return absl::InternalError("RocksDB does not count its entries");
    count += entries;
  }
  return count;
}

// That the database holds everything up to the mark, and nothing is missing before its end.
absl::Status CheckAgainstMark(rocksdb::DB* db, const std::string& directory, const HighWaterMark& mark) {
  const std::string log = directory + "/log";
  const uint64_t sequence = db->GetLatestSequenceNumber();
  if (sequence < mark.sequence) {
    return RefuseToOpen(log, absl::StrCat("it holds ", sequence, " commits, but ", mark.sequence,
                                    " were acknowledged (HWM): the WAL (*.log) or the MANIFEST is cut or damaged"));
  }
  absl::StatusOr<uint64_t> count = CountCommits(db);
  if (!count.ok()) return count.status();
  if (*count != sequence) {
    return RefuseToOpen(log, absl::StrCat("it holds ", *count, " commits out of ", sequence, ": a file is missing or damaged"));
  }
  if (mark.sequence == 0) return absl::OkStatus();
  std::string stored;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  rocksdb::Status found = db->Get(options, LogKey(mark.tenant, mark.first_position), &stored);
  if (!found.ok() && !found.IsNotFound()) return FromRocksdb(found, log);
  auto parts = SplitStoredCommit(mark.tenant, mark.first_position, stored);
  if (!parts.ok() || parts->hash != mark.hash) {
    return RefuseToOpen(log, absl::StrCat("the commit of tenant ", mark.tenant, " at position ", mark.first_position,
                                    " is not the one that was acknowledged (HWM)"));
  }
  return absl::OkStatus();
}

// The end of one tenant's log, whose last commit begins at `first_position`.
absl::StatusOr<Head> ReadHead(rocksdb::DB* db, TenantNumber tenant, uint64_t first_position, absl::string_view stored) {
  auto parts = SplitStoredCommit(tenant, first_position, stored);
  if (!parts.ok()) return parts.status();
  storage::v1::CommitRecord record;
  if (!record.ParseFromArray(parts->record_bytes.data(), static_cast<int>(parts->record_bytes.size())) ||
      record.events().empty()) {
    return Damaged(tenant, first_position, "the newest commit cannot be read");
  }
  CommitCursor cursor(db, tenant, first_position + record.events_size() - 1, CursorUse::kPoints);
  if (absl::Status status = cursor.SeekTo(first_position); !status.ok()) return status;
  return Head{cursor.commit().last_position, cursor.commit().record.recorded_micros(), cursor.commit().hash};
}

}  // namespace

absl::StatusOr<OpenedLog> OpenLogFolder(const std::string& directory, const std::shared_ptr<rocksdb::Cache>& cache) {
  if (sodium_init() < 0) return absl::InternalError("libsodium does not start");
  OpenedLog opened;
  if (absl::Status status = MakeDirectory(directory); !status.ok()) return status;
  auto lock = DirectoryLock::Take(directory);
  if (!lock.ok()) return lock.status();
  opened.lock = *std::move(lock);
  const std::string format = directory + "/FORMAT";
  if (!FileExists(format)) {
    if (FileExists(directory + "/log/CURRENT")) return RefuseToOpen(format, "it is missing beside a log");
    if (absl::Status status = MakeFolder(directory); !status.ok()) return status;
  }
  absl::StatusOr<std::string> id = ReadFormat(format);
  if (!id.ok()) return id.status();
  if (!FileExists(directory + "/HWM")) return RefuseToOpen(directory + "/HWM", "it is missing");
  auto mark = HighWaterMarkFile::Open(directory + "/HWM", *id);
  if (!mark.ok()) return mark.status();
  opened.mark = *std::move(mark);
  const HighWaterMark& known = opened.mark->mark();
  auto db = OpenChecked(directory, "log", LogDatabaseOptions(cache), known,
                        [&](rocksdb::DB* db) { return CheckAgainstMark(db, directory, known); });
  if (!db.ok()) return db.status();
  opened.db = *std::move(db);
  return opened;
}

absl::StatusOr<std::vector<std::pair<TenantNumber, Head>>> ReadHeads(rocksdb::DB* db) {
  std::vector<std::pair<TenantNumber, Head>> heads;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(options));
  it->SeekToFirst();
  while (it->Valid()) {
    auto place = ParseLogKey(ToView(it->key()));
    if (!place.has_value()) return absl::DataLossError("DATA_DAMAGED: log/ holds a key that is none of a log");
    it->SeekForPrev(LogKey(place->tenant, UINT64_MAX));
    if (!it->Valid()) break;
    place = ParseLogKey(ToView(it->key()));
    auto head = ReadHead(db, place->tenant, place->first_position, ToView(it->value()));
    if (!head.ok()) return head.status();
    heads.emplace_back(place->tenant, *head);
    if (place->tenant == kNoTenant) break;
    it->Seek(LogKey(place->tenant + 1, 0));
  }
  if (!it->status().ok()) return FromRocksdb(it->status(), "log/");
  return heads;
}

}  // namespace recount::eventstore
