// The reading half of RocksdbEventLog: commits, streams, times, and the check of everything.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/log_verifier.h"
#include "eventstore/rocksdb_cursor.h"
#include "eventstore/rocksdb_event_log.h"
#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {
namespace {

// Positions of a stream that are looked up at a time.
constexpr uint64_t kStreamChunk = 256;
constexpr uint64_t kCommitsBetweenProgress = 4096;

// Gives the events of one stream to a visitor, one position after the other.
class StreamReader {
 public:
  StreamReader(const LogDatabase* database, TenantNumber tenant, uint64_t end, absl::string_view stream, const StreamVisitor& visit)
      : cursor_(database, tenant, end, CursorUse::kPoints), tenant_(tenant), stream_(stream), visit_(visit) {}

  // False: the visitor wants no more.
  absl::StatusOr<bool> Give(uint64_t position, uint64_t revision) {
    if (!cursor_.is_valid() || position < cursor_.commit().first_position || position > cursor_.commit().last_position) {
      const bool is_next = cursor_.is_valid() && position == cursor_.commit().last_position + 1;
      absl::Status status = is_next ? cursor_.Next() : cursor_.SeekTo(position);
      if (!status.ok()) return status;
    }
    const StoredCommit& commit = cursor_.commit();
    const auto& event = commit.record.events(static_cast<int>(position - commit.first_position));
    if (event.stream() != stream_ || event.revision() != revision) {
      return Damaged(tenant_, position,
                     absl::StrCat("the index expects revision ", revision, " of ", stream_,
                                  " here; stop the server and delete index/, which is made again from the log"));
    }
    return visit_(StreamEvent{position, commit.last_position, &event, &commit.record});
  }

 private:
  CommitCursor cursor_;
  const TenantNumber tenant_;
  const absl::string_view stream_;
  const StreamVisitor& visit_;
};

}  // namespace

absl::Status RocksdbEventLog::ReadCommits(TenantNumber tenant, uint64_t after_position, Direction direction,
                                          const CommitVisitor& visit) {
  const uint64_t end = heads_->Get(tenant).position;
  CommitCursor cursor(opened_.database.get(), tenant, end, CursorUse::kScan);
  const bool forward = direction == Direction::kForward;
  uint64_t start = after_position + 1;
  if (!forward) start = after_position == 0 ? end : std::min(after_position - 1, end);
  absl::Status status = cursor.SeekTo(start);
  while (status.ok() && cursor.is_valid()) {
    if (!visit(cursor.commit())) break;
    status = forward ? cursor.Next() : cursor.Prev();
  }
  return status;
}

absl::Status RocksdbEventLog::ReadStream(TenantNumber tenant, absl::string_view stream, uint64_t after_revision,
                                         Direction direction, const StreamVisitor& visit) {
  const uint64_t end = heads_->Get(tenant).position;
  absl::StatusOr<uint64_t> newest = index_->Revision(tenant, stream);
  if (!newest.ok()) return newest.status();
  StreamReader reader(opened_.database.get(), tenant, end, stream, visit);
  const bool forward = direction == Direction::kForward;
  // What is left to read: revisions [low, high).
  uint64_t low = forward ? after_revision + 1 : 1;
  uint64_t high = *newest + 1;
  if (!forward && after_revision != 0) high = std::min(high, after_revision);
  while (low < high) {
    const uint64_t count = std::min(kStreamChunk, high - low);
    const uint64_t first = forward ? low : high - count;
    auto positions = index_->Positions(tenant, stream, first, count);
    if (!positions.ok()) return positions.status();
    if (positions->size() != count) {
      return absl::DataLossError(absl::StrCat("DATA_DAMAGED: index/ does not know all events of ", stream,
                                              ". Stop the server and delete index/: it is made again from the log."));
    }
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t at = forward ? i : count - 1 - i;
      if ((*positions)[at] > end) continue;  // not durable yet
      absl::StatusOr<bool> more = reader.Give((*positions)[at], first + at);
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
    forward ? low += count : high -= count;
  }
  return absl::OkStatus();
}

absl::Status RocksdbEventLog::ListStreams(TenantNumber tenant, absl::string_view prefix,
                                          const std::function<bool(absl::string_view)>& visit) {
  return index_->Streams(tenant, prefix, heads_->Get(tenant).position, visit);
}

