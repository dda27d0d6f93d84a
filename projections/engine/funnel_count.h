// Reads the ways of records through pipelines out of the stage visits (decisions.md 13) for the funnel shape.
#ifndef RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_
#define RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "projections/engine/funnel_path.h"
#include "projections/engine/query.h"
#include "projections/engine/record_timeline.h"

namespace recount::projections {

// The lines of one pipeline: its open stages in order, won, unknown.
struct FunnelLadder {
  std::string pipeline;
  std::vector<std::string> stages;
  std::string won;                 // id of the stage that means won; `won` where the pipeline has none

  int open() const { return static_cast<int>(stages.size()); }
  // Stage id of a line; empty: unknown.
  std::string Line(int line) const { return line < open() ? stages[line] : line == open() ? won : std::string(); }
};

class FunnelCount {
 public:
  // `by_period`: entries in the query's period count, whenever the record was created; else all entries of the selected
  // records do.
  FunnelCount(const Query& query, const Selection& records, FunnelMode mode, bool by_period);

  // Called for each record and each pipeline that it was in: row of the selection, ladder, lines.
  using Visitor = std::function<void(size_t row, int ladder, const std::vector<FunnelLine>& lines)>;
  void ForEach(const Visitor& visit);

  // Pipelines in their order, then those that the rules asked for do not know; complete after ForEach().
  const std::vector<FunnelLadder>& ladders() const { return ladders_; }

 private:
  struct Place {
    int ladder = -1;
    int stage = 0;                 // FunnelVisit::kUnknown, or kOutcome: a stage that stands for an outcome is no visit
  };
  static constexpr int kOutcome = -2;
  struct Way {
    int ladder = -1;
    FunnelPath path;
    int64_t left_at = kNull;       // of the last visit, if the record only went on to another stage
  };

  // `rules`: those that say what a stage is; the ladders are always those of the world.
  Place PlaceOf(const Rules& rules, int64_t pipeline, int64_t stage);
  int LadderOf(int64_t pipeline);
  // The visits of a record that hold at the moment.
  absl::Span<const uint32_t> VisitsOf(int64_t record);
  // The record's ways; the number of the one that it is in now, -1: none.
  std::vector<Way> WaysOf(int64_t record, int* present);
  bool Counts(int64_t micros) const { return !by_period_ || (begin_ <= micros && micros < end_); }

  const Query& query_;
  const Selection& records_;
  const FunnelMode mode_;
  const bool by_period_;
  int64_t begin_ = domain::kBeginning, end_ = domain::kOpenEnd;
  const IntervalTable* const visits_;
  const int64_t won_, lost_;   // texts
  // Of all records, where many are asked for: of few each is looked up.
  std::optional<RecordTimeline> timeline_;
  std::vector<uint32_t> of_record_;
  std::vector<FunnelLadder> ladders_;
  absl::flat_hash_map<int64_t, int> ladder_of_;  // by pipeline
  absl::flat_hash_map<std::pair<const Rules*, std::pair<int64_t, int64_t>>, Place> places_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_
