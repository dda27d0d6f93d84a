// Visits of stages as the rules asked for see them: adjacent visits of one mapped stage are one visit (decisions.md 18).
#ifndef RECOUNT_PROJECTIONS_ENGINE_STAGE_RUNS_H_
#define RECOUNT_PROJECTIONS_ENGINE_STAGE_RUNS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "projections/engine/world.h"

namespace recount::projections {

// Rows of one record in the table of visits, in order of entry: late entries have late positions.
std::vector<uint32_t> InOrderOfEntry(const IntervalTable& visits, absl::Span<const uint32_t> rows);

class StageRuns {
 public:
  struct Entry {
    int64_t at = kNull;
    int64_t is_day = kNull;
  };
  explicit StageRuns(const World& world);

  // Where the run of a visit began, by the position of the event that began the visit; nullptr: there is nothing before it.
  const Entry* BeganBefore(int64_t position) const;
  // The visit, by the same position, is not the last of its run.
  bool GoesOn(int64_t position) const { return goes_on_.contains(position); }
  bool empty() const { return goes_on_.empty(); }

 private:
  void Join(const World& world, const IntervalTable& visits, absl::Span<const uint32_t> in_order);

  absl::flat_hash_map<int64_t, Entry> began_;
  absl::flat_hash_set<int64_t> goes_on_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_STAGE_RUNS_H_
