// Row rights of records that are read and written one by one (domain/rights.h). Reports and lists have theirs in the engine.
#ifndef RECOUNT_SERVICES_RECORD_RIGHTS_H_
#define RECOUNT_SERVICES_RECORD_RIGHTS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/aggregate.h"
#include "domain/rights.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// The owners whose records a caller may see, by the org chart of today.
absl::StatusOr<domain::SeenOwners> SeenBy(const Backend* backend, const Tenant& tenant, const Caller& caller);

// Whether a record is one of theirs; one that is not there, or that has no owners, e.g. a product, is.
bool Sees(const domain::SeenOwners& seen, const domain::State& state);

// RIGHTS_EXCEEDED of a caller who may not see everything, and asks for what cannot be told in part.
absl::Status CheckSeesEverything(const Caller& caller);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RECORD_RIGHTS_H_
