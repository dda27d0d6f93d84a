#include "tools/cli/watched_report.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/report_render.h"
#include "tools/cli/text_width.h"
#include "tools/cli/value_text.h"

namespace recount::tools {
namespace {

// What names a row among the others.
std::string NameOf(const api::Row& row, const api::RunReportResponse& answer, const absl::TimeZone& zone) {
  std::vector<std::string> groups;
  if (row.is_total()) groups.push_back("total");
  for (int i = 0; i < row.cells_size() && i < answer.columns_size(); ++i) {
    if (!answer.columns(i).is_dimension()) continue;
    const api::Cell& cell = row.cells(i);
    const bool is_empty = cell.label().empty() && cell.value().value_case() == api::Value::VALUE_NOT_SET;
    if (!is_empty) groups.push_back(ForTerminal(CellText(cell, answer.columns(i), zone)));
    if (!row.apart().empty()) break;  // all its groups say the same
  }
  return groups.empty() ? "all" : absl::StrJoin(groups, " / ");
}

std::string TextOf(const api::Row& row, int column, const api::RunReportResponse& answer, const absl::TimeZone& zone) {
  return ForTerminal(CellText(row.cells(column), answer.columns(column), zone));
}

// `Won 2 → 3`; of a row that came all that it has.
std::string CellsOf(const WatchedReport::Change& change, const api::RunReportResponse& answer, const absl::TimeZone& zone) {
  std::vector<std::string> cells;
  for (int i = 0; i < change.after.cells_size() && i < answer.columns_size(); ++i) {
    const api::Column& column = answer.columns(i);
    const std::string after = TextOf(change.after, i, answer, zone);
    const std::string header = ForTerminal(HeaderOf(column));
    if (i >= change.before.cells_size()) {
      const bool has_value = change.after.cells(i).value().value_case() != api::Value::VALUE_NOT_SET;
      if (!column.is_dimension() && has_value) cells.push_back(absl::StrCat(header, " ", after));
      continue;
    }
    const std::string before = TextOf(change.before, i, answer, zone);
    if (before != after) cells.push_back(absl::StrCat(header, " ", before, " → ", after));
  }
  if (cells.empty() && change.before.cells_size() > 0) return "stands elsewhere, or what is not shown here changed";
  return absl::StrJoin(cells, ", ");
}

}  // namespace

bool WatchedReport::Take(const api::WatchReportResponse& message) {
  unfinished_.push_back(message);
  if (message.resume_token().empty()) return false;
  is_whole_ = unfinished_.front().restarts();
  changes_.clear();
  if (is_whole_) {
    rows_.clear();
    *answer_.mutable_columns() = unfinished_.front().columns();
  }
  std::map<std::string, api::Row> out;  // rows that go, or are put in again
  for (const api::WatchReportResponse& part : unfinished_) {
    for (const std::string& key : part.removed()) out[key];
    for (const api::WatchedRow& row : part.rows()) out[row.key()];
  }
  const auto goes = [&out](std::pair<std::string, api::Row>& row) {
    const auto found = out.find(row.first);
    if (found != out.end()) found->second = std::move(row.second);
    return found != out.end();
  };
  rows_.erase(std::remove_if(rows_.begin(), rows_.end(), goes), rows_.end());
  for (const api::WatchReportResponse& part : unfinished_) {
    for (const std::string& key : part.removed()) changes_.push_back({out[key], api::Row()});
  }
  for (const api::WatchReportResponse& part : unfinished_) {
    for (const api::WatchedRow& row : part.rows()) {
      changes_.push_back({out[row.key()], row.row()});
      const auto place = std::clamp<int64_t>(row.place(), 0, static_cast<int64_t>(rows_.size()));
      rows_.insert(rows_.begin() + place, {row.key(), row.row()});
    }
  }
  has_other_notes_ = !std::equal(answer_.notes().begin(), answer_.notes().end(), message.notes().begin(), message.notes().end(),
                                 [](const api::Note& a, const api::Note& b) { return a.SerializeAsString() == b.SerializeAsString(); });
  *answer_.mutable_basis() = message.basis();
  *answer_.mutable_notes() = message.notes();
  answer_.set_total_rows(message.total_rows());
  answer_.clear_rows();
  for (const auto& [key, row] : rows_) *answer_.add_rows() = row;
  token_ = message.resume_token();
  unfinished_.clear();
  return true;
}

void RenderChange(const WatchedReport& report, const Look& look, std::ostream& out) {
  const api::RunReportResponse& answer = report.answer();
  const absl::TimeZone zone = ZoneOf(answer.basis());
  out << look.Bold(absl::StrCat("position ", answer.basis().position())) << look.Faint(absl::StrCat(" (", TimeText(answer.basis().recorded_time(), zone), ")"))
      << "\n";
  for (const WatchedReport::Change& change : report.changes()) {
    if (change.after.cells().empty()) {
      out << "  - " << NameOf(change.before, answer, zone) << "\n";
      continue;
    }
    const std::string cells = CellsOf(change, answer, zone);
    out << (change.before.cells().empty() ? "  + " : "  ~ ") << NameOf(change.after, answer, zone) << (cells.empty() ? "" : ": ") << cells << "\n";
  }
  if (report.has_other_notes()) {
    if (answer.notes().empty()) out << "  no notes any more\n";
    for (const api::Note& note : answer.notes()) out << "  note: " << ForTerminal(NoteText(note)) << "\n";
  }
}

}  // namespace recount::tools
