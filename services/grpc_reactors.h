// The reactors behind the described services: one kind for each form of method.
#ifndef RECOUNT_SERVICES_GRPC_REACTORS_H_
#define RECOUNT_SERVICES_GRPC_REACTORS_H_

#include <grpcpp/impl/codegen/server_callback.h>
#include <grpcpp/support/byte_buffer.h>

#include "google/protobuf/descriptor.h"
#include "services/grpc_service.h"

namespace recount::services {

// A method on the wire.
struct WireMethod {
  const Gate gate;
  const Method* handler = nullptr;
  const google::protobuf::Message* request_prototype = nullptr;
};

grpc::ServerUnaryReactor* AnswerUnary(const WireMethod& method, grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response);
grpc::ServerWriteReactor<grpc::ByteBuffer>* AnswerByStream(const WireMethod& method,
                                                           grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request);
// As Method::push says.
grpc::ServerWriteReactor<grpc::ByteBuffer>* AnswerByPushing(const WireMethod& method,
                                                            grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request);
// Messages are answered in their order, each by one; reading stops while too many are unanswered.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AnswerEach(const WireMethod& method,
                                                                        grpc::CallbackServerContext* context);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_GRPC_REACTORS_H_
