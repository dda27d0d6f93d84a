// What a condition says of stored values, so that an index leads to the rows for which it may hold (row_indexes.h).
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROW_RANGES_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROW_RANGES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "projections/engine/expression.h"
#include "projections/engine/world.h"

namespace recount::projections {

// Rows of a subject whose value of a stored column lies in [least, greatest]; both kNull: that have none.
struct RowRange {
  const Subject* subject;
  int column;
  int64_t least, greatest;
};
// Any of them.
using RowRanges = std::vector<RowRange>;

// Ranges that hold every row, of the subject or of a companion for the same record, for which the condition can hold; nullopt: no
// index knows. None at all: it holds for no row.
std::optional<RowRanges> RangesWhere(const World& world, const Subject& subject, const Expr& condition);
// The same of rows whose time `axis` lies in the period.
std::optional<RowRanges> RangesIn(const World& world, const Subject& subject, const Expr& axis, const domain::Period& period);
// The same of rows whose `reference` leads to a record with a dictionary code from `least` to `greatest`.
std::optional<RowRanges> RangesFrom(const World& world, const Subject& subject, const Expr& reference, int64_t least,
                                    int64_t greatest);
// The shorter of two of which both hold.
std::optional<RowRanges> Shorter(const World& world, std::optional<RowRanges> a, std::optional<RowRanges> b);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROW_RANGES_H_
