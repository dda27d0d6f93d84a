// `recount report diff`: why two answers differ, a cause a column.
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/report_render.h"
#include "tools/cli/value_text.h"
#include "tools/import/csv_reader.h"

namespace recount::tools {
namespace {

// The second question: what is given for it replaces that of the first.
absl::StatusOr<api::RunReportRequest> SecondOf(const ReportOptions& first, const DiffOptions& diff) {
  ReportOptions second = first;
  const std::pair<std::string*, const std::string*> replaced[] = {{&second.period, &diff.to_period},
                                                                  {&second.as_of, &diff.to_as_of},
                                                                  {&second.valid_at, &diff.to_valid_at},
                                                                  {&second.basis, &diff.to_basis},
                                                                  {&second.filter, &diff.to_filter},
                                                                  {&second.rights, &diff.to_rights}};
  for (const auto& [to, from] : replaced) {
    if (!from->empty()) *to = *from;
  }
  return ToRunRequest(second);
}

absl::StatusOr<api::DiffReportsRequest> RequestOf(const ReportOptions& options, const DiffOptions& diff) {
  if (options.report.empty() == diff.before.empty()) return Usage("say which answer: a REPORT with its options, or --before PIN");
  api::DiffReportsRequest request;
  request.set_language(options.language);
  request.set_page_size(1000);
  auto first = ToRunRequest(options);
  if (!first.ok()) return first.status();
  if (diff.before.empty()) {
    *request.mutable_before()->mutable_request() = *std::move(first);
  } else {
    first->clear_language();
    if (first->parameters().ByteSizeLong() == 0) first->clear_parameters();
    if (first->ByteSizeLong() != 0) return Usage("--before is a whole answer: give no options of a report beside it");
    request.mutable_before()->set_pin(diff.before);
  }
  const bool has_second = !(diff.to_period + diff.to_as_of + diff.to_valid_at + diff.to_basis + diff.to_filter + diff.to_rights).empty();
  if (!diff.after.empty() && has_second) return Usage("--after is a whole answer: give no --to-... beside it");
  if (!diff.before.empty() && has_second) return Usage("--before is a whole answer: name the other one by --after PIN");
  if (!diff.after.empty()) request.mutable_after()->set_pin(diff.after);
  if (!has_second) return request;
  auto second = SecondOf(options, diff);
  if (!second.ok()) return second.status();
  *request.mutable_after()->mutable_request() = *std::move(second);
  return request;
}

absl::TimeZone ZoneOf(const api::Basis& basis) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(basis.zone(), &zone)) zone = absl::UTCTimeZone();
  return zone;
}

