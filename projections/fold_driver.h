// Folds commits into tables (DESIGN.md, "The read side"): each stream in the order of occurrence, each row cut at commit ends.
#ifndef RECOUNT_PROJECTIONS_FOLD_DRIVER_H_
#define RECOUNT_PROJECTIONS_FOLD_DRIVER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "eventstore/event_log.h"
#include "projections/fact_tables.h"
#include "projections/payload_reader.h"
#include "projections/span_cutter.h"

namespace recount::projections {

// An event that occurred at or after the last one of its stream is applied to the state in memory. Any other one, and any of a
// stream whose state is not in memory, folds the stream anew from the log. Either way the spans that result are compared with the
// rows believed so far: identical ones stay, others are retired, new ones appended. Both ways give the same rows.
class FoldDriver {
 public:
  // Streams whose states are kept, of 1 to 2 KB each: beside the head, and where the whole log is folded, years in minutes, so that more
  // streams are under way.
  static constexpr size_t kFewStates = 1 << 17, kManyStates = 1 << 19;

  // Keeps states of about `state_limit` streams, the least recently used go. Everything outlives the driver.
  FoldDriver(FactTables* tables, eventstore::EventLog* log, eventstore::TenantNumber tenant, size_t state_limit = kFewStates);
  // Others go with the next ones that are used.
  void LimitStates(size_t state_limit) { state_limit_ = state_limit; }

  // The commit after tables->position. On an error the tables are undefined: fold them anew.
  absl::Status Apply(const eventstore::StoredCommit& commit);

  uint64_t refolds() const { return refolds_; }

 private:
  struct SubjectState {
    FactTables::Entry* entry;
    std::unique_ptr<Fold> fold;
    SpanCutter cutter;
  };
  struct StreamState {
    bool is_known = false;         // else it must be folded from the log
    bool is_touched = false;       // by the commit at hand
    int64_t created_micros = 0;
    int64_t last_micros = std::numeric_limits<int64_t>::min();  // occurred time of the last event but the creation
    std::vector<SubjectState> subjects;
  };
  struct Touched {
    int64_t record;
    StreamState* state;
  };
  using States = absl::flat_hash_map<int64_t, std::unique_ptr<StreamState>>;  // by dictionary code of the stream

  StreamState* StateOf(int64_t record);
  absl::Status ApplyEvent(const eventstore::StoredCommit& commit, int index);
  void Reset(uint32_t aggregate, StreamState* state);
  void Step(const FoldEvent& event, bool is_creation, StreamState* state);
  absl::Status Refold(const Touched& touched, uint64_t commit_position);
  void Believe(int64_t record, uint64_t commit_position, SubjectState* state);
  void BelieveAnew(int64_t record, uint64_t commit_position, SubjectState* state);

  FactTables* tables_;
  eventstore::EventLog* log_;
  eventstore::TenantNumber tenant_;
  size_t state_limit_;
  std::vector<std::vector<FactTables::Entry*>> entries_of_;  // by aggregate number
  PayloadReader payloads_;
  // Two halves: what was used since the last turn, and before it. When the young half is full, the old one goes.
  States young_, old_;
  std::vector<Touched> touched_;
  uint64_t refolds_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_FOLD_DRIVER_H_