absl::StatusOr<uint64_t> RocksdbEventLog::PositionAt(TenantNumber tenant, int64_t recorded_micros) {
  const Head head = heads_->Get(tenant);
  const uint64_t end = head.position;
  if (end == 0 || head.recorded_micros <= recorded_micros) return end;
  CommitCursor cursor(opened_.database.get(), tenant, end, CursorUse::kPoints);
  // Commits up to `low` were recorded by then, those from `high` on were not.
  uint64_t low = 0;
  uint64_t high = end + 1;
  while (low + 1 < high) {
    if (absl::Status status = cursor.SeekTo(low + (high - low) / 2); !status.ok()) return status;
    const StoredCommit& commit = cursor.commit();
    commit.record.recorded_micros() <= recorded_micros ? low = commit.last_position : high = commit.first_position;
  }
  return low;
}

absl::StatusOr<uint64_t> RocksdbEventLog::CommitEnd(TenantNumber tenant, uint64_t position) {
  const uint64_t end = heads_->Get(tenant).position;
  if (position == 0 || position == end) return position;
  if (position > end) {
    return absl::OutOfRangeError(absl::StrCat("the log ends at position ", end, ", before position ", position));
  }
  CommitCursor cursor(opened_.database.get(), tenant, end, CursorUse::kPoints);
  if (absl::Status status = cursor.SeekTo(position); !status.ok()) return status;
  return cursor.commit().last_position;
}

absl::Status RocksdbEventLog::VerifyFiles(std::vector<std::string>* findings) {
  for (const rocksdb::Status& status : {opened_.files.db->VerifyChecksum(), opened_.files.db->VerifyFileChecksums({})}) {
    if (status.ok()) continue;
    if (!status.IsCorruption()) return FromRocksdb(status, "log/");
    findings->push_back(absl::StrCat("log/: ", status.ToString()));
  }
  return absl::OkStatus();
}

absl::Status RocksdbEventLog::VerifyRecords(TenantNumber tenant, uint64_t head,
                                            const VerifyProgress& progress, LogVerifier* verifier) {
  RecordCursor records(opened_.database.get(), tenant, head, CursorUse::kScan);
  uint64_t commits = 0;
  absl::Status status = head == 0 ? absl::OkStatus() : records.SeekToFirst();
  while (true) {
    if (!status.ok()) {
      if (!absl::IsDataLoss(status)) return status;
      verifier->AddLoss(std::string(status.message()));
    } else if (!records.is_valid()) {
      return absl::OkStatus();
    } else {
      verifier->Check(records.first_position(), records.parts());
      const bool is_time = progress && ++commits % kCommitsBetweenProgress == 0;
      if (is_time && !progress(verifier->position(), head)) return absl::CancelledError("verifying was ended");
    }
    status = records.Next();
  }
}

absl::StatusOr<std::vector<std::string>> RocksdbEventLog::Verify(
    TenantNumber tenant, const VerifyProgress& progress) {
  std::vector<std::string> findings;
  if (absl::Status status = VerifyFiles(&findings); !status.ok()) return status;
  const Head head = heads_->Get(tenant);
  LogVerifier verifier(tenant);
  for (std::string& finding : findings) verifier.AddFinding(std::move(finding));
  if (absl::Status status = VerifyRecords(tenant, head.position, progress, &verifier); !status.ok()) return status;
  if (verifier.position() != head.position) {
    verifier.AddFinding(absl::StrCat("tenant ", tenant, ": the log ends at position ", verifier.position(),
                                     ", and ", head.position, " is acknowledged"));
  }
  for (const auto& [stream, revision] : verifier.revisions()) {
    absl::StatusOr<uint64_t> indexed = index_->Revision(tenant, stream);
    if (!indexed.ok()) return indexed.status();
    if (*indexed < revision) {
      verifier.AddFinding(absl::StrCat("tenant ", tenant, ": the index knows ", stream, " up to revision ", *indexed,
                                       ", the log up to ", revision));
    }
  }
  if (progress && !progress(verifier.position(), head.position)) return absl::CancelledError("verifying was ended");
  return verifier.TakeFindings();
}

}  // namespace recount::eventstore
