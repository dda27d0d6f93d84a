// Methods that answer a message by one.
#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "eventstore/steady_time.h"
#include "services/error_mapping.h"
#include "services/grpc_reactors.h"
#include "services/wire.h"

namespace recount::services {
namespace {

using Bytes = grpc::ByteBuffer;

// Hands a request in, or the reason why not out.
void Hand(const WireMethod& method, const grpc::CallbackServerContext* context, const Bytes& bytes, Reply reply) {
  absl::StatusOr<Call> call = Admit(method, *context);
  if (!call.ok()) return reply(call.status());
  call->cancelled = [context] { return context->IsCancelled(); };
  auto request = ParseRequest(method, bytes);
  if (!request.ok()) return reply(request.status());
  if (call->deadline == absl::InfiniteFuture()) call->deadline = eventstore::SteadyNow() + method.handler->default_deadline;
  method.handler->unary(*call, *std::move(request), std::move(reply));
}

}  // namespace

grpc::ServerUnaryReactor* AnswerUnary(const WireMethod& method, grpc::CallbackServerContext* context,
                                      const Bytes* request, Bytes* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Hand(method, context, *request,
       [reactor, response](absl::StatusOr<std::unique_ptr<Message>> answer) {
         if (answer.ok()) *response = Serialized(**answer);
         reactor->Finish(ToGrpc(answer.status()));
       });
  return reactor;
}

}  // namespace recount::services
