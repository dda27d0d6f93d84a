#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/pages.h"
#include "tools/cli/text_width.h"
#include "tools/cli/value_text.h"
#include "tools/import/import_run.h"
#include "tools/import/import_state.h"

namespace recount::tools {
namespace {

class ServerTarget : public ImportTarget {
 public:
  explicit ServerTarget(Client* client) : client_(client) {}

  std::unique_ptr<CommandStream> OpenStream() override { return client_->OpenStream(); }

  absl::StatusOr<std::vector<api::RuleVersion>> RuleVersions() override {
    api::ListRuleVersionsResponse response;
    absl::Status status = CallAllPages(*client_, "RulebookService.ListRuleVersions", api::ListRuleVersionsRequest(), &response);
    if (!status.ok()) return status;
    return std::vector<api::RuleVersion>(response.versions().begin(), response.versions().end());
  }

  absl::Status PublishRules(const api::PublishRulesRequest& request) override {
    api::CommandResult result;
    return client_->Call("RulebookService.PublishRules", request, &result);
  }

 private:
  Client* client_;
};

std::string JsonLine(const google::protobuf::Message& message) {
  std::string out;
  return google::protobuf::util::MessageToJsonString(message, &out).ok() ? out : std::string();
}

void PrintSummary(Session& session, const ImportSummary& summary, const ImportCommandOptions& options) {
  TextTable table;
  table.AddColumn("file");
  for (const char* header : {"rows", "commands", "accepted", "unchanged", "repeated", "refused", "rows not read", "commands/s"}) {
    table.AddColumn(header, TextTable::Align::kRight);
  }
  for (const FileSummary& file : summary.files) {
    const double rate = file.seconds > 0 ? static_cast<double>(file.counts.sent) / file.seconds : 0;
    table.AddRow({file.kind, Grouped(file.rows), Grouped(file.counts.sent), Grouped(file.counts.accepted), Grouped(file.counts.unchanged),
                  Grouped(file.counts.repeated), Grouped(file.counts.refused), Grouped(file.rows_unreadable),
                  options.dry_run ? "–" : Grouped(static_cast<int64_t>(rate))});
  }
  table.Print(session.out, session.look);
  for (const FileSummary& file : summary.files) {
    if (file.rows_skipped == 0) continue;
    session.out << file.kind << ": went on after row " << Grouped(file.rows_skipped) << ", where an earlier run ended\n";
  }
  if (summary.rules_published > 0) session.out << summary.rules_published << (summary.rules_published == 1 ? " rule" : " rules") << " published\n";
  if (options.dry_run) session.out << "dry run: nothing was sent\n";
  if (summary.position > 0) session.out << "the newest position is " << summary.position << "\n";
}

void PrintSummaryJson(Session& session, const ImportSummary& summary) {
  session.out << "{\"rulesPublished\": " << summary.rules_published << ", \"position\": \"" << summary.position << "\", \"files\": [";
  const char* comma = "";
  for (const FileSummary& file : summary.files) {
    session.out << comma << "\n  {\"kind\": \"" << file.kind << "\", \"rows\": " << file.rows << ", \"commands\": " << file.counts.sent
                << ", \"accepted\": " << file.counts.accepted << ", \"unchanged\": " << file.counts.unchanged
                << ", \"repeated\": " << file.counts.repeated << ", \"refused\": " << file.counts.refused
                << ", \"rowsNotRead\": " << file.rows_unreadable << ", \"rowsSkipped\": " << file.rows_skipped
                << ", \"seconds\": " << absl::StrFormat("%.3f", file.seconds) << "}";
    comma = ",";
  }
  session.out << "\n]}\n";
}

constexpr char kReusedHint[] =
    "an earlier import sent other commands for the rows that are REQUEST_ID_REUSED. If the mapping or their cells were corrected, --mode "
    "upsert\nmakes the change. If rows were put in or taken out before them, put that right instead: the change would hit other records\n";

void PrintRejects(Session& session, const ImportSummary& summary, const std::string& path) {
  if (summary.refused() == 0) return;
  session.err << Grouped(summary.refused()) << " refused:\n";
  size_t shown = 0;
  bool is_reused = false;
  for (const Reject& reject : summary.first_rejects) {
    if (shown == 10) break;
    ++shown;
    is_reused |= reject.reason == "REQUEST_ID_REUSED";
    session.err << "  " << reject.kind << " row " << reject.row << (reject.step.empty() ? "" : " ") << reject.step << ": "
                << ForTerminal(reject.message) << (reject.reason.empty() ? "" : " (" + reject.reason + ")") << "\n";
  }
  if (summary.refused() > shown) session.err << "  and " << summary.refused() - shown << " more\n";
  if (is_reused) session.err << kReusedHint;
  session.err << (path.empty() ? "--rejects FILE writes all of them with their rows\n" : absl::StrCat("all of them with their rows: ", path, "\n"));
}

}  // namespace

absl::Status Import(Session& session, const ImportCommandOptions& options) {
  if (options.mode != "create" && options.mode != "upsert") return Usage("--mode: write create or upsert");
  absl::StatusOr<std::unique_ptr<Mapping>> mapping = LoadMapping(options.mapping);
  if (!mapping.ok()) return mapping.status();
  const Connection& connection = session.client->connection();
  ImportOptions run;
  run.data = options.data;
  run.upsert = options.mode == "upsert";
  run.dry_run = options.dry_run;
  run.resume = options.resume;
  run.batch = static_cast<size_t>(options.batch);
  run.rejects = options.rejects;
  run.state_folder = DefaultStateFolder();
  run.destination = absl::StrCat(connection.server, "\n", connection.tenant, "\n", connection.token);
  auto progress = std::make_unique<Progress>(session);
  run.on_progress = [&](const std::string& kind, uint64_t rows, const PumpCounts& counts) {
    progress->Show(absl::StrCat("importing ", kind, ": ", Grouped(rows), " rows, ", Grouped(counts.sent), " commands, ",
                               Grouped(counts.refused), " refused"));
  };
  if (options.dry_run && session.format == Format::kTable) {
    run.sample_rows = options.samples;
    run.on_sample = [&](uint64_t row, const api::Command& command) { session.out << "row " << row << "  " << JsonLine(command) << "\n"; };
  }
  ServerTarget target(session.client);
  absl::StatusOr<ImportSummary> summary = RunImport(**mapping, run, &target);
  progress.reset();
  if (!summary.ok()) return summary.status();
  if (session.format == Format::kJson) {
    PrintSummaryJson(session, *summary);
  } else {
    PrintSummary(session, *summary, options);
  }
  PrintRejects(session, *summary, options.rejects);
  if (summary->refused() > 0) {
    return absl::FailedPreconditionError(options.dry_run ? "some rows would be refused"
                                                         : "some rows were refused; all others are imported");
  }
  return absl::OkStatus();
}

}  // namespace recount::tools
