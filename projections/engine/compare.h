// Two answers of one report beside each other.
#ifndef RECOUNT_PROJECTIONS_ENGINE_COMPARE_H_
#define RECOUNT_PROJECTIONS_ENGINE_COMPARE_H_

#include "absl/numeric/int128.h"
#include "projections/engine/shape.h"

namespace recount::projections {

// Joins the rows of `second` to those of `first` by their keys and adds columns `{id}.compared` and `{id}.change`. The change is
// first minus second; where a draft is compared with what holds, what would hold minus what holds. Texts of `second_query`
// become those of `first_query`.
Answer Compare(const Query& first_query, Answer first, const Query& second_query, Answer second);

// Whether the change is second minus first: a draft beside what holds.
bool IsForward(const Query& first, const Query& second);

// One minus the other; no value where one has none.
Scalar Difference(const Scalar& left, const Scalar& right, bool is_ratio);

// A ratio in least terms with a positive denominator; no value where it does not fit.
Scalar Reduced(absl::int128 numerator, absl::int128 denominator);

// Whether a text code or a number.
bool IsText(Type type);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_COMPARE_H_
