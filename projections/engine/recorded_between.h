// What was recorded between two positions, by what it means to an answer that was given in between (report.proto, ChangeCauseKind).
#ifndef RECOUNT_PROJECTIONS_ENGINE_RECORDED_BETWEEN_H_
#define RECOUNT_PROJECTIONS_ENGINE_RECORDED_BETWEEN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "projections/engine/halt.h"
#include "projections/report_engine.h"

namespace recount::projections {

// Records of one kind of cause: each belongs to one alone, with all of its events.
struct RecordedFacts {
  v1::ChangeCauseKind kind = v1::CHANGE_CAUSE_KIND_UNSPECIFIED;
  std::vector<std::string> streams;
  int64_t events = 0;
  uint64_t first_position = 0;
  uint64_t last_position = 0;
};

// Of records that have facts and are seen, those with events after position `from` up to `to`: late facts, new facts, deletions, in this order;
// a kind without records is left out. `valid_at`: what occurred later was not asked for in the answer of `from`.
absl::StatusOr<std::vector<RecordedFacts>> RecordedBetween(const EngineContext& context, uint64_t from, uint64_t to, int64_t valid_at,
                                                           const std::function<bool(absl::string_view record)>& is_seen, Halt* halt);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_RECORDED_BETWEEN_H_
