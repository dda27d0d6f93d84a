// Questions about rules: those that hold, all versions, drafts.
#ifndef RECOUNT_SERVICES_RULEBOOK_METHODS_H_
#define RECOUNT_SERVICES_RULEBOOK_METHODS_H_

#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

void AddRulebookQueries(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RULEBOOK_METHODS_H_
