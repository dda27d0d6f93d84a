// The commands of the command line. Each prints its answer and returns what went wrong.
#ifndef RECOUNT_TOOLS_CLI_COMMANDS_H_
#define RECOUNT_TOOLS_CLI_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/cli/arguments.h"
#include "tools/cli/session.h"

namespace recount::tools {

// ---- Server and tenants (admin_commands.cc) ----
// `position`: with the digests of then; 0: of now.
absl::Status ShowStatus(Session& session, double wait_seconds, uint64_t position);
absl::Status CreateTenant(Session& session, const std::string& id, const std::string& display_name, const std::string& zone,
                          const std::string& currency, const std::string& region);
absl::Status ListTenants(Session& session);
absl::Status Rebuild(Session& session, const std::string& target);
// DATA_LOSS if something is wrong.
absl::Status Verify(Session& session, bool read_models);
absl::Status SetClock(Session& session, const std::string& time);

// ---- Backups (backup_commands.cc) ----
// By the server, into folders of its machine; `keys_folder` may be empty.
absl::Status CreateBackup(Session& session, const std::string& folder, const std::string& keys_folder);
// What lies in a folder of this machine, without a server.
absl::Status ListBackup(Session& session, const std::string& folder);
// DATA_LOSS if something is wrong; `keys_folder` may be empty.
absl::Status VerifyBackup(Session& session, const std::string& folder, const std::string& keys_folder);

// ---- Reports (report_commands.cc, watch_command.cc) ----
absl::Status ListReports(Session& session, const std::string& language);
absl::Status ShowReport(Session& session, const std::string& report);
// Of a refusal because there is no such report: with the one that was probably meant.
absl::Status WithSuggestion(Session& session, const std::string& report, const absl::Status& status);
absl::Status RunReport(Session& session, const ReportOptions& options);
// The answer, then each change as it comes, until there were so many; -1: without end. Goes on by itself when the stream breaks.
absl::Status WatchReport(Session& session, const ReportOptions& options, int changes);
struct ExplainOptions {
  std::string cell;    // a cell id, or
  std::string row;     // name of a row (RowName, TotalName) of the report asked with the same options, and
  std::string column;  // a column of it
  int limit = 10;      // records
};
absl::Status ExplainReport(Session& session, const ReportOptions& options, const ExplainOptions& explain);
// The other answer: a pin, or the same question with what is given here; neither: at the head, by what holds now (report_diff.cc).
struct DiffOptions {
  std::string before, after;  // pins
  std::string to_period, to_as_of, to_valid_at, to_basis, to_filter, to_rights;
};
absl::Status DiffReports(Session& session, const ReportOptions& options, const DiffOptions& diff);
// Options that are texts (report_options.cc).
struct TextOption {
  const char* name;
  std::string* value;
  const char* what;
  bool is_of_watches = true;  // has a meaning where a report is watched too
};
std::vector<TextOption> TextOptionsOf(ReportOptions* options);
std::vector<TextOption> TextOptionsOf(DiffOptions* options);
// A report under the draft beside the present rules: value, would-be value, difference.
absl::Status PreviewDraft(Session& session, const std::string& draft, const std::vector<std::string>& reports,
                          const ReportOptions& options);

// ---- History (history_commands.cc) ----
struct HistoryOptions {
  std::string record;  // empty: the log
  bool follow = false;
  bool backwards = false;
  uint64_t after = 0;
  int limit = 0;  // 0: all
  std::string as_of;
  std::vector<std::string> streams;  // prefixes
  std::vector<std::string> types;
};
absl::Status ShowHistory(Session& session, const HistoryOptions& options);

// ---- Rules (rule_commands.cc) ----
struct RuleOptions {
  std::string name;                // draft
  std::vector<std::string> set;    // probability:PIPELINE/STAGE=50% ...
  std::string file;                // recount.v1.PublishRulesRequest as textproto or JSON
  std::string effective_from;
  std::string comment;
};
absl::Status ListRules(Session& session);
absl::Status ShowRules(Session& session, const std::string& kind, const std::string& valid_at, const std::string& as_of);
absl::Status DraftRules(Session& session, const RuleOptions& options);
// Publishes a draft, or a file, or --set changes.
absl::Status PublishRules(Session& session, const RuleOptions& options);
absl::Status DiscardDraft(Session& session, const std::string& draft);
absl::Status WithdrawRule(Session& session, const std::string& kind, uint64_t position, const std::string& reason);

// ---- Records and commands (record_commands.cc) ----
absl::Status GetRecord(Session& session, const std::string& name, const std::string& as_of);
absl::Status ListRecords(Session& session, const std::string& collection, const std::string& filter, const std::string& order_by,
                         int limit, bool show_deleted);
// `name`: captureLead or capture_lead; `json`: its message, or `-` for standard input.
absl::Status DoCommand(Session& session, const std::string& name, const std::string& json);

// ---- Import (import_command.cc) ----
struct ImportCommandOptions {
  std::string mapping;
  std::string data;
  std::string mode = "create";
  std::string rejects;
  bool dry_run = false;
  bool resume = false;
  int batch = 250;
  int samples = 3;
};
// FAILED_PRECONDITION if rows or commands were refused.
absl::Status Import(Session& session, const ImportCommandOptions& options);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_COMMANDS_H_
