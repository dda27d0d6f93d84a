#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/commands.h"
#include "tools/cli/failure.h"
#include "tools/cli/report_render.h"

namespace recount::tools {
namespace {

std::string LabelOf(const google::protobuf::Map<std::string, std::string>& labels, const std::string& language,
                    const std::string& otherwise) {
  for (const std::string& wanted : {language, std::string("en")}) {
    const auto found = labels.find(wanted);
    if (found != labels.end()) return found->second;
  }
  return otherwise;
}

}  // namespace

absl::Status WithSuggestion(Session& session, const std::string& report, const absl::Status& status) {
  if (ReasonOf(status) != "REPORT_NOT_FOUND") return status;
  api::ListReportsResponse reports;
  if (!session.client->Call("ReportService.ListReports", api::ListReportsRequest(), &reports).ok()) return status;
  std::vector<std::string> ids;
  for (const auto& definition : reports.reports()) ids.push_back(definition.id());
  const std::string meant = DidYouMean(report, ids);
  if (meant.empty()) return status;
  absl::Status better(status.code(), absl::StrCat(status.message(), "; did you mean ", meant, "?"));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) { better.SetPayload(type, payload); });
  return better;
}

namespace {

// All pages in one answer, or the one page that was asked for.
absl::StatusOr<api::RunReportResponse> RunAll(Session& session, api::RunReportRequest request) {
  const bool all = request.page_size() == 0 && request.page_token().empty();
  api::RunReportResponse whole;
  absl::Status status = session.client->Call("ReportService.RunReport", request, &whole);
  if (!status.ok()) return WithSuggestion(session, request.report(), status);
  Progress progress(session);
  std::string token = whole.next_page_token();
  while (all && !token.empty()) {
    progress.Show(absl::StrCat(whole.rows_size(), " of ", whole.total_rows(), " rows"));
    request.set_page_token(token);
    api::RunReportResponse page;
    status = session.client->Call("ReportService.RunReport", request, &page);
    if (!status.ok()) return status;
    for (api::Row& row : *page.mutable_rows()) {
      // Every page may carry the totals; they belong under the last row, once.
      *whole.add_rows() = std::move(row);
    }
    token = page.next_page_token();
  }
  if (!all) return whole;
  whole.clear_next_page_token();
  api::RunReportResponse ordered = whole;
  ordered.clear_rows();
  std::map<std::string, bool> totals;
  for (const api::Row& row : whole.rows()) {
    if (!row.is_total() && row.apart().empty()) *ordered.add_rows() = row;
  }
  for (const api::Row& row : whole.rows()) {
    if (row.is_total() && totals.emplace(row.SerializeAsString(), true).second) *ordered.add_rows() = row;
  }
  for (const api::Row& row : whole.rows()) {
    if (!row.apart().empty()) *ordered.add_rows() = row;
  }
  return ordered;
}

// Of several answers one document, which a program can read as a whole.
void Print(Session& session, const std::vector<api::RunReportResponse>& answers) {
  switch (session.format) {
    case Format::kTable:
      for (size_t i = 0; i < answers.size(); ++i) {
        if (i > 0) session.out << "\n";
        RenderTable(answers[i], session.look, session.out);
      }
      break;
    case Format::kJson: session.out << ToJson(answers); break;
    case Format::kCsv: RenderCsv(answers, session.out); break;
  }
}

absl::StatusOr<int> FindColumn(const api::RunReportResponse& answer, const std::string& wanted) {
  std::vector<std::string> ids;
  for (int i = 0; i < answer.columns_size(); ++i) {
    ids.push_back(answer.columns(i).id());
    if (ids.back() == wanted) return i;
  }
  const std::string meant = DidYouMean(wanted, ids);
  return Usage(absl::StrCat("--column ", wanted, ": the columns are ", absl::StrJoin(ids, ", "),
                            meant.empty() ? "" : absl::StrCat("; did you mean ", meant, "?")));
}

// Of `total` the one total that there is; of several each has a name.
absl::StatusOr<const api::Row*> FindTotal(const api::RunReportResponse& answer, const std::string& wanted, int rows) {
  std::vector<const api::Row*> found;
  std::vector<std::string> names;
  for (const api::Row& row : answer.rows()) {
    if (!row.is_total()) continue;
    names.push_back(TotalName(answer, row));
    if (wanted == "total" || absl::EqualsIgnoreCase(wanted, names.back())) found.push_back(&row);
  }
  if (found.size() == 1) return found[0];
  if (names.empty()) return Usage(absl::StrCat("--row ", wanted, ": the answer has no total, only rows 1 to ", rows));
  return Usage(absl::StrCat("--row ", wanted, ": the totals are ", absl::StrJoin(names, ", "), "; name one of them"));
}

absl::StatusOr<const api::Row*> FindRow(const api::RunReportResponse& answer, const std::string& wanted) {
  int number = 0;
  std::vector<std::string> apart;
  for (const api::Row& row : answer.rows()) {
    if (row.is_total()) continue;
    if (RowName(row, &number) == wanted) return &row;
    if (!row.apart().empty()) apart.push_back(row.apart());
  }
  if (wanted == "total" || absl::StartsWith(wanted, "total:")) return FindTotal(answer, wanted, number);
  if (!std::all_of(wanted.begin(), wanted.end(), absl::ascii_isdigit)) {
    apart.insert(apart.begin(), {"the number of a row", "total"});
    return Usage(absl::StrCat("--row ", wanted, ": write ", absl::StrJoin(apart, " or ")));
  }
  return Usage(absl::StrCat("--row ", wanted, ": the answer has ", number, " rows"));
}

absl::StatusOr<std::string> FindCell(const api::RunReportResponse& answer, const ExplainOptions& explain) {
  const auto column = FindColumn(answer, explain.column);
  if (!column.ok()) return column.status();
  const auto row = FindRow(answer, explain.row);
  if (!row.ok()) return row.status();
  const std::string& cell = (*row)->cells(*column).cell_id();
  if (cell.empty()) return Usage(absl::StrCat("nothing opens in row ", explain.row, ", column ", explain.column));
  return cell;
}

template <typename List>
void PrintIds(Session& session, const std::string& title, const List& items, const std::string& language,
              const std::function<std::string(const typename List::value_type&)>& more) {
  if (items.empty()) return;
  session.out << "\n" << session.look.Bold(title) << "\n";
  TextTable table;
  for (const char* header : {"id", "label", "what it is"}) table.AddColumn(header);
  for (const auto& item : items) table.AddRow({item.id(), LabelOf(item.labels(), language, ""), more(item)});
  table.Print(session.out, session.look);
}

void PrintDescription(Session& session, const api::ReportDescription& description) {
  const api::ReportDefinition& report = description.definition();
  session.out << session.look.Bold(report.id()) << session.look.Faint(absl::StrCat(" v", report.version())) << "  "
              << LabelOf(report.labels(), "en", "") << "\n" << report.question() << "\n";
  PrintIds(session, "Modes (--mode)", report.modes(), "en", [](const api::Mode& mode) {
    return absl::StrCat(mode.axis().empty() ? "the period does not choose records" : absl::StrCat("period of ", mode.axis()),
                        mode.by_measure_axis() ? ", each measure by its own time" : "");
  });
  PrintIds(session, "Groupings (--by)", report.dimensions(), "en", [](const api::Dimension& dimension) {
    return absl::StrCat(dimension.expr(), dimension.none().empty() ? "" : absl::StrCat("; without: ", dimension.none()));
  });
  PrintIds(session, "Measures (--measures)", report.measures(), "en",
           [](const api::Measure& measure) { return measure.definition(); });
  PrintIds(session, "Parameters (--arg)", report.parameters(), "en", [](const api::Parameter& parameter) {
    std::vector<std::string> values(parameter.values().begin(), parameter.values().end());
    if (parameter.or_stage()) values.push_back("the id of a stage");
    return absl::StrCat("default ", parameter.default_expr(), values.empty() ? "" : "; one of: ", absl::StrJoin(values, ", "));
  });
  PrintIds(session, "Columns", report.list().columns(), "en", [](const api::Dimension& column) { return column.expr(); });
  if (description.fields().empty()) return;
  session.out << "\n" << session.look.Bold(absl::StrCat("Fields of ", report.has_timeline() ? "event" : report.subject(), " (--filter)")) << "\n";
  TextTable fields;
  for (const char* header : {"field", "type", "what it is"}) fields.AddColumn(header);
  for (const api::SubjectField& field : description.fields()) {
    const std::string type = api::ValueType_Name(field.type()).substr(sizeof("VALUE_TYPE_") - 1);
    fields.AddRow({field.name(), field.collection().empty() ? type : absl::StrCat(type, " of ", field.collection()), field.description()});
  }
  fields.Print(session.out, session.look);
}

}  // namespace

