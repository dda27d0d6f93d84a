// The order of an answer's rows.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ORDER_H_
#define RECOUNT_PROJECTIONS_ENGINE_ORDER_H_

#include "absl/status/status.h"
#include "projections/engine/shape.h"

namespace recount::projections {

// By `sort` (`column desc, column`), then by keys (AnswerColumn::order, else by value). What has no value, and money without a
// rate, comes last in either direction, totals after all, and under them what is apart. PARAMETER_INVALID for a column that is
// not there.
absl::Status SortRows(const Query& query, absl::string_view sort, Answer* answer);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ORDER_H_
