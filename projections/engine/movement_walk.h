// Walks the deals from the opening to the closing of a movement (decisions.md 18) and books what moved each.
//
// Moments: the opening (P0, D0) and the closing (P1, D1). What one deal brings is booked in this order:
//   opening      (P0, D0) under the rules of P0 that hold at D0, selected as any other report would
//   restated     to (P1, D0) under the same rules
//   rule         to (P1, D0) under the rules of P1 that hold at D1
//   its events   each state that P1 believes in, in order, under the rules of P1 that hold at D1
//   rule         what no event explains, up to the closing
//   closing      (P1, D1), selected as any other report would
// On the way everything is looked up at each moment: the deal, and the records that it refers to. A change of those cuts a state
// as one of the deal's own does, where the question looks at them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_WALK_H_
#define RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_WALK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/movement_book.h"
#include "projections/engine/record_timeline.h"

namespace recount::projections {

class MovementWalk {
 public:
  // The query's subject is deal_state. PARAMETER_INVALID if the opening is later than the closing.
  static absl::StatusOr<std::unique_ptr<MovementWalk>> Make(const Query& query);

  // Called once for each deal that has postings; where the answer is grouped, also with those of the group kTotal.
  using Visitor = std::function<void(int64_t record, absl::Span<const Posting> postings)>;
  void ForEach(const Visitor& visit) const;

  const Moment& opening() const { return query_.opening->moment(); }
  const GroupKeys& keys() const { return keys_; }
  const MovementAsks& asks() const { return asks_; }
  uint64_t rows_scanned() const { return timeline_.rows_scanned(); }

 private:
  explicit MovementWalk(const Query& query) : query_(query), keys_(query) {}

  // The deals inside at one end, by record.
  using End = absl::flat_hash_map<int64_t, Standing>;
  // Everything that one deal was, from the opening to the closing; two standings a state: where it begins and where it ends.
  struct Way {
    Standing opening, restated, ruled, closing;
    std::vector<Standing> states;
    absl::Span<const int64_t> times;
    void SetGroup(int64_t group);
  };
  // Place and group of a row; where a dimension is a set of texts, instead of the group the number of its places in sets_.
  void SetPlace(const RowGroups& groups, size_t row, Standing* standing);
  int64_t PartOf(int64_t place);
  // All parts that a deal is in on its way.
  std::vector<int64_t> PartsOf(const Way& way) const;
  // The deal's way as the question for one part alone sees it.
  Way In(int64_t part, const Way& way) const;

  absl::Status ReadWindow();
  bool InWindow(int64_t expected_close) const;
  absl::StatusOr<End> EndIn(const World& world);
  absl::Status ReadEnds();
  absl::Status ReadStates();
  std::shared_ptr<const Values> FittingOf(const Selection& walk) const;
  // Rows of the table to walk, by record, two for each state; times_ is where each state begins and ends.
  std::vector<uint32_t> RowsToWalk(const IntervalTable& table);
  // A row of the table, cut where something else changed that the question looks at (MovementCuts).
  void AddState(const IntervalTable& table, uint32_t row, absl::Span<const int64_t> cuts, std::vector<uint32_t>* rows);
  void BookStates(const Way& way, std::vector<Posting>* postings) const;
  // Of a deal that stands still only rates and the org chart move.
  static void BookStill(const Standing& begins, const Standing& ends, int64_t at_micros, std::vector<Posting>* postings);
  void Book(const Way& way, std::vector<Posting>* postings) const;

  const Query& query_;
  mutable GroupKeys keys_;           // changes between two places get their numbers while they are visited
  MovementAsks asks_;
  std::optional<domain::Period> window_;  // of the expected close
  // Where a dimension is a set of texts, a deal is in several groups at once: each combination of texts is a part of the answer, in
  // which it is in one group or none.
  using Places = std::vector<std::pair<int64_t, int64_t>>;  // part, place
  std::map<Places, int64_t> set_numbers_;
  std::vector<Places> sets_;
  std::map<std::vector<int64_t>, int64_t> part_numbers_;    // by the texts
  End opening_, restated_, ruled_, closing_;
  RecordTimeline timeline_;
  std::vector<int64_t> records_;     // of the walk
  std::vector<size_t> starts_;       // one more than records_
  std::vector<Standing> standings_;
  std::vector<int64_t> times_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_WALK_H_
