// HistoryService: a record's events with what each changed, the log, the log live, commits as stored.
#ifndef RECOUNT_SERVICES_HISTORY_METHODS_H_
#define RECOUNT_SERVICES_HISTORY_METHODS_H_

#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

void AddHistoryService(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_HISTORY_METHODS_H_
