// Conditions that no row can change, e.g. `$start = "capture"`: what stands behind a false one is not worked out.
#ifndef RECOUNT_PROJECTIONS_ENGINE_KNOWN_FLAG_H_
#define RECOUNT_PROJECTIONS_ENGINE_KNOWN_FLAG_H_

#include <optional>

#include "projections/engine/expression.h"

namespace recount::projections {

// Whether the condition holds of every row or of none; nullopt: it depends on the row.
std::optional<bool> KnownFlag(const Node& condition);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_KNOWN_FLAG_H_
