// ReportService: the engine with what it asks of the outside.
#ifndef RECOUNT_SERVICES_REPORT_METHODS_H_
#define RECOUNT_SERVICES_REPORT_METHODS_H_

#include "projections/report_engine.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// What the engine asks; `head_rules` and `snapshot` must outlive it.
projections::EngineContext MakeEngineContext(const Backend* backend, const Call& call, const Tenant& tenant,
                                             const projections::Snapshot& snapshot, const domain::Rulebook& head_rules);

void AddReportService(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_REPORT_METHODS_H_
