#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/report_render.h"
#include "tools/cli/watched_report.h"

namespace recount::tools {
namespace {

absl::StatusOr<api::WatchReportRequest> ToWatchRequest(const ReportOptions& options) {
  absl::StatusOr<api::RunReportRequest> asked = ToRunRequest(options);
  if (!asked.ok()) return asked.status();
  api::WatchReportRequest request;
  request.set_report(asked->report());
  if (asked->has_parameters()) *request.mutable_parameters() = asked->parameters();
  request.set_sort(asked->sort());
  request.set_language(asked->language());
  return request;
}

bool MayGoOn(const absl::Status& status) { return absl::IsUnavailable(status) || ReasonOf(status) == "READER_TOO_SLOW"; }

class Watch {
 public:
  Watch(Session& session, const ReportOptions& options, int changes) : session_(session), report_(options.report), left_(changes) {}

  absl::Status Run(api::WatchReportRequest request) {
    while (true) {
      const absl::Status ended = session_.client->Watch(request, [this](const api::WatchReportResponse& message) { return Take(message); });
      if (ended.ok()) return ended;
      watched_.DropUnfinished();
      const bool is_resumed = !request.resume_token().empty();
      if (is_resumed && ReasonOf(ended) == "TOKEN_INVALID") {
        session_.err << "the report is not counted as it was before; anew:" << std::endl;
        request.clear_resume_token();
        continue;
      }
      if (watched_.token().empty() || !MayGoOn(ended)) return WithSuggestion(session_, report_, ended);
      if (request.resume_token() != watched_.token()) {  // said once, however often it is tried
        session_.err << "the watch broke off (" << ended.message() << "); it goes on from position "
                     << watched_.answer().basis().position() << std::endl;
      }
      if (!session_.client->WaitUntilServing(session_.client->connection().timeout_seconds)) return ended;
      request.set_resume_token(watched_.token());
    }
  }

 private:
  // False: enough.
  bool Take(const api::WatchReportResponse& message) {
    if (session_.format == Format::kJson) {
      std::string line;
      if (google::protobuf::util::MessageToJsonString(message, &line).ok()) session_.out << line << std::endl;
    }
    if (!watched_.Take(message)) return true;
    if (session_.format != Format::kJson) Show();
    session_.out.flush();
    // The first answer is no change.
    if (!is_first_ && left_ > 0) --left_;
    is_first_ = false;
    return left_ != 0;
  }
  void Show() {
    if (watched_.is_whole()) {
      RenderTable(watched_.answer(), session_.look, session_.out);
    } else {
      RenderChange(watched_, session_.look, session_.out);
    }
  }

  Session& session_;
  const std::string report_;
  WatchedReport watched_;
  int left_;  // changes; negative: all
  bool is_first_ = true;
};

}  // namespace

absl::Status WatchReport(Session& session, const ReportOptions& options, int changes) {
  absl::StatusOr<api::WatchReportRequest> request = ToWatchRequest(options);
  if (!request.ok()) return request.status();
  return Watch(session, options, changes).Run(*std::move(request));
}

}  // namespace recount::tools
