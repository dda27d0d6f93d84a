#include "services/wire.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"

namespace recount::services {
namespace {

std::string MetadataValue(const grpc::CallbackServerContext& context, absl::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

}  // namespace

absl::StatusOr<Call> Admit(const WireMethod& method, const grpc::CallbackServerContext& context) {
  auto caller = method.gate.credentials->Identify([&](absl::string_view key) { return MetadataValue(context, key); });
  if (!caller.ok()) return caller.status();
  if (absl::Status access = CheckAccess(*caller, method.handler->access); !access.ok()) return access;
  Call call;
  call.caller = *std::move(caller);
  // gRPC tells it in the time of day, of this moment; absl::Now() would learn late that the clock was set.
  if (context.deadline() != std::chrono::system_clock::time_point::max())
    call.deadline = eventstore::SteadyNow() + absl::FromChrono(context.deadline() - std::chrono::system_clock::now());
  return call;
}

absl::StatusOr<std::unique_ptr<Message>> ParseRequest(const WireMethod& method, const grpc::ByteBuffer& bytes) {
  if (bytes.Length() > method.handler->max_request_bytes) {
    return domain::Refuse(v1::FIELD_TOO_LONG,
                          absl::StrCat("the request has ", bytes.Length(), " bytes; this method takes ",
                                       method.handler->max_request_bytes));
  }
  std::unique_ptr<Message> request(method.request_prototype->New());
  grpc::ByteBuffer readable = bytes;  // shares the slices
  grpc::ProtoBufferReader reader(&readable);
  if (!request->ParseFromZeroCopyStream(&reader)) {
    return domain::Refuse(v1::FIELD_INVALID,
                          absl::StrCat("the request is no sound ", request->GetDescriptor()->full_name(),
                                       ": malformed, nested too deep, or with text that is not UTF-8"));
  }
  if (method.handler->checks_limits) {
    if (absl::Status limits = domain::CheckLimits(*request); !limits.ok()) return limits;
  }
  return request;
}

grpc::ByteBuffer Serialized(const Message& message) {
  grpc::ByteBuffer bytes;
  bool own = false;
  grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(message, &bytes, &own);
  return bytes;
}

}  // namespace recount::services
