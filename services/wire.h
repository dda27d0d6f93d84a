// What is common to all reactors: who calls, and messages from bytes and to bytes.
#ifndef RECOUNT_SERVICES_WIRE_H_
#define RECOUNT_SERVICES_WIRE_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/statusor.h"
#include "services/grpc_reactors.h"

namespace recount::services {

// Who calls and until when; refuses who may not.
absl::StatusOr<Call> Admit(const WireMethod& method, const grpc::CallbackServerContext& context);

// The request, within the method's size and, where the method asks for it, the limits of its fields.
absl::StatusOr<std::unique_ptr<Message>> ParseRequest(const WireMethod& method, const grpc::ByteBuffer& bytes);

grpc::ByteBuffer Serialized(const Message& message);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_WIRE_H_
