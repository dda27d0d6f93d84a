#include "domain/refusal.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace recount::domain {
namespace {

constexpr absl::string_view kDomain = "recount.v1";

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

template <typename Detail>
void Attach(const Detail& detail, absl::Status* status) {
  static const std::string& url = *new std::string(TypeUrl<Detail>());
  status->SetPayload(url, absl::Cord(detail.SerializeAsString()));
}

void AttachField(absl::string_view reason, absl::string_view message, absl::string_view field,
                 absl::Status* status) {
  if (status->code() == absl::StatusCode::kInvalidArgument) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(std::string(field));
    violation->set_description(std::string(message));
    Attach(bad, status);
  } else if (status->code() == absl::StatusCode::kFailedPrecondition) {
    google::rpc::PreconditionFailure failure;
    auto* violation = failure.add_violations();
    violation->set_type(std::string(reason));
    violation->set_subject(std::string(field));
    violation->set_description(std::string(message));
    Attach(failure, status);
  }
}

}  // namespace

absl::StatusCode CodeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::EMPTY_COMMAND:
    case v1::FIELD_REQUIRED:
    case v1::FIELD_TOO_LONG:
    case v1::FIELD_INVALID:
    case v1::UNKNOWN_ENUM_VALUE:
    case v1::REQUEST_ID_REUSED:
    case v1::OCCURRED_IN_FUTURE:
    case v1::LEAD_UNIDENTIFIED:
    case v1::PARTY_REQUIRED:
    case v1::REASON_REQUIRED:
    case v1::UNKNOWN_REASON:
    case v1::UNKNOWN_PIPELINE:
    case v1::UNKNOWN_STAGE:
    case v1::STAGE_OF_OTHER_PIPELINE:
    case v1::CURRENCY_INVALID:
    case v1::AMOUNT_INVALID:
    case v1::UNKNOWN_FIELD:
    case v1::FIELD_TYPE_MISMATCH:
    case v1::NAME_REQUIRED:
    case v1::RULE_INVALID:
    case v1::DEFINITION_INVALID:
    case v1::FILTER_INVALID:
    case v1::PARAMETER_INVALID:
    case v1::PAGE_TOKEN_MISMATCH:
    case v1::TOKEN_INVALID:
    case v1::UNKNOWN_ZONE:
    case v1::UNKNOWN_CURRENCY:
    case v1::CLOCK_BACKWARDS:
    case v1::STAGE_AMBIGUOUS:
    case v1::PERIOD_INVALID:
    case v1::BACKUP_FOLDER_INVALID:
    case v1::ANSWERS_NOT_COMPARABLE:
      return absl::StatusCode::kInvalidArgument;
    case v1::RECORD_NOT_FOUND:
    case v1::RULE_VERSION_NOT_FOUND:
    case v1::DRAFT_NOT_FOUND:
    case v1::REPORT_NOT_FOUND:
    case v1::TENANT_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::RECORD_EXISTS:
    case v1::EXTERNAL_ID_TAKEN:
    case v1::TENANT_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case v1::RECORD_DELETED:
    case v1::BACKDATING_CONFLICT:
    case v1::LEAD_CONVERTED:
    case v1::LEAD_DISQUALIFIED:
    case v1::LEVEL_NOT_UPWARD:
    case v1::STAGE_IS_OUTCOME:
    case v1::DEAL_CLOSED:
    case v1::DEAL_OPEN:
    case v1::PARENT_CYCLE:
    case v1::STAGE_MAP_NOT_TOTAL:
    case v1::ORG_CYCLE:
    case v1::DRAFT_CLOSED:
    case v1::CLOCK_NOT_SIMULATED:
    case v1::RULE_NOT_RETROACTIVE:
    case v1::BACKUPS_OFF:
    case v1::BACKUP_MISMATCH:
      return absl::StatusCode::kFailedPrecondition;
    case v1::REVISION_MISMATCH:
    case v1::ATOMIC_GROUP_REFUSED:
    case v1::REBUILD_RUNNING:
    case v1::BACKUP_RUNNING:
      return absl::StatusCode::kAborted;
    case v1::POSITION_BEYOND_HEAD:
      return absl::StatusCode::kOutOfRange;
    case v1::READ_MODEL_BEHIND:
    case v1::DEADLINE_PASSED:
      return absl::StatusCode::kDeadlineExceeded;
    case v1::CREDENTIALS_INVALID:
      return absl::StatusCode::kUnauthenticated;
    case v1::ROLE_NOT_ALLOWED:
    case v1::RIGHTS_EXCEEDED:
      return absl::StatusCode::kPermissionDenied;
    case v1::TOO_MANY_COMMANDS:
    case v1::DISK_FULL:
    case v1::ANSWER_TOO_LARGE:
    case v1::READER_TOO_SLOW:
      return absl::StatusCode::kResourceExhausted;
    case v1::OUTCOME_UNKNOWN:
    case v1::SERVER_STOPPING:
      return absl::StatusCode::kUnavailable;
    case v1::DATA_DAMAGED:
      return absl::StatusCode::kDataLoss;
    case v1::ERROR_REASON_UNSPECIFIED:
    case v1::ErrorReason_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::ErrorReason_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return absl::StatusCode::kInternal;
}

absl::Status Refuse(v1::ErrorReason reason, absl::string_view message, absl::string_view field,
                    Metadata metadata) {
  absl::Status status(CodeOf(reason), message);
  google::rpc::ErrorInfo info;
  info.set_reason(v1::ErrorReason_Name(reason));
  info.set_domain(std::string(kDomain));
  for (const auto& [key, value] : metadata)
    (*info.mutable_metadata())[std::string(key)] = std::string(value);
  if (!field.empty()) {
    info.mutable_metadata()->insert({"field", std::string(field)});
    AttachField(info.reason(), message, field, &status);
  }
  Attach(info, &status);
  return status;
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  static const std::string& url = *new std::string(TypeUrl<google::rpc::ErrorInfo>());
  const auto payload = status.GetPayload(url);
  google::rpc::ErrorInfo info;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload)) ||
      info.domain() != kDomain || !v1::ErrorReason_Parse(info.reason(), &reason)) {
    return v1::ERROR_REASON_UNSPECIFIED;
  }
  return reason;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(status.code()));
  rpc.set_message(std::string(status.message()));
  status.ForEachPayload([&rpc](absl::string_view url, const absl::Cord& payload) {
    auto* any = rpc.add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::string(payload));
  });
  return rpc;
}

}  // namespace recount::domain
