// The read models of one tenant: all subjects' tables, moved together by one projector, kept in RocksDB, rebuilt beside the live ones.
#ifndef RECOUNT_PROJECTIONS_READ_MODELS_H_
#define RECOUNT_PROJECTIONS_READ_MODELS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "domain/rulebook.h"
#include "eventstore/event_log.h"
#include "projections/interval_table.h"
#include "projections/subject.h"

namespace recount::projections {

// One consistent set of tables, which nothing changes: it holds up nobody, and keeps its memory as long as it lives.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual uint64_t position() const = 0;    // of the newest commit in the tables
  virtual int64_t recorded_micros() const = 0;  // of that commit
  virtual uint64_t generation() const = 0;
  virtual const IntervalTable* table(absl::string_view subject) const = 0;
  virtual const Dictionary& dictionary() const = 0;
  virtual const domain::Rulebook& rulebook() const = 0;  // published up to position()
};

struct SubjectStatus {
  std::string subject;
  uint64_t generation = 0, position = 0, rows = 0, current_rows = 0;
  std::string digest;  // 32 hex digits
};

struct RebuildState {
  uint64_t generation = 0, position = 0, target = 0;
  bool running = false, done = false, digests_agree = false;
  absl::Duration elapsed, left;  // of one that runs; left: about, zero where nothing is known yet
  std::string error;
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>> digests;  // subject, (before, after)
};

class ReadModels {
 public:
  virtual ~ReadModels() = default;
  // Waits until the tables stand at `min_position` (0: any), at most until `deadline`; READ_MODEL_BEHIND then.
  virtual absl::StatusOr<std::unique_ptr<Snapshot>> Read(uint64_t min_position, absl::Time deadline) = 0;
  virtual std::vector<SubjectStatus> Status() = 0;
  // Folds the whole log into a new generation beside the live one, catches up and swaps at a commit end. `progress` is called on
  // the caller's thread. REBUILD_RUNNING if one runs.
  virtual absl::Status Rebuild(const std::function<void(const RebuildState&)>& progress) = 0;
  virtual RebuildState LastRebuild() = 0;
  // Digests of a fresh fold of the log up to the present position, compared with the live ones: sentences, empty if all agree.
  virtual absl::StatusOr<std::vector<std::string>> Verify() = 0;
  // The server is ending: a Rebuild() under way ends with ABORTED, a Verify() with CANCELLED. Both answer so from now on.
  virtual void EndLongWork() = 0;
  // `moved` is called whenever Read() may have something else to give: after each step, when a rebuild was swapped in, and when the
  // models can go on no more. On a thread of the models', which waits for it: it must be quick. Takes the place of the one before.
  virtual void OnMove(std::function<void()> moved) = 0;
  // Stops and resumes the projector (benchmarks, tests).
  virtual void Pause(bool paused) = 0;
  // Writes what is in memory; called at a clean end.
  virtual absl::Status Close() = 0;
};

struct ReadModelOptions {
  std::string directory;  // of the models' RocksDB; empty: memory only
  eventstore::TenantNumber tenant = 0;
  size_t follow_states = 0, rebuild_states = 0;  // streams whose states are kept for the next event; 0: as many as are of use
  int64_t checkpoint_interval_ms = 2000;
};
// What all kept read models of the process that are opened later take beside their tables: rows that are not written yet.
void LimitModelWriteBuffers(size_t bytes);
// Loads what is kept (or starts empty), then follows the log on a thread of its own.
absl::StatusOr<std::unique_ptr<ReadModels>> OpenReadModels(const ReadModelOptions& options, eventstore::EventLog* log);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_READ_MODELS_H_
