// count_of, sum_of, min_of, max_of: from a record to those that point to it.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_

#include "projections/engine/expression.h"
#include "projections/engine/selection.h"

namespace recount::projections {

// For each row what the other subject's records bring that point to its record. Deleted ones do not count unless the condition
// names `deleted`. Money of several currencies has no sum.
Values RollUp(const Selection& selection, const Node& roll_up);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROLL_UP_H_