absl::Status ListReports(Session& session, const std::string& language) {
  api::ListReportsRequest request;
  request.set_language(language);
  api::ListReportsResponse response;
  absl::Status status = session.client->Call("ReportService.ListReports", request, &response);
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(response);
    return absl::OkStatus();
  }
  TextTable table;
  for (const char* header : {"report", "title", "question"}) table.AddColumn(header);
  for (const auto& report : response.reports()) {
    table.AddRow({report.id(), LabelOf(report.labels(), language, report.id()), report.question()});
  }
  table.Print(session.out, session.look);
  return absl::OkStatus();
}

absl::Status ShowReport(Session& session, const std::string& report) {
  api::GetReportRequest request;
  request.set_report(report);
  api::ReportDescription description;
  absl::Status status = session.client->Call("ReportService.GetReport", request, &description);
  if (!status.ok()) return WithSuggestion(session, report, status);
  if (session.format == Format::kJson) {
    session.out << ToJson(description);
  } else {
    PrintDescription(session, description);
  }
  return absl::OkStatus();
}

absl::Status RunReport(Session& session, const ReportOptions& options) {
  absl::StatusOr<api::RunReportRequest> request = ToRunRequest(options);
  if (!request.ok()) return request.status();
  absl::StatusOr<api::RunReportResponse> answer = RunAll(session, *std::move(request));
  if (!answer.ok()) return answer.status();
  Print(session, {*std::move(answer)});
  return absl::OkStatus();
}

