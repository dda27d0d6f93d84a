// The log: the truth that everything else is counted from (DESIGN.md, idea 1).
//
// An EventLog holds one log for each tenant: commits with gapless positions and a hash chain. One sequencer thread
// calls Sequence(); a committer makes groups of commits durable and reports each in order. Readers see durable commits
// only, so nothing that a reader has seen can be lost.
#ifndef RECOUNT_EVENTSTORE_EVENT_LOG_H_
#define RECOUNT_EVENTSTORE_EVENT_LOG_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/storage/v1/commit.pb.h"

namespace recount::eventstore {

using TenantNumber = uint32_t;                // 0 is the system log
using ChainHash = std::array<uint8_t, 32>;    // all zero before the first commit

// A commit as it is stored. `bytes` is the serialized CommitRecord that the hash covers.
struct StoredCommit {
  uint64_t first_position = 0;
  uint64_t last_position = 0;
  storage::v1::CommitRecord record;
  std::string bytes;
  ChainHash hash{};
};

struct Head {
  uint64_t position = 0;  // of the newest event; 0: empty log
  int64_t recorded_micros = 0;
  ChainHash hash{};
};
inline Head HeadAfter(const StoredCommit& commit) {
  return {commit.last_position, commit.record.recorded_micros(), commit.hash};
}

// What a stream must look like for a commit to be sequenced. The revision before the commit's own events.
struct Expectation {
  std::string stream;
  uint64_t revision = 0;
  // The name was made for this commit, at random: nobody else can have it, so that it is not looked up.
  bool is_new_name = false;
};

// A commit to be sequenced. `record` lacks first_position and the events' revisions, which Sequence() assigns.
struct Proposal {
  TenantNumber tenant = 0;
  storage::v1::CommitRecord record;
  std::vector<Expectation> expectations;  // streams not named are not checked
};

struct Sequenced {
  uint64_t first_position = 0;
  uint64_t last_position = 0;
  int64_t recorded_micros = 0;  // of the record, raised if needed so that it never goes back
  std::vector<std::pair<std::string, uint64_t>> revisions;  // of every stream of the commit, in order of first event
};

// A remembered request.
struct RememberedRequest {
  std::string command_hash;
  std::string answer_name;
  uint64_t first_position = 0;
  uint64_t last_position = 0;
  int64_t recorded_micros = 0;
};

enum class Direction { kForward, kBackward };

// Called with commits in order; returning false ends the reading early.
using CommitVisitor = std::function<bool(const StoredCommit&)>;

// One event of a stream with the commit that holds it.
struct StreamEvent {
  uint64_t position = 0;
  uint64_t commit_last_position = 0;
  const storage::v1::StoredEvent* event = nullptr;  // valid during the call
  const storage::v1::CommitRecord* commit = nullptr;  // valid during the call
};
using StreamVisitor = std::function<bool(const StreamEvent&)>;

// A live reader. Next() waits for the commits after the last one it gave, without gap or repeat.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // Up to `limit` commits after the last position given, fewer if they are large, waiting at most `timeout_ms` for the first
  // of them. Empty: none came. CANCELLED after Cancel() or when the log closes.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const StoredCommit>>> Next(size_t limit, int timeout_ms) = 0;
  // Ends a waiting Next(), from any thread.
  virtual void Cancel() = 0;
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  // ---- Sequencing: one thread at a time. ----

  // Whether commits are accepted at all: UNAVAILABLE after a failed write or Close(), RESOURCE_EXHAUSTED (`DISK_FULL: `).
  virtual absl::Status CheckOpen() = 0;

  // Checks expectations (ABORTED on a mismatch, with the current revision) and key claims (ALREADY_EXISTS with the stream
  // that has the key), assigns positions and revisions, and hands the commit to the committer. `durable` is called once,
  // in order of position within a tenant, from the committer's thread: OK when the commit cannot be lost any more, else
  // UNAVAILABLE (outcome unknown). When Sequence() itself fails, `durable` is not called.
  virtual absl::StatusOr<Sequenced> Sequence(Proposal proposal, std::function<void(absl::Status)> durable) = 0;

  // Calls `done` from the committer's thread when everything sequenced before is durable; at once, on the caller's thread,
  // if nothing is pending. For answers that commit nothing but depend on what they read.
  virtual void AfterPending(TenantNumber tenant, std::function<void(absl::Status)> done) = 0;