// `CHANGE_CAUSE_KIND_LATE_FACTS` -> `late facts`
std::string KindText(const api::ChangeCause& cause) {
  std::string name = api::ChangeCauseKind_Name(cause.kind()).substr(sizeof("CHANGE_CAUSE_KIND_") - 1);
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

const api::Column& ColumnOf(const api::DiffReportsResponse& diff, const std::string& id) {
  for (const api::Column& column : diff.measures()) {
    if (column.id() == id) return column;
  }
  return api::Column::default_instance();
}

std::vector<std::string> GroupsOf(const api::DiffReportsResponse& diff, const api::DiffedRow& row) {
  std::vector<std::string> groups;
  for (const api::Cell& group : row.groups()) {
    groups.push_back(group.label().empty() ? ForPeople(group.value(), "", ZoneOf(diff.after())) : group.label());
  }
  if (row.is_total() && !groups.empty()) groups[0] = "total";
  return groups;
}

void PrintBases(const api::DiffReportsResponse& diff, const Look& look, std::ostream& out) {
  for (const auto& [name, basis] : {std::pair("before", &diff.before()), std::pair("after", &diff.after())}) {
    out << look.Faint(absl::StrCat(name, ": ", basis->report(), " v", basis->definition_version(), ", position ", basis->position(), " (",
                                   TimeText(basis->recorded_time(), ZoneOf(*basis)), "), valid at ",
                                   TimeText(basis->valid_at(), ZoneOf(*basis)), ", rules up to position ", basis->rulebook_position()))
        << "\n";
  }
}

void PrintCauses(const api::DiffReportsResponse& diff, const Look& look, std::ostream& out) {
  if (diff.causes().empty()) return;
  TextTable table;
  table.AddColumn("", TextTable::Align::kRight);
  for (const char* header : {"cause", "what it was"}) table.AddColumn(header);
  table.AddColumn("events", TextTable::Align::kRight);
  table.AddColumn("records", TextTable::Align::kRight);
  for (int i = 0; i < diff.causes_size(); ++i) {
    const api::ChangeCause& cause = diff.causes(i);
    table.AddRow({absl::StrCat(i + 1), KindText(cause), cause.text(), cause.events() == 0 ? "" : Grouped(cause.events()),
                  cause.records() == 0 ? "" : Grouped(cause.records())});
  }
  out << "\n";
  table.Print(out, look);
}

void PrintTable(const api::DiffReportsResponse& diff, const Look& look, std::ostream& out) {
  PrintBases(diff, look, out);
  PrintCauses(diff, look, out);
  out << "\n";
  if (diff.rows().empty()) {
    out << "no cell differs\n";
    return;
  }
  TextTable table;
  for (const api::Column& column : diff.dimensions()) table.AddColumn(column.label().empty() ? column.id() : column.label());
  table.AddColumn("measure");
  for (const char* header : {"before", "after", "change"}) table.AddColumn(header, TextTable::Align::kRight);
  for (int i = 0; i < diff.causes_size(); ++i) table.AddColumn(absl::StrCat("by ", i + 1), TextTable::Align::kRight);
  for (const api::DiffedRow& row : diff.rows()) {
    for (const api::DiffedCell& cell : row.cells()) {
      const api::Column& column = ColumnOf(diff, cell.column());
      const auto text = [&](const api::Value& value) {
        return column.type() == api::VALUE_TYPE_RATIO ? ForPeople(value, column.unit(), ZoneOf(diff.after()))
                                                      : MedianForPeople(value, column.unit(), ZoneOf(diff.after()));
      };
      std::vector<std::string> cells = GroupsOf(diff, row);
      for (const std::string& more : {cell.column(), text(cell.before()), text(cell.after()), text(cell.change())}) cells.push_back(more);
      std::vector<std::string> shares(static_cast<size_t>(diff.causes_size()));
      for (const api::CauseShare& share : cell.shares()) shares[static_cast<size_t>(share.cause())] = text(share.change());
      cells.insert(cells.end(), shares.begin(), shares.end());
      table.AddRow(cells, row.is_total());
    }
  }
  table.Print(out, look);
}

std::string Exact(const api::Value& value) {
  switch (value.value_case()) {
    case api::Value::kInteger: return absl::StrCat(value.integer());
    case api::Value::kMoney: return Decimal(value.money());
    case api::Value::kRatio: return Decimal(value.ratio());
    case api::Value::kText: return GuardFormula(value.text());
    case api::Value::kTime: return IsoTime(value.time());
    case api::Value::kDate: return DateText(value.date());
    case api::Value::kFlag: return value.flag() ? "true" : "false";
    case api::Value::kRecord: return GuardFormula(value.record());
    default: return "";
  }
}

void PrintCsvLine(const std::vector<std::string>& cells, std::ostream& out) {
  for (size_t i = 0; i < cells.size(); ++i) out << (i > 0 ? "," : "") << CsvCell(cells[i]);
  out << "\r\n";
}

// A line for each share of a cell; its change by all causes stands in each.
void PrintCsv(const api::DiffReportsResponse& diff, std::ostream& out) {
  std::vector<std::string> header = {"row"};
  for (const api::Column& column : diff.dimensions()) header.push_back(column.id());
  for (const char* name : {"measure", "before", "after", "change", "cause", "rule", "share", "text"}) header.push_back(name);
  PrintCsvLine(header, out);
  for (const api::DiffedRow& row : diff.rows()) {
    for (const api::DiffedCell& cell : row.cells()) {
      for (const api::CauseShare& share : cell.shares()) {
        const api::ChangeCause& cause = diff.causes(share.cause());
        std::vector<std::string> cells = {row.is_total() ? "total" : row.apart().empty() ? "group" : row.apart()};
        for (const api::Cell& group : row.groups()) cells.push_back(Exact(group.value()));
        const bool has_rule = cause.rule_kind() != api::RULE_KIND_UNSPECIFIED;
        for (const std::string& more :
             {cell.column(), Exact(cell.before()), Exact(cell.after()), Exact(cell.change()), KindText(cause),
              has_rule ? absl::AsciiStrToLower(api::RuleKind_Name(cause.rule_kind()).substr(sizeof("RULE_KIND_") - 1)) : std::string(),
              Exact(share.change()), GuardFormula(cause.text())}) {
          cells.push_back(more);
        }
        PrintCsvLine(cells, out);
      }
    }
  }
}

}  // namespace

absl::Status DiffReports(Session& session, const ReportOptions& options, const DiffOptions& diff) {
  auto request = RequestOf(options, diff);
  if (!request.ok()) return request.status();
  api::DiffReportsResponse whole;
  do {
    api::DiffReportsResponse page;
    absl::Status status = session.client->Call("ReportService.DiffReports", *request, &page);
    if (!status.ok()) return WithSuggestion(session, options.report, status);
    request->set_page_token(page.next_page_token());
    if (whole.rows().empty()) {
      whole = std::move(page);
    } else {
      for (api::DiffedRow& row : *page.mutable_rows()) *whole.add_rows() = std::move(row);
    }
  } while (!request->page_token().empty());
  whole.clear_next_page_token();
  switch (session.format) {
    case Format::kTable: PrintTable(whole, session.look, session.out); break;
    case Format::kJson: session.out << ToJson(whole); break;
    case Format::kCsv: PrintCsv(whole, session.out); break;
  }
  return absl::OkStatus();
}

}  // namespace recount::tools