absl::Status ExplainReport(Session& session, const ReportOptions& options, const ExplainOptions& explain) {
  api::ExplainReportRequest request;
  request.set_cell_id(explain.cell);
  if (explain.cell.empty()) {
    if (options.report.empty() || explain.row.empty() || explain.column.empty()) {
      return Usage("say which cell: --cell CELL_ID, or REPORT with --row and --column");
    }
    absl::StatusOr<api::RunReportRequest> run = ToRunRequest(options);
    if (!run.ok()) return run.status();
    absl::StatusOr<api::RunReportResponse> answer = RunAll(session, *std::move(run));
    if (!answer.ok()) return answer.status();
    absl::StatusOr<std::string> cell = FindCell(*answer, explain);
    if (!cell.ok()) return cell.status();
    request.set_cell_id(*cell);
  }
  api::ExplainReportResponse whole;
  Progress progress(session);
  int left = explain.limit;
  do {
    request.set_page_size(std::min(left, 1000));
    api::ExplainReportResponse page;
    absl::Status status = session.client->Call("ReportService.ExplainReport", request, &page);
    if (!status.ok()) return status;
    left -= page.contributions_size();
    request.set_page_token(page.next_page_token());
    auto contributions = std::move(*whole.mutable_contributions());
    for (auto& item : *page.mutable_contributions()) *contributions.Add() = std::move(item);
    whole = std::move(page);
    *whole.mutable_contributions() = std::move(contributions);
    progress.Show(absl::StrCat(whole.contributions_size(), " of ", whole.total_contributions(), " records"));
  } while (left > 0 && !request.page_token().empty());
  if (session.format == Format::kJson) {
    session.out << ToJson(whole);
  } else {
    RenderExplanation(whole, session.look, session.out);
  }
  return absl::OkStatus();
}

absl::Status PreviewDraft(Session& session, const std::string& draft, const std::vector<std::string>& reports,
                          const ReportOptions& options) {
  std::vector<api::RunReportResponse> answers;
  for (const std::string& report : reports) {
    ReportOptions one = options;
    one.report = report;
    one.compare = absl::StrCat("draft:", draft);
    absl::StatusOr<api::RunReportRequest> request = ToRunRequest(one);
    if (!request.ok()) return request.status();
    absl::StatusOr<api::RunReportResponse> answer = RunAll(session, *std::move(request));
    if (!answer.ok()) return answer.status();
    answers.push_back(*std::move(answer));
  }
  Print(session, answers);
  return absl::OkStatus();
}

}  // namespace recount::tools
