// Get, BatchGet and List of every resource: one implementation, told apart by descriptors.
#ifndef RECOUNT_SERVICES_RESOURCE_METHODS_H_
#define RECOUNT_SERVICES_RESOURCE_METHODS_H_

#include "google/protobuf/descriptor.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// Adds the method to the table if its request is one of the three of query.proto; false: it is none.
bool AddIfResourceQuery(const Backend* backend, const google::protobuf::MethodDescriptor* method, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RESOURCE_METHODS_H_
