// Reads the ways of records through pipelines out of the stage visits (decisions.md 13) for the funnel shape.
#ifndef RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_
#define RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "projections/engine/funnel_path.h"
#include "projections/engine/query.h"

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
  // `records`: about so many will be asked for.
  FunnelCount(const Query& query, FunnelMode mode, bool by_period, size_t records);

  // The same for a thread that helps: `query` is of ForHelper().
  FunnelCount(const Query& query, const FunnelCount& other);

  // Called for each record and each pipeline that it was in: row of the selection, ladder, lines.
  using Visitor = std::function<void(size_t row, int ladder, const std::vector<FunnelLine>& lines)>;
  void ForEach(const Selection& records, const Visitor& visit);

  // The number here of a ladder of another one.
  int Take(const FunnelLadder& ladder);

  // Pipelines in their order, then those that the rules asked for do not know; complete after ForEach().
  const std::vector<FunnelLadder>& ladders() const { return ladders_; }

 private:
  struct Place {
    int ladder = -1;
    int stage = 0;                 // FunnelVisit::kUnknown, or kOutcome: a stage that stands for an outcome is no visit
  };
  static constexpr int kOutcome = -2;
  // A visit with what is asked of it.
  struct Visit {
    int64_t item;                  // position of its entry
    int64_t entered_at;
    int64_t left_at;               // kNull: it goes on, or its deal came to an outcome
    Place place;
  };
  struct Way {
    int ladder = -1;
    FunnelPath path;
    int64_t left_at = kNull;       // of the last visit, if the record only went on to another stage
  };
  // Of the visits' table, or of its present rows.
  struct Columns {
    ValueSpan item, pipeline, stage, entered_at, left_at, left_to;
  };

  // `rules`: those that say what a stage is; the ladders are always those of the world.
  Place PlaceOf(const Rules& rules, int64_t pipeline, int64_t stage);
  int LadderOf(int64_t pipeline);
  Visit Read(const Columns& columns, size_t place);
  static void PutInOrder(absl::Span<Visit> visits);
  // The visits of a record that hold at the moment, in the order of entry.
  absl::Span<const Visit> VisitsOf(int64_t record);
  // The record's ways, valid until the next call; the number of the one that it is in now, -1: none.
  absl::Span<Way> WaysOf(int64_t record, int* present);
  Way& NewWay(size_t number, int ladder);
  bool Counts(int64_t micros) const { return !by_period_ || (begin_ <= micros && micros < end_); }

  const Query& query_;
  const FunnelMode mode_;
  const bool by_period_;
  int64_t begin_ = domain::kBeginning, end_ = domain::kOpenEnd;
  const IntervalTable* const visits_;
  const int64_t won_, lost_;   // texts
  Columns columns_;
  // The present visits; nullptr: they do not lie side by side.
  const PresentRows* present_ = nullptr;
  Columns present_columns_;
  // The others, by record and row; of few records each is looked up instead.
  bool looks_up_ = false;
  std::vector<std::pair<int64_t, uint32_t>> others_;
  std::vector<Visit> of_record_;
  std::vector<Way> ways_;         // of the last record, and more whose memory is kept
  std::vector<FunnelLadder> ladders_;
  absl::flat_hash_map<int64_t, int> ladder_of_;  // by pipeline
  absl::flat_hash_map<std::pair<const Rules*, std::pair<int64_t, int64_t>>, Place> places_;
  // Of the stages looked up last, each at its remainder.
  struct KnownPlace {
    const Rules* rules = nullptr;
    int64_t pipeline = kNull, stage = kNull;
    Place place;
  };
  std::array<KnownPlace, 64> known_places_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_FUNNEL_COUNT_H_
