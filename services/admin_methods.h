// AdminService: tenants, status, rebuild, verify, the simulated clock.
#ifndef RECOUNT_SERVICES_ADMIN_METHODS_H_
#define RECOUNT_SERVICES_ADMIN_METHODS_H_

#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

inline constexpr char kVersion[] = "0.1.0";

void AddAdminService(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_ADMIN_METHODS_H_
