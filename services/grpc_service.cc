#include "services/grpc_service.h"

#include <grpcpp/impl/codegen/rpc_service_method.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/dynamic_message.h"
#include "services/grpc_reactors.h"

namespace recount::services {
namespace {

using grpc::internal::RpcMethod;
using Bytes = grpc::ByteBuffer;

RpcMethod::RpcType TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return RpcMethod::BIDI_STREAMING;
  return method.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
}

std::unique_ptr<grpc::internal::MethodHandler> HandlerOf(RpcMethod::RpcType type, const WireMethod& wire) {
  switch (type) {
    case RpcMethod::BIDI_STREAMING:
      return std::make_unique<grpc::internal::CallbackBidiHandler<Bytes, Bytes>>(
          [wire](grpc::CallbackServerContext* context) { return AnswerEach(wire, context); });
    case RpcMethod::SERVER_STREAMING:
      return std::make_unique<grpc::internal::CallbackServerStreamingHandler<Bytes, Bytes>>(
          [wire](grpc::CallbackServerContext* context, const Bytes* request) {
            return wire.handler->push != nullptr ? AnswerByPushing(wire, context, request)
                                                 : AnswerByStream(wire, context, request);
          });
    default:
      return std::make_unique<grpc::internal::CallbackUnaryHandler<Bytes, Bytes>>(
          [wire](grpc::CallbackServerContext* context, const Bytes* request, Bytes* response) {
            return AnswerUnary(wire, context, request, response);
          });
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<DescribedService>> DescribedService::Make(
    const google::protobuf::ServiceDescriptor* service, const Gate& gate) {
  std::unique_ptr<DescribedService> result(new DescribedService);
  std::vector<std::string> missing;
  for (int i = 0; i < service->method_count(); ++i) {
    const google::protobuf::MethodDescriptor* method = service->method(i);
    if (const Method* handler = gate.methods->Find(method->full_name())) {
      result->AddDescribed(method, handler, gate);
    } else {
      missing.push_back(method->full_name());
    }
  }
  if (missing.empty()) return result;
  return absl::FailedPreconditionError(absl::StrCat("nobody answers ", absl::StrJoin(missing, ", ")));
}

void DescribedService::AddDescribed(const google::protobuf::MethodDescriptor* method, const Method* handler,
                                    const Gate& gate) {
  paths_.push_back(absl::StrCat("/", method->service()->full_name(), "/", method->name()));
  const WireMethod wire{gate, handler,
                        google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->input_type())};
  const RpcMethod::RpcType type = TypeOf(*method);
  auto added = std::make_unique<grpc::internal::RpcServiceMethod>(paths_.back().c_str(), type, nullptr);
  added->SetServerApiType(grpc::internal::RpcServiceMethod::ApiType::RAW_CALL_BACK);
  added->SetHandler(HandlerOf(type, wire).release());
  AddMethod(added.release());
}

}  // namespace recount::services
