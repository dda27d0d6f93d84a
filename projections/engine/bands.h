// Bands of amounts: `band(value, "1000, 10000")` says in which of `<1000`, `1000-10000` and `>=10000` a value lies. A band begins
// with its first bound and ends before its second one.
#ifndef RECOUNT_PROJECTIONS_ENGINE_BANDS_H_
#define RECOUNT_PROJECTIONS_ENGINE_BANDS_H_

#include "absl/types/span.h"
#include "projections/engine/functions.h"
#include "projections/engine/query.h"
#include "projections/engine/shape.h"

namespace recount::projections {

absl::Span<const Function> BandFunctions();

// If a dimension is made of bands: they stand from the least to the greatest, not by their letters.
void OrderBands(const Query& query, const Node& expr, AnswerColumn* column);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_BANDS_H_
