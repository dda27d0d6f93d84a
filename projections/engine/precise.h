// Times that are known to the instant, for functions that may not take a day for its first moment.
#ifndef RECOUNT_PROJECTIONS_ENGINE_PRECISE_H_
#define RECOUNT_PROJECTIONS_ENGINE_PRECISE_H_

#include <string>

#include "projections/engine/expression.h"

namespace recount::projections {

// The field that says of a time whether only its day is known; not every subject has it.
std::string DayFlagOf(absl::string_view time);

// The same expression over a subject, without a value where only the day of the time is known (decisions.md 3), also behind a
// choice, a reference or a roll-up. A time beside which the subject keeps no `..._is_day` is taken as it is.
Expr Precise(const Expr& expr, const Subject& subject, const Schema& schema);

bool NamesAxis(const Expr& expr);

// Whether a call in the expression has no value only because a day is known and no instant; nullptr: it never is so.
Expr KnownByDayOnly(const Expr& expr);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_PRECISE_H_
