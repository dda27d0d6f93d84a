// Opening what changed from one run of a report to the other.
#ifndef RECOUNT_PROJECTIONS_ENGINE_EXPLAIN_CHANGE_H_
#define RECOUNT_PROJECTIONS_ENGINE_EXPLAIN_CHANGE_H_

#include <string>

#include "projections/engine/shape.h"

namespace recount::projections {

// From both sides of a cell, opened, to its change, in the texts of `first`. Of a count or a sum each record brings the
// difference of what it brings to the sides, so that they add up; of all else both sides are opened (decisions.md 25).
Explanation ExplainChange(const std::string& column, const Query& first, Explanation left, const Query& second, Explanation right);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_EXPLAIN_CHANGE_H_