  // Look-ups that include what is sequenced and not yet durable; for the sequencer's thread.
  virtual absl::StatusOr<uint64_t> SequencedRevision(TenantNumber tenant, absl::string_view stream) = 0;
  virtual absl::StatusOr<std::optional<std::string>> FindKey(TenantNumber tenant, absl::string_view key) = 0;
  virtual absl::StatusOr<std::optional<RememberedRequest>> FindRequest(TenantNumber tenant, absl::string_view actor,
                                                                      absl::string_view request_id) = 0;
  virtual Head SequencedHead(TenantNumber tenant) = 0;

  // ---- Reading: any thread, durable commits only. ----

  virtual Head DurableHead(TenantNumber tenant) = 0;
  // Commits whose last position is > after_position, forward; or whose first position is < after_position, backward
  // (0: from the end). Damage is DATA_LOSS with position and remedy.
  virtual absl::Status ReadCommits(TenantNumber tenant, uint64_t after_position, Direction direction,
                                   const CommitVisitor& visit) = 0;
  // Events of one stream: forward those with revision > after_revision; backward those with revision < after_revision
  // (0: from the end).
  virtual absl::Status ReadStream(TenantNumber tenant, absl::string_view stream, uint64_t after_revision,
                                  Direction direction, const StreamVisitor& visit) = 0;
  // Names of streams that begin with `prefix` and have durable events, in byte order.
  virtual absl::Status ListStreams(TenantNumber tenant, absl::string_view prefix,
                                   const std::function<bool(absl::string_view)>& visit) = 0;
  // Last position of the last commit recorded at or before a time; 0: none.
  virtual absl::StatusOr<uint64_t> PositionAt(TenantNumber tenant, int64_t recorded_micros) = 0;
  // Last position of the commit that holds `position`.
  virtual absl::StatusOr<uint64_t> CommitEnd(TenantNumber tenant, uint64_t position) = 0;
  // Commits after `after_position`, past and live.
  virtual std::unique_ptr<Subscription> Subscribe(TenantNumber tenant, uint64_t after_position) = 0;

  // ---- Care. ----

  // Reads everything: checksums, gapless positions, hash chain, revisions, recorded time. Calls `progress` with
  // (position, head) now and then; false ends it with CANCELLED. Findings are sentences; none means that the log is sound.
  using VerifyProgress = std::function<bool(uint64_t, uint64_t)>;
  virtual absl::StatusOr<std::vector<std::string>> Verify(TenantNumber tenant, const VerifyProgress& progress) = 0;
  // Does now what the log does for its own good in the background, and returns when nothing of that is due. Changes nothing
  // that a reader sees.
  virtual absl::Status FinishUpkeep() { return absl::OkStatus(); }
  // Finishes what is sequenced, then ends; Sequence() is UNAVAILABLE afterwards.
  virtual void Close() = 0;
};

// In memory: the same behaviour, nothing survives. A product of its own, for tests and embedding.
std::unique_ptr<EventLog> NewMemoryEventLog();

constexpr uint64_t kNeverPack = UINT64_MAX;

struct RocksdbLogOptions {
  std::string directory;          // made if missing; holds `log/`, `index/`, FORMAT, HWM
  size_t index_memory_bytes = 64 << 20;
  size_t block_cache_bytes = 256 << 20;
  size_t write_buffer_bytes = 64 << 20;  // what is not in tables yet; of packs half as much
  // With less free space than this on its disk, commits are refused (RESOURCE_EXHAUSTED, `DISK_FULL: `) and reading goes on.
  // 0: the smaller of 512 MB and 5 % of the disk.
  uint64_t free_space_reserve_bytes = 0;
  // Commits older than the newest events of their tenant, this many, are packed in the background: about `events_a_pack` events
  // become one value. kNeverPack: none.
  uint64_t unpacked_events = 4096;
  uint64_t events_a_pack = 128;
  // Called on the committer's thread before a group is synced: makes the keys durable that its events are sealed with.
  std::function<absl::Status()> before_sync;
};

// Embedded, durable. Refuses to open what would lose acknowledged commits (spec/reliability.md D4): DATA_LOSS with the file
// and what to do.
absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksdbEventLog(const RocksdbLogOptions& options);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_EVENT_LOG_H_
