#include "tools/cli/failure.h"

#include <map>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tools/cli/text_width.h"

namespace recount::tools {
namespace {

constexpr char kDetails[] = "type.googleapis.com/google.rpc.Status";
constexpr char kUsage[] = "recount.usage";

struct Details {
  std::string reason;
  std::string field;
  std::map<std::string, std::string> metadata;
};

Details DetailsOf(const absl::Status& status) {
  Details out;
  google::rpc::Status details;
  const auto payload = status.GetPayload(kDetails);
  if (!payload.has_value() || !details.ParseFromString(std::string(*payload))) return out;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::PreconditionFailure precondition;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) {
      out.reason = info.reason();
      out.metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (detail.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      out.field = bad.field_violations(0).field();
    } else if (detail.UnpackTo(&precondition) && precondition.violations_size() > 0) {
      out.field = precondition.violations(0).subject();
    }
  }
  return out;
}

// What to do, where the sentence alone does not say it.
const char* AdviceFor(const std::string& reason) {
  static const std::map<std::string, const char*>& advice = *new std::map<std::string, const char*>{
      {"REPORT_NOT_FOUND", "`recount report list` shows the reports"},
      {"TENANT_EXISTS", "`recount tenant list` shows its settings"},
      {"TENANT_NOT_FOUND", "`recount tenant create NAME` makes one; --tenant or RECOUNT_TENANT says which"},
      {"CREDENTIALS_INVALID", "give --token or RECOUNT_TOKEN; without a tokens file the server must run with --insecure"},
      {"ROLE_NOT_ALLOWED", "use a token with another role"},
      {"RIGHTS_EXCEEDED", "ask for less by --rights, or use a token that sees more"},
      {"DRAFT_NOT_FOUND", "`recount rules list` shows the drafts"},
      {"RULE_VERSION_NOT_FOUND", "`recount rules list` shows the versions with their positions"},
      {"RECORD_NOT_FOUND", "`recount list COLLECTION` shows records"},
      {"REVISION_MISMATCH", "read the record again, then decide again"},
      {"REQUEST_ID_REUSED", "use a new request id, or for a corrected mapping `recount import --mode upsert`"},
      {"READ_MODEL_BEHIND", "ask again, or without --min-position"},
      {"POSITION_BEYOND_HEAD", "`recount status` shows the newest position"},
      {"PARAMETER_INVALID", "`recount report show REPORT` lists what it takes"},
      {"FILTER_INVALID", "`recount report show REPORT` lists the fields that a filter may use"},
      {"DEFINITION_INVALID", "`recount report show REPORT` lists the fields that expressions may use"},
      {"STAGE_MAP_NOT_TOTAL", "map every former stage in `stage_maps`, to an empty text if it has no successor"},
      {"UNKNOWN_STAGE", "`recount rules show pipelines` lists the stages"},
      {"UNKNOWN_PIPELINE", "`recount rules show pipelines` lists the pipelines"},
      {"UNKNOWN_FIELD", "`recount rules show field_schema` lists the custom fields"},
      {"UNKNOWN_REASON", "`recount rules show reasons` lists the reasons"},
      {"CLOCK_NOT_SIMULATED", "start the server with --simulated-clock on an empty folder"},
      {"TOO_MANY_COMMANDS", "wait a moment and send it again"},
      {"OUTCOME_UNKNOWN", "send it again with the same request id once the server is back"},
      {"REBUILD_RUNNING", "`recount status` shows how far it is"},
  };
  const auto found = advice.find(reason);
  return found == advice.end() ? nullptr : found->second;
}

// What to do when there is no connection; gRPC's own sentence is all that tells why.
std::string AdviceToConnect(absl::string_view message, const std::string& server) {
  if (absl::StrContains(message, "certificate verify failed")) {
    return absl::StrCat("--tls-ca must name the authority that signed the certificate of ", server);
  }
  if (absl::StrContains(message, "not in peer certificate")) {
    return absl::StrCat("the certificate is for another name than ", server, ": give --server as the certificate names it");
  }
  if (absl::StrContains(message, "WRONG_VERSION_NUMBER") || absl::StrContains(message, "wrong version number")) {
    return absl::StrCat(server, " does not speak TLS: leave out --tls-ca and RECOUNT_TLS_CA");
  }
  if (absl::StrContains(message, "DNS resolution failed")) {
    return absl::StrCat("no machine is known by the name in ", server, ": --server or RECOUNT_SERVER takes HOST:PORT");
  }
  if (absl::StrContains(message, "Socket closed") || absl::StrContains(message, "Connection reset")) {
    return absl::StrCat("if ", server, " speaks TLS, --tls-ca FILE or RECOUNT_TLS_CA turns it on; else it has just ended");
  }
  return absl::StrCat("is recountd running at ", server, "? --server or RECOUNT_SERVER says where; `recount status --wait 10` waits for it");
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.GetPayload(kUsage).has_value()) return kExitUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk: return kExitOk;
    case absl::StatusCode::kNotFound: return kExitNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted: return kExitConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded: return kExitUnavailable;
    default: return kExitFailed;
  }
}

std::string Describe(const absl::Status& status, const std::string& server) {
  const Details details = DetailsOf(status);
  std::string out = "recount:";
  // Sentences quote what others wrote; only the breaks of lines are ours.
  for (absl::string_view line : absl::StrSplit(status.message(), '\n')) absl::StrAppend(&out, " ", ForTerminal(line), "\n");
  if (!details.reason.empty()) absl::StrAppend(&out, "  reason: ", details.reason, "\n");
  if (!details.field.empty()) absl::StrAppend(&out, "  field: ", details.field, "\n");
  for (const auto& [key, value] : details.metadata) {
    if (key != "field") absl::StrAppend(&out, "  ", key, ": ", ForTerminal(value), "\n");
  }
  const char* advice = AdviceFor(details.reason);
  if (advice != nullptr) absl::StrAppend(&out, "  try: ", advice, "\n");
  if (details.reason.empty() && status.code() == absl::StatusCode::kUnavailable) {
    absl::StrAppend(&out, "  try: ", AdviceToConnect(status.message(), server), "\n");
  }
  if (details.reason.empty() && status.code() == absl::StatusCode::kDeadlineExceeded) {
    absl::StrAppend(&out, "  try: a greater --timeout; a command may have been executed none the less: repeat it with its request id\n");
  }
  return out;
}

std::string ReasonOf(const absl::Status& status) { return DetailsOf(status).reason; }

absl::Status Usage(absl::string_view sentence) {
  absl::Status status = absl::InvalidArgumentError(sentence);
  status.SetPayload(kUsage, absl::Cord("1"));
  return status;
}

}  // namespace recount::tools
