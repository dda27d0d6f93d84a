// All commands on the wire: each by its own method, and any of them, many at once, by CommandService.
#ifndef RECOUNT_SERVICES_COMMAND_METHODS_H_
#define RECOUNT_SERVICES_COMMAND_METHODS_H_

#include "google/protobuf/descriptor.h"
#include "services/backend.h"
#include "services/rpc.h"

namespace recount::services {

// Adds the method to the table if its request is one of the messages of v1::Command; false: it is none.
bool AddIfCommand(const Backend* backend, const google::protobuf::MethodDescriptor* method, MethodTable* table);
void AddCommandService(const Backend* backend, MethodTable* table);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_COMMAND_METHODS_H_
