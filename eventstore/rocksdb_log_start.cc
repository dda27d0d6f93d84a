#include "eventstore/rocksdb_log_start.h"

#include <sodium.h>

#include <utility>

#include "eventstore/cryptography.h"
#include "eventstore/log_format.h"
#include "eventstore/rocksdb_log_check.h"
#include "eventstore/rocksdb_options.h"

namespace recount::eventstore {
namespace {

constexpr size_t kIdSize = 16;

absl::StatusOr<LogFormat> ReadFormat(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseLogFormat(*text, path);
}

absl::Status WriteFormat(const std::string& path, absl::string_view log_id) { return ReplaceFile(path, LogFormatText(log_id)); }

// FORMAT comes last: with it the folder is complete.
absl::Status MakeFolder(const std::string& directory) {
  std::string id(kIdSize, '\0');
  randombytes_buf(id.data(), id.size());
  if (absl::Status status = HighWaterMarkFile::Create(directory + "/HWM", id); !status.ok()) return status;
  return WriteFormat(directory + "/FORMAT", id);
}

// A database as it was opened, with what is packed in it.
absl::StatusOr<std::unique_ptr<LogDatabase>> LookInto(const OpenedDatabase& opened) {
  auto database = std::make_unique<LogDatabase>(opened.db.get(), opened.families[0].get());
  if (absl::Status status = FindPacked(database.get()); !status.ok()) return status;
  return database;
}

}  // namespace

absl::StatusOr<OpenedLog> OpenLogFolder(const std::string& directory, const std::shared_ptr<rocksdb::Cache>& cache,
                                        size_t write_buffer_bytes) {
  if (absl::Status status = StartCryptography(); !status.ok()) return status;
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
  absl::StatusOr<LogFormat> known = ReadFormat(format);
  if (!known.ok()) return known.status();
  if (!FileExists(directory + "/HWM")) return RefuseToOpen(directory + "/HWM", "it is missing");
  auto mark = HighWaterMarkFile::Open(directory + "/HWM", known->log_id);
  if (!mark.ok()) return mark.status();
  opened.mark = *std::move(mark);
  CheckedOpen open{directory, "log", LogDatabaseOptions(cache, write_buffer_bytes),
                   {{kPacksFamily, PackFamilyOptions(cache, write_buffer_bytes / 2)}}, opened.mark->mark(), nullptr, nullptr};
  open.check = [&](const OpenedDatabase& files) {
    auto database = LookInto(files);
    if (!database.ok()) return database.status();
    return CheckAgainstMark(**database, directory + "/log", open.mark);
  };
  // The number rises first: what an older program does not know, it must not meet under the number that it knows.
  open.before_writing = [&] {
    return known->version < kLogFormatVersion ? WriteFormat(format, known->log_id) : absl::OkStatus();
  };
  auto files = OpenChecked(open);
  if (!files.ok()) return files.status();
  opened.files = *std::move(files);
  auto database = LookInto(opened.files);
  if (!database.ok()) return database.status();
  opened.database = *std::move(database);
  return opened;
}

}  // namespace recount::eventstore
