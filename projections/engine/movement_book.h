// The bookkeeping of a movement (decisions.md 18): how a record's way from one standing to the next becomes postings that
// add up from opening to closing, in count and in value, for each group and bucket. Pure: no tables, no rules.
#ifndef RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_BOOK_H_
#define RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_BOOK_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace recount::projections {

// In the order in which an answer shows them.
enum class MovementCategory {
  kOpening,
  kRestated,        // recorded later, occurred before the opening
  kRule,            // other rules, or a record that it refers to; no event of its own
  kNew,             // created
  kReopened,        // reopened after an outcome, or restored after a deletion
  kIncreased,
  kPulledIn,        // expected close moved into the window
  kTransferredIn,   // from another owner
  kMovedIn,         // from another pipeline, or came otherwise to be what the filter asks for
  kWon,
  kLost,
  kRemoved,         // deleted
  kDecreased,
  kPushedOut,
  kTransferredOut,
  kMovedOut,
  kRevaluation,     // other exchange rates
  kAdvanced,        // to a later stage: neither count nor value change
  kRegressed,       // to an earlier one
  kClosing,
};
inline constexpr int kMovementCategories = static_cast<int>(MovementCategory::kClosing) + 1;
absl::string_view MovementCategoryId(MovementCategory category);

// What a record is at one moment, as far as the pipeline asked for is concerned.
struct Standing {
  enum class Outcome { kOpen, kWon, kLost };
  bool exists = false;
  bool deleted = false;
  Outcome outcome = Outcome::kOpen;
  bool fits = true;        // it is what the filter asks for
  int64_t group = 0;       // row of the answer
  int64_t place = 0;       // values of the dimensions that look at one side of a change
  int64_t bucket = 0;      // currency, or that it has no value: only what lies in one bucket is added
  int64_t value_minor = 0;
  int stage = -1;          // order in its pipeline; -1: unknown
  // Why it fits or not, or lies in another group: what differs says so.
  int64_t pipeline = 0, owner = 0, expected_close = 0;

  bool inside() const { return exists && !deleted && outcome == Outcome::kOpen && fits; }
};

// What the filter and the grouping ask for: only that can be the reason of a move.
struct MovementAsks {
  bool owner = false;           // owner, team or unit
  bool expected_close = false;  // a window
};

// What a record brings to one category of one bucket.
struct Posting {
  static constexpr int64_t kOutside = -1;
  MovementCategory category = MovementCategory::kOpening;
  int64_t group = 0;
  int64_t bucket = 0;
  int64_t count = 0;        // signed: what leaves is negative
  int64_t value_minor = 0;  // signed
  int64_t changes = 0;      // how often
  int64_t at_micros = 0;    // when
  int64_t from = kOutside, to = kOutside;  // places before and after the change; of opening and closing the same
};

// A change of the record's own at one instant. A value changed at the instant of leaving counts first, so that a win leaves
// at its won value; a record that came and left within the instant is booked both ways.
void BookEvent(const MovementAsks& asks, const Standing& before, const Standing& after, int64_t at_micros,
               std::vector<Posting>* postings);

// A difference without an event between the two moments: everything goes to one category.
void BookDifference(MovementCategory category, const Standing& before, const Standing& after, int64_t at_micros,
                    std::vector<Posting>* postings);

// The record at one end, if it is inside.
void BookBalance(MovementCategory end, const Standing& standing, int64_t at_micros, std::vector<Posting>* postings);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_BOOK_H_
