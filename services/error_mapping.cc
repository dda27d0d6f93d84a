#include "services/error_mapping.h"

#include <grpcpp/impl/codegen/status.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "domain/refusal.h"
#include "google/rpc/error_details.pb.h"

namespace recount::services {
namespace {

// The status of a call travels in trailers, the details coded with a third more bytes and the message with up to three times as
// many; of more than 8 KB a client gets nothing but that it was too much. Of a batch's outcomes there may be a thousand.
constexpr size_t kLongestMessage = 700;
constexpr size_t kMostDetailBytes = 3500;
constexpr size_t kLongestMetadata = 256;

void CutText(size_t longest, std::string* text) {
  if (text->size() <= longest) return;
  size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xc0) == 0x80) --end;  // not within a character
  text->resize(end);
  text->append(" ... (cut)");
}

void CutInfo(google::protobuf::Any* detail) {
  google::rpc::ErrorInfo info;
  if (!detail->UnpackTo(&info)) return;
  for (auto& [key, value] : *info.mutable_metadata()) CutText(kLongestMetadata, &value);
  detail->PackFrom(info);
}

// The reason always arrives, what is too long is cut.
void Shorten(google::rpc::Status* status) {
  CutText(kLongestMessage, status->mutable_message());
  if (status->ByteSizeLong() <= kMostDetailBytes) return;
  auto* details = status->mutable_details();
  for (int i = details->size() - 1; i >= 0; --i) {
    if (details->Get(i).Is<google::rpc::ErrorInfo>()) {
      CutInfo(details->Mutable(i));
    } else {
      details->DeleteSubrange(i, 1);
    }
  }
}

}  // namespace

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
  google::rpc::Status rpc = domain::ToRpcStatus(WithReason(status));
  Shorten(&rpc);
  return rpc;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpc(status);
  return grpc::Status(static_cast<grpc::StatusCode>(rpc.code()), rpc.message(), rpc.SerializeAsString());
}

}  // namespace recount::services
