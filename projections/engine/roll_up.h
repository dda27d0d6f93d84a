// count_of, sum_of, min_of, max_of: from a record to those that point to it.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_

#include <cstdint>
#include <vector>

#include "projections/engine/expression.h"
#include "projections/engine/selection.h"

namespace recount::projections {

// For each row what the other subject's records bring that point to its record. Deleted ones do not count unless the condition
// names `deleted`. Money of several currencies has no sum.
Values RollUp(const Selection& selection, const Node& roll_up);

// The records that the roll-ups in these expressions count for each of `records` (text codes), each once and without the record
// itself, in the order of their rows.
std::vector<std::vector<int64_t>> RolledUpRecords(const World& world, const std::vector<Expr>& exprs,
                                                  const std::vector<int64_t>& records);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_
