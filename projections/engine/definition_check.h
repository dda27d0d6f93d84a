// What can be said of a definition without compiling its expressions.
#ifndef RECOUNT_PROJECTIONS_ENGINE_DEFINITION_CHECK_H_
#define RECOUNT_PROJECTIONS_ENGINE_DEFINITION_CHECK_H_

#include "absl/status/status.h"
#include "recount/v1/report_definition.pb.h"

namespace recount::projections {

// It has a shape, and the shape finds nothing wrong; ids are names and each is there once; nothing is said that its shape would
// pass over in silence. DEFINITION_INVALID with the place.
absl::Status CheckForm(const v1::ReportDefinition& definition);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DEFINITION_CHECK_H_
