// The command line `recount` (docs/cli.md). It builds the tree of commands, which live in tools/cli/.

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/command_mistakes.h"

namespace recount::tools {
namespace {

using Action = std::function<absl::Status(Session&)>;

struct Program {
  CLI::App app{"Recount: commands in, history kept, reports that can be counted again.", "recount"};
  Connection connection;
  std::string format = "table";
  Action action;
  std::string command;  // `report run`
  bool has_csv = false;
  bool needs_tenant = true;

  ReportOptions report;
  ExplainOptions explain;
  DiffOptions diff;
  HistoryOptions history;
  RuleOptions rules;
  ImportCommandOptions import;
  std::vector<std::string> reports;
  std::string name, text, filter, order_by, language, as_of, valid_at, reason, display_name, zone, currency, region;
  uint64_t position = 0;
  double wait = 5;
  int limit = 100, changes = -1;
  bool read_models = true;
  bool flag = false;
};

// A command below `parent` with an example in its help.
CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& what, const std::string& examples) {
  CLI::App* command = parent->add_subcommand(name, what);
  command->fallthrough();
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  return command;
}

enum class Csv { kNo, kYes };

void OnRun(Program& program, CLI::App* command, Action action, Csv csv = Csv::kNo) {
  command->callback([&program, command, csv, action = std::move(action)] {
    program.action = action;
    program.command = PathOf(command);
    program.has_csv = csv == Csv::kYes;
  });
}

void AddGlobalOptions(Program& p) {
  p.app.add_option("--server", p.connection.server, "Address of recountd")->envname("RECOUNT_SERVER")->capture_default_str();
  p.app.add_option("--tenant", p.connection.tenant, "Tenant")->envname("RECOUNT_TENANT");
  p.app.add_option("--actor", p.connection.actor, "Who acts, where the server runs with --insecure")->envname("RECOUNT_ACTOR");
  p.app.add_option("--sees", p.connection.sees, "As a user who may see these records alone, e.g. teams/north, where the server runs with --insecure")
      ->envname("RECOUNT_SEES");
  p.app.add_option("--token", p.connection.token, "Token of the server's tokens file")->envname("RECOUNT_TOKEN");
  p.app.add_option("--tls-ca", p.connection.tls_ca, "PEM file of the authority that signed the server's certificate")
      ->envname("RECOUNT_TLS_CA");
  p.app.add_option("--timeout", p.connection.timeout_seconds, "Seconds that one call may take")->check(CLI::PositiveNumber)->capture_default_str();
  p.app.add_option("--format", p.format, "table, json or csv")->check(CLI::IsMember({"table", "json", "csv"}))->capture_default_str();
}

void AddAdmin(Program& p) {
  CLI::App* status = Add(&p.app, "status", "How the server and the tenant stand", "  recount status --wait 10\n  recount --tenant acme status");
  status->add_option("--wait", p.wait, "Seconds to wait for the server")->check(CLI::NonNegativeNumber)->capture_default_str();
  status->add_option("--position", p.position, "With the digests of the read models at that past position");
  OnRun(p, status, [&p](Session& s) { return ShowStatus(s, p.wait, p.position); });

  CLI::App* tenant = Add(&p.app, "tenant", "Tenants", "  recount tenant create acme --zone Europe/Berlin --currency EUR --region DE\n  recount tenant list");
  tenant->require_subcommand(1);
  CLI::App* create = Add(tenant, "create", "Make a tenant", "  recount tenant create hermon --zone Asia/Jerusalem --currency ILS --region IL");
  create->add_option("NAME", p.name, "1 to 63 of a-z, 0-9 and -")->required();
  create->add_option("--zone", p.zone, "IANA time zone in which days are meant")->required();
  create->add_option("--currency", p.currency, "Default currency, ISO 4217")->required();
  create->add_option("--region", p.region, "Of telephone numbers without a country code, ISO 3166");
  create->add_option("--display-name", p.display_name, "Name for people; default: NAME");
  OnRun(p, create, [&p](Session& s) { return CreateTenant(s, p.name, p.display_name, p.zone, p.currency, p.region); });
  OnRun(p, Add(tenant, "list", "All tenants", "  recount tenant list"), ListTenants);

  CLI::App* rebuild = Add(&p.app, "rebuild", "Count a report's read models anew beside the live ones, then swap", "  recount rebuild sales_funnel");
  rebuild->add_option("TARGET", p.name, "Report or subject")->required();
  OnRun(p, rebuild, [&p](Session& s) { return Rebuild(s, p.name); });

  CLI::App* verify = Add(&p.app, "verify", "Check the log's checksums, positions, hash chain and the read models", "  recount verify\n  recount verify --log-only");
  verify->add_flag("--read-models,!--log-only", p.read_models, "Count the read models again too (default), or leave them out");
  OnRun(p, verify, [&p](Session& s) { return Verify(s, p.read_models); });

  CLI::App* clock = Add(&p.app, "clock", "The clock of a server started with --simulated-clock", "  recount clock set 2026-01-31T09:00Z");
  clock->require_subcommand(1);
  CLI::App* set = Add(clock, "set", "Set it", "  recount clock set 2026-01-31T09:00Z");
  set->add_option("TIME", p.name, "Time, UTC if it names no zone")->required();
  OnRun(p, set, [&p](Session& s) { return SetClock(s, p.name); });
}

void AddBackups(Program& p) {
  CLI::App* backup = Add(&p.app, "backup", "Copies of the log (docs/backup.md); `recountd restore` makes a data folder from one", "  recount backup create nightly\n  recount backup verify /backup/recount/nightly");
  backup->require_subcommand(1);
  CLI::App* create = Add(backup, "create", "The server backs up all tenants, or adds to a backup what came since", "  recount backup create nightly --keys nightly-keys");
  OnRun(p, create, [&p](Session& s) { return CreateBackup(s, p.name, p.text); });
  CLI::App* list = Add(backup, "list", "What a backup on this machine holds", "  recount backup list /backup/recount/nightly");
  OnRun(p, list, [&p](Session& s) { return ListBackup(s, p.name); });
  CLI::App* verify = Add(backup, "verify", "Read all of a backup on this machine: checksums, positions, hash chain", "  recount backup verify /backup/recount/nightly --keys /backup/recount/nightly-keys");
  for (CLI::App* command : {create, list, verify}) command->add_option("FOLDER", p.name, "The backup; to create one, within the folder that recountd --backups names")->required();
  OnRun(p, verify, [&p](Session& s) { return VerifyBackup(s, p.name, p.text); });
  for (CLI::App* command : {create, verify}) command->add_option("--keys", p.text, "The copy of the keys of personal data too, in this folder");
}

void AddReportOptions(Program& p, CLI::App* command, bool is_watched = false) {
  for (const TextOption& option : TextOptionsOf(&p.report)) {
    if (!is_watched || option.is_of_watches) command->add_option(option.name, *option.value, option.what);
  }
  command->add_option("--arg", p.report.arguments, "NAME=VALUE of a parameter of the report; again for more")->allow_extra_args(false);
  if (!is_watched) command->add_option("--min-position", p.report.min_position, "Wait until the read models stand there");
}

void AddReportDiff(Program& p, CLI::App* report) {
  CLI::App* diff = Add(report, "diff", "Say why two answers differ, by cause",
                       "  recount report diff won_lost --period 2026-03 --as-of 2026-04-01\n"
                       "  recount report diff pipeline_snapshot --by owner --as-of 2026-04-01 --to-as-of 2026-05-01\n"
                       "  recount report diff --before \"$(recount report run won_lost --format json | jq -r .pin)\"");
  diff->add_option("ID", p.report.report, "Report, asked with the same options as in `report run`; not with --before");
  AddReportOptions(p, diff);
  for (const TextOption& option : TextOptionsOf(&p.diff)) diff->add_option(option.name, *option.value, option.what);
  OnRun(p, diff, [&p](Session& s) { return DiffReports(s, p.report, p.diff); }, Csv::kYes);
}

void AddReports(Program& p) {
  CLI::App* report = Add(&p.app, "report", "Reports", "  recount report list\n  recount report run won_lost --period 2026-Q2 --by owner");
  report->require_subcommand(1);
  CLI::App* list = Add(report, "list", "The catalogue", "  recount report list --language he");
  list->add_option("--language", p.language, "Of titles");
  OnRun(p, list, [&p](Session& s) { return ListReports(s, p.language); });
  CLI::App* show = Add(report, "show", "A report's groupings, measures, modes and fields", "  recount report show sales_funnel");
  show->add_option("ID", p.name, "Report")->required();
  OnRun(p, show, [&p](Session& s) { return ShowReport(s, p.name); });
  CLI::App* run = Add(report, "run", "Ask a report",
                      "  recount report run pipeline_snapshot --as-of 2025-12-31 --by stage --currency ILS\n"
                      "  recount report run sales_conversion --period 2018-04 --mode cohort --by source\n"
                      "  recount report run won_lost --period 2026 --compare prior --format csv > won_lost.csv\n"
                      "  recount report run pipeline_detail --filter 'stage = \"offer\"' --page-size 50\n"
                      "  recount report run --pin \"$(recount report run won_lost --format json | jq -r .pin)\"");
  run->add_option("ID", p.report.report, "Report; not with --pin");
  run->parse_complete_callback([&p] { if ((p.report.report + p.report.pin).empty()) throw CLI::RequiredError("ID (or --pin)"); });
  AddReportOptions(p, run);
  run->add_option("--page-size", p.report.page_size, "One page of so many rows; default: all pages")->check(CLI::PositiveNumber);
  run->add_option("--page-token", p.report.page_token, "The page after");
  run->add_option("--pin", p.report.pin, "The `pin` of an answer in JSON, instead of all that: the same answer again, to the digit");
  OnRun(p, run, [&p](Session& s) { return RunReport(s, p.report); }, Csv::kYes);

  CLI::App* watch = Add(report, "watch", "Ask a report, and be told how the answer changes",
                        "  recount report watch pipeline_snapshot --by stage --changes 0\n"
                        "  recount report watch won_lost --period 2026 --format json --changes 0");
  watch->add_option("ID", p.report.report, "Report")->required();
  AddReportOptions(p, watch, true);
  watch->add_option("--changes", p.changes, "End after so many changes; 0: after the answer; default: go on")->check(CLI::NonNegativeNumber);
  OnRun(p, watch, [&p](Session& s) { return WatchReport(s, p.report, p.changes); });

  CLI::App* explain = Add(report, "explain", "Open a cell into the records and events that make it",
                          "  recount report explain won_lost --period 2026-Q2 --by team --row 3 --column won\n"
                          "  recount report explain sales_funnel --row 1 --column reached --limit 50\n  recount report explain pipeline_snapshot --row total:EUR --column value");
  explain->add_option("ID", p.report.report, "Report, asked with the same options as in `report run`");
  AddReportOptions(p, explain);
  explain->add_option("--row", p.explain.row, "Number of the row, or total; of several totals total:EUR ...; of a row apart its id");
  explain->add_option("--column", p.explain.column, "Id of the column");
  explain->add_option("--cell", p.explain.cell, "A cell id of an answer in JSON, instead of all that");
  explain->add_option("--limit", p.explain.limit, "Records")->check(CLI::PositiveNumber)->capture_default_str();
  OnRun(p, explain, [&p](Session& s) { return ExplainReport(s, p.report, p.explain); });
  AddReportDiff(p, report);
}

void AddHistory(Program& p) {
  CLI::App* history = Add(&p.app, "history", "What happened to a record, or the log",
                          "  recount history deals/4711\n  recount history leads/external/olist/5420aad7\n"
                          "  recount history --log --after 1000 --limit 20\n  recount history --follow --stream deals/ --type DealWon");
  history->add_option("NAME", p.history.record, "The record");
  history->add_flag("--log", p.flag, "The whole log");
  history->add_flag("--follow", p.history.follow, "Go on with what comes");
  history->add_flag("--backwards", p.history.backwards, "Newest first");
  history->add_option("--after", p.history.after, "Start after this revision, of the log: position");
  history->add_option("--limit", p.history.limit, "So many events; default: all")->check(CLI::PositiveNumber);
  history->add_option("--as-of", p.history.as_of, "As known then");
  history->add_option("--stream", p.history.streams, "Of the log: streams that begin so")->allow_extra_args(false);
  history->add_option("--type", p.history.types, "Of the log: events of this type")->allow_extra_args(false);
  OnRun(p, history, [&p](Session& s) {
    if (p.history.record.empty() && !p.flag && !p.history.follow) return Usage("name a record, or say --log or --follow");
    return ShowHistory(s, p.history);
  });
}

void AddRuleChange(Program& p, CLI::App* command) {
  command->add_option("--set", p.rules.set, "probability:PIPELINE/STAGE=50%, rate:USD/ILS@2026-01-01=3.65, parent:users/7=teams/3@2026-04-01")
      ->allow_extra_args(false);
  command->add_option("--file", p.rules.file, "Rules as `recount rules show` prints them");
  command->add_option("--effective-from", p.rules.effective_from, "First day on which they hold; default: as the version they change");
  command->add_option("--comment", p.rules.comment, "Why");
}

void AddRules(Program& p) {
  CLI::App* rules = Add(&p.app, "rules", "Pipelines, probabilities, rates, org chart, fields: drafts, versions, what would change",
                        "  recount rules list\n  recount rules draft half --set probability:sales/order=50%\n"
                        "  recount rules preview half sales_forecast --period 2026-Q4\n  recount rules publish half");
  rules->require_subcommand(1);
  OnRun(p, Add(rules, "list", "All versions, and the drafts", "  recount rules list"), ListRules);
  CLI::App* show = Add(rules, "show", "The rules that hold, in a form that --file takes", "  recount rules show pipelines\n  recount rules show probabilities --valid-at 2025-12-31");
  show->add_option("KIND", p.name, "pipelines, probabilities, reasons, calendar, exchange_rates, org_chart, field_schema");
  show->add_option("--valid-at", p.valid_at, "On that day; default: today");
  show->add_option("--as-of", p.as_of, "As published up to that position");
  OnRun(p, show, [&p](Session& s) { return ShowRules(s, p.name, p.valid_at, p.as_of); });

  CLI::App* draft = Add(rules, "draft", "Make or replace a draft", "  recount rules draft half --set probability:sales/order=50% --effective-from 2026-07-01");
  draft->add_option("NAME", p.rules.name, "Draft")->required();
  AddRuleChange(p, draft);
  OnRun(p, draft, [&p](Session& s) { return DraftRules(s, p.rules); });

  CLI::App* preview = Add(rules, "preview", "Reports under a draft: value, would-be value, difference", "  recount rules preview half sales_forecast pipeline_snapshot --by stage");
  preview->add_option("DRAFT", p.name, "Draft")->required();
  preview->add_option("REPORT", p.reports, "Reports")->required();
  AddReportOptions(p, preview);
  OnRun(p, preview, [&p](Session& s) { return PreviewDraft(s, p.name, p.reports, p.report); }, Csv::kYes);

  CLI::App* publish = Add(rules, "publish", "Publish a draft, or changes at once", "  recount rules publish half\n  recount rules publish --file rules.textproto --comment 'new pipelines'");
  publish->add_option("DRAFT", p.rules.name, "Draft");
  AddRuleChange(p, publish);
  OnRun(p, publish, [&p](Session& s) { return PublishRules(s, p.rules); });

  CLI::App* discard = Add(rules, "discard", "Throw a draft away", "  recount rules discard half");
  discard->add_option("DRAFT", p.name, "Draft")->required();
  OnRun(p, discard, [&p](Session& s) { return DiscardDraft(s, p.name); });

  CLI::App* withdraw = Add(rules, "withdraw", "Take a published version back", "  recount rules withdraw probabilities 1234 --reason 'typing error'");
  withdraw->add_option("KIND", p.name, "Kind")->required();
  withdraw->add_option("POSITION", p.position, "At which it was published (rules list)")->required();
  withdraw->add_option("--reason", p.reason, "Why");
  OnRun(p, withdraw, [&p](Session& s) { return WithdrawRule(s, p.name, p.position, p.reason); });
}

void AddRecords(Program& p) {
  CLI::App* get = Add(&p.app, "get", "One record", "  recount get deals/4711\n  recount get leads/external/olist/5420aad7 --format json");
  get->add_option("NAME", p.name, "The record")->required();
  get->add_option("--as-of", p.as_of, "As known then: position, date or time");
  OnRun(p, get, [&p](Session& s) { return GetRecord(s, p.name, p.as_of); });

  CLI::App* list = Add(&p.app, "list", "Records of a collection", "  recount list leads --filter 'source = \"email\" AND captured_at >= \"2018-01-01\"'\n  recount list deals --order-by 'value desc' --limit 10");
  list->add_option("COLLECTION", p.name, "leads, persons, organizations, deals, products, users, teams, org_units")->required();
  list->add_option("--filter", p.filter, "AIP-160 filter");
  list->add_option("--order-by", p.order_by, "FIELD, 'FIELD desc', several with commas");
  list->add_option("--limit", p.limit, "Records; 0: all")->check(CLI::NonNegativeNumber)->capture_default_str();
  list->add_flag("--show-deleted", p.flag, "Deleted ones too");
  OnRun(p, list, [&p](Session& s) { return ListRecords(s, p.name, p.filter, p.order_by, p.limit, p.flag); }, Csv::kYes);

  CLI::App* act = Add(&p.app, "do", "Any command of the API, as JSON",
                      "  recount do captureLead '{\"personName\": {\"display\": \"Ann Lee\"}, \"source\": {\"id\": \"web\"}}'\n"
                      "  recount do winDeal '{\"deal\": {\"name\": \"deals/7\"}, \"header\": {\"requestId\": \"order-1\"}}'");
  act->add_option("COMMAND", p.name, "E.g. captureLead")->required();
  act->add_option("JSON", p.text, "Its message; - reads it from standard input")->required();
  OnRun(p, act, [&p](Session& s) { return DoCommand(s, p.name, p.text); });
}

void AddImport(Program& p) {
  ImportCommandOptions& i = p.import;
  CLI::App* import = Add(&p.app, "import", "Turn the rows of a CSV file into commands by a mapping (docs/import.md)",
                         "  recount import tools/mappings/olist.textproto data/olist --rejects rejects.csv\n"
                         "  recount import my_leads.textproto my_leads.csv.gz --dry-run\n"
                         "  recount import my_leads.textproto my_leads.csv --mode upsert");
  import->add_option("MAPPING", i.mapping, "The mapping file")->required();
  import->add_option("FILE", i.data, "The CSV file, or the folder with the files that the mapping names; default: the mapping's folder");
  import->add_option("--mode", i.mode, "create: what is there stays; upsert: a corrected mapping changes what is different")
      ->check(CLI::IsMember({"create", "upsert"}))->capture_default_str();
  import->add_option("--rejects", i.rejects, "Write refused rows with their reasons there");
  import->add_flag("--dry-run", i.dry_run, "Send nothing; show the commands of the first rows");
  import->add_option("--samples", i.samples, "Rows that --dry-run shows of each file")->check(CLI::NonNegativeNumber)->capture_default_str();
  import->add_flag("--resume", i.resume, "Go on after the last row that a broken run got answered");
  import->add_option("--batch", i.batch, "Commands in one message, 1 to 1000")->check(CLI::Range(1, 1000))->capture_default_str();
  OnRun(p, import, [&p](Session& s) { return Import(s, p.import); });
}

int Fail(const absl::Status& status, const Program& program) {
  std::cerr << Describe(status, program.connection.server);
  return ExitCodeOf(status);
}

int Act(Program& program) {
  const bool has_credentials = !program.connection.tenant.empty() || !program.connection.token.empty();
  if (program.needs_tenant && !has_credentials) return Fail(Usage("say which tenant: --tenant NAME or RECOUNT_TENANT"), program);
  if (program.format == "csv" && !program.has_csv) {
    return Fail(Usage(absl::StrCat("`recount ", program.command, "` has no CSV: --format json is for programs")), program);
  }
  const bool err_is_terminal = isatty(STDERR_FILENO) != 0;
  program.connection.on_wait = [err_is_terminal](int seconds) { ShowWaiting(std::cerr, err_is_terminal, seconds); };
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Make(program.connection);
  if (!client.ok()) return Fail(client.status(), program);
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  Look look;
  look.colours = isatty(STDOUT_FILENO) && (no_color == nullptr || *no_color == '\0') && (term == nullptr || std::string(term) != "dumb");
  Session session{client->get(), std::cout, std::cerr, look};
  session.format = program.format == "json" ? Format::kJson : program.format == "csv" ? Format::kCsv : Format::kTable;
  session.err_is_terminal = err_is_terminal;
  absl::Status status = program.action(session);
  std::cout.flush();
  if (!status.ok()) {
    const int code = Fail(status, program);
    return program.command.ends_with("verify") && status.code() == absl::StatusCode::kDataLoss ? kExitVerifyFailed : code;
  }
  return std::cout ? kExitOk : kExitFailed;
}

int Main(int argc, char** argv) {
  // gRPC's own lines say nothing that the error does not say; who wants them sets it.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  Program program;
  program.app.require_subcommand(1);
  program.app.footer("Examples:\n  recount status\n  recount --tenant acme report run sales_funnel --period 2026\n\n"
                     "`recount COMMAND --help` says more about a command; docs/cli.md describes formats and exit codes.");
  program.app.set_version_flag("--version", RECOUNT_VERSION);
  AddGlobalOptions(program);
  AddAdmin(program);
  AddBackups(program);
  AddReports(program);
  AddHistory(program);
  AddRules(program);
  AddRecords(program);
  AddImport(program);
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.app.exit(error);
    SayMistake(program.app, error, std::vector<std::string>(argv + 1, argv + argc));
    return kExitUsage;
  }
  for (const char* name : {"status", "tenant", "clock", "backup"}) program.needs_tenant = program.needs_tenant && !program.app.got_subcommand(name);
  return Act(program);
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Main(argc, argv); }
