// The row of records that stand beside the groups of an aggregate (AggregateShape.apart).
#ifndef RECOUNT_PROJECTIONS_ENGINE_APART_ROW_H_
#define RECOUNT_PROJECTIONS_ENGINE_APART_ROW_H_

#include <memory>

#include "absl/status/statusor.h"
#include "projections/engine/shape.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// Form of the definition's apart, if it has one. DEFINITION_INVALID with the place.
absl::Status CheckApart(const v1::ReportDefinition& definition);

// The same question, asked of the records apart: its total is the row. `pin`: what `query` was resolved to. FILTER_INVALID: the
// filter names what they do not have.
absl::StatusOr<std::unique_ptr<Query>> ResolveApart(const Query& query, const storage::v1::Pin& pin);

// Adds the row if the definition has one and there is something to count in it.
absl::Status AddApartRow(const Query& query, const storage::v1::Pin& pin, Answer* answer);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_APART_ROW_H_
