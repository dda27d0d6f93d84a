#include "services/error_mapping.h"

#include <grpcpp/impl/codegen/status.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "domain/refusal.h"

namespace recount::services {

absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || domain::ReasonOf(status) != v1::ERROR_REASON_UNSPECIFIED) return status;
  const absl::string_view message = status.message();
  const size_t colon = message.find(": ");
  if (colon == absl::string_view::npos) return status;
  v1::ErrorReason reason;
  if (!v1::ErrorReason_Parse(std::string(message.substr(0, colon)), &reason)) return status;
  return domain::Refuse(reason, message.substr(colon + 2));
}

google::rpc::Status ToRpc(const absl::Status& status) {
  if (status.ok()) return {};
  return domain::ToRpcStatus(WithReason(status));
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpc(status);
  return grpc::Status(static_cast<grpc::StatusCode>(rpc.code()), rpc.message(), rpc.SerializeAsString());
}

}  // namespace recount::services
