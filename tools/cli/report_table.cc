#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/report_render.h"
#include "tools/cli/text_width.h"
#include "tools/cli/value_text.h"

namespace recount::tools {
namespace {

constexpr int kBarWidth = 24;

}  // namespace

absl::TimeZone ZoneOf(const api::Basis& basis) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(basis.zone(), &zone)) zone = absl::UTCTimeZone();
  return zone;
}

namespace {

// `ATTRIBUTION_AT_CLOSE` -> `at close`
std::string EnumWords(const std::string& name, absl::string_view prefix) {
  std::string out = name.substr(std::min(name.size(), prefix.size()));
  for (char& c : out) c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string RulesText(const api::Basis& basis) {
  std::string out = EnumWords(api::RuleBasisKind_Name(basis.rule_basis().kind()), "RULE_BASIS_KIND_");
  if (out == "unspecified") out = "current";
  if (!basis.rule_basis().draft().empty()) absl::StrAppend(&out, " ", basis.rule_basis().draft());
  return absl::StrCat(out, " (up to position ", basis.rulebook_position(), ")");
}

// What only some reports are asked with.
void AddOwnParameters(const api::Basis& basis, const absl::TimeZone& zone, std::vector<std::string>* parts) {
  if (!basis.record().empty()) parts->push_back(absl::StrCat("record ", basis.record()));
  if (basis.opening_position() != 0) {
    const std::string from = basis.has_opening_valid_at() ? absl::StrCat("valid at ", TimeText(basis.opening_valid_at(), zone))
                                                          : "before everything";
    parts->push_back(absl::StrCat("opening at position ", basis.opening_position(), ", ", from));
  }
  const std::map<std::string, std::string> arguments(basis.arguments().begin(), basis.arguments().end());
  for (const auto& [id, value] : arguments) parts->push_back(absl::StrCat(id, " ", value == "null" ? "none" : value));
}

void PrintBasis(const api::Basis& basis, const char* prefix, const Look& look, std::ostream& out) {
  const absl::TimeZone zone = ZoneOf(basis);
  std::vector<std::string> parts = {absl::StrCat("position ", basis.position(), " (", TimeText(basis.recorded_time(), zone), ")"),
                                    absl::StrCat("valid at ", TimeText(basis.valid_at(), zone)),
                                    absl::StrCat("rules ", RulesText(basis))};
  if (basis.has_period_first() || basis.has_period_last()) {
    parts.push_back(absl::StrCat("period ", DateText(basis.period_first()), "..", DateText(basis.period_last())));
  }
  if (!basis.mode().empty()) parts.push_back(absl::StrCat("mode ", basis.mode()));
  AddOwnParameters(basis, zone, &parts);
  if (basis.attribution() != api::ATTRIBUTION_UNSPECIFIED) {
    parts.push_back(absl::StrCat("attribution ", EnumWords(api::Attribution_Name(basis.attribution()), "ATTRIBUTION_")));
  }
  if (!basis.filter().empty()) parts.push_back(absl::StrCat("filter ", basis.filter()));
  if (!basis.currency().empty()) parts.push_back(absl::StrCat("in ", basis.currency()));
  if (!basis.rights().empty()) parts.push_back(absl::StrCat("records of ", basis.rights()));
  parts.push_back(absl::StrCat("zone ", basis.zone()));
  out << look.Faint(absl::StrCat(prefix, absl::StrJoin(parts, ", "))) << "\n";
}

bool IsNumber(api::ValueType type) {
  return type == api::VALUE_TYPE_INTEGER || type == api::VALUE_TYPE_MONEY || type == api::VALUE_TYPE_RATIO;
}

// The column that bars are drawn for: the first number; -1: none.
int BarColumn(const api::RunReportResponse& answer) {
  for (int i = 0; i < answer.columns_size(); ++i) {
    if (!answer.columns(i).is_dimension() && IsNumber(answer.columns(i).type())) return i;
  }
  return -1;
}

std::string ScaleOf(const api::Value& value) { return value.has_money() ? value.money().currency_code() : ""; }

// The greatest value of each currency.
std::map<std::string, double> Scales(const api::RunReportResponse& answer, int column) {
  std::map<std::string, double> scales;
  for (const api::Row& row : answer.rows()) {
    if (row.is_total() || !row.apart().empty() || column < 0 || column >= row.cells_size()) continue;
    const api::Value& value = row.cells(column).value();
    double& scale = scales[ScaleOf(value)];
    scale = std::max(scale, Magnitude(value));
  }
  return scales;
}

std::string BarOf(const api::Value& value, const std::map<std::string, double>& scales) {
  const auto scale = scales.find(ScaleOf(value));
  return scale == scales.end() || scale->second <= 0 ? "" : Bar(Magnitude(value) / scale->second, kBarWidth);
}

bool IsDuration(const std::string& unit) {
  for (absl::string_view word : {"second", "minute", "hour", "day", "week", "month"}) {
    if (absl::StartsWith(unit, word)) return true;
  }
  return false;
}

// Of a count or an amount a reader expects that the rows add up; of a ratio or a median nobody does.
bool DoesNotAddUp(const api::Column& column) {
  const bool is_amount = column.type() == api::VALUE_TYPE_INTEGER || column.type() == api::VALUE_TYPE_MONEY;
  return column.non_additive() && (column.is_dimension() || (is_amount && !IsDuration(column.unit())));
}

}  // namespace

std::string HeaderOf(const api::Column& column) {
  if (absl::EndsWith(column.id(), ".compared")) return "compared";
  if (absl::EndsWith(column.id(), ".change")) return "change";
  std::string text = column.label().empty() ? column.id() : column.label();
  // What is counted stands in the label; only durations need their unit.
  if (IsDuration(column.unit()) && column.type() == api::VALUE_TYPE_INTEGER) absl::StrAppend(&text, " (", column.unit(), ")");
  if (DoesNotAddUp(column)) text += "*";
  return text;
}

std::string CellText(const api::Cell& cell, const api::Column& column, const absl::TimeZone& zone) {
  if (!cell.label().empty()) return cell.label();
  return column.type() == api::VALUE_TYPE_RATIO ? ForPeople(cell.value(), column.unit(), zone)
                                                : MedianForPeople(cell.value(), column.unit(), zone);
}

std::string NoteText(const api::Note& note) {
  if (note.count() == 0) return note.text();
  return absl::StrCat(note.text(), " [", note.code(), ", ", Grouped(note.count()), "]");
}

namespace {

// Columns of a comparison that say nothing: neither run differs from the other in any row.
struct Comparisons {
  std::set<int> hidden;
  std::vector<std::string> unchanged;
};

bool IsSameInAllRows(const api::RunReportResponse& answer, int column) {
  for (const api::Row& row : answer.rows()) {
    if (column + 1 >= row.cells_size()) return false;
    const std::string value = row.cells(column).value().SerializeAsString();
    if (value != row.cells(column + 1).value().SerializeAsString()) return false;
  }
  return true;
}

Comparisons FindComparisons(const api::RunReportResponse& answer) {
  Comparisons out;
  for (int i = 0; i + 2 < answer.columns_size(); ++i) {
    const std::string& id = answer.columns(i).id();
    if (answer.columns(i + 1).id() != id + ".compared" || answer.columns(i + 2).id() != id + ".change") continue;
    if (!IsSameInAllRows(answer, i)) continue;
    out.hidden.insert({i + 1, i + 2});
    out.unchanged.push_back(HeaderOf(answer.columns(i)));
  }
  return out;
}

void PrintNotes(const api::RunReportResponse& answer, const Look& look, std::ostream& out) {
  for (const api::Column& column : answer.columns()) {
    if (!DoesNotAddUp(column)) continue;
    out << look.Faint("* a record may count in several rows; the total counts it once") << "\n";
    break;
  }
  for (const api::Note& note : answer.notes()) out << "note: " << NoteText(note) << "\n";
  if (!answer.next_page_token().empty()) {
    out << look.Faint(absl::StrCat(Grouped(answer.rows_size()), " of ", Grouped(answer.total_rows()), " rows; the next page: --page-token ",
                                   answer.next_page_token()))
        << "\n";
  }
}

}  // namespace

std::string Bar(double share, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = std::clamp(static_cast<int>(share * width * 8 + 0.5), 0, width * 8);
  std::string out;
  for (int i = 0; i < eighths / 8; ++i) out += "█";
  return out + kEighths[eighths % 8];
}

void RenderTable(const api::RunReportResponse& answer, const Look& look, std::ostream& out) {
  out << look.Bold(answer.basis().report()) << look.Faint(absl::StrCat(" v", answer.basis().definition_version())) << "\n";
  PrintBasis(answer.basis(), "", look, out);
  if (answer.has_compared_basis()) PrintBasis(answer.compared_basis(), "compared with: ", look, out);
  const absl::TimeZone zone = ZoneOf(answer.basis());
  const int bar = BarColumn(answer);
  const std::map<std::string, double> scales = Scales(answer, bar);
  const Comparisons comparisons = FindComparisons(answer);
  TextTable table;
  table.AddColumn("#", TextTable::Align::kRight);
  for (int i = 0; i < answer.columns_size(); ++i) {
    if (comparisons.hidden.count(i) > 0) continue;
    const api::Column& column = answer.columns(i);
    table.AddColumn(HeaderOf(column), IsNumber(column.type()) ? TextTable::Align::kRight : TextTable::Align::kLeft);
    if (i == bar) table.AddColumn("");
  }
  int number = 0;
  for (const api::Row& row : answer.rows()) {
    const bool is_beneath = row.is_total() || !row.apart().empty();
    std::vector<std::string> cells = {RowName(row, &number)};
    for (int i = 0; i < row.cells_size() && i < answer.columns_size(); ++i) {
      if (comparisons.hidden.count(i) > 0) continue;
      const bool is_group_of_total = row.is_total() && answer.columns(i).is_dimension() && row.cells(i).label().empty() &&
                                     row.cells(i).value().value_case() == api::Value::VALUE_NOT_SET;
      cells.push_back(is_group_of_total ? "" : CellText(row.cells(i), answer.columns(i), zone));
      if (i == bar) cells.push_back(is_beneath ? "" : BarOf(row.cells(i).value(), scales));
    }
    table.AddRow(cells, is_beneath);
  }
  out << "\n";
  if (table.empty()) {
    out << "no rows\n";
  } else {
    table.Print(out, look);
  }
  if (!comparisons.unchanged.empty()) {
    out << look.Faint(absl::StrCat("the same in both, so shown once: ", absl::StrJoin(comparisons.unchanged, ", "))) << "\n";
  }
  PrintNotes(answer, look, out);
}

namespace {

// Of a Contribution or a RelatedRecord.
template <typename Opened>
void PrintEvents(const Opened& opened, const absl::TimeZone& zone, const Look& look, std::ostream& out) {
  TextTable events;
  events.AddColumn("  position", TextTable::Align::kRight);
  for (const char* header : {"occurred", "recorded", "event", "by"}) events.AddColumn(header);
  for (const api::Event& event : opened.events()) {
    const std::string occurred = TimeText(event.occurred_time(), zone);
    events.AddRow({absl::StrCat("  ", event.position()),
                   event.precision() == api::PRECISION_DAY ? occurred.substr(0, 10) : occurred,
                   TimeText(event.recorded_time(), zone), event.type_name(),
                   event.actor() + (event.actor_authenticated() ? "" : "?")});
  }
  if (!events.empty()) events.Print(out, look);
  if (opened.total_events() > opened.events_size()) {
    out << look.Faint(absl::StrCat("  the newest ", opened.events_size(), " of ", opened.total_events(),
                                   " events; all: recount history ", opened.record()))
        << "\n";
  }
}

void PrintCompared(const api::Contribution& item, const absl::TimeZone& zone, std::ostream& out) {
  if (item.compared_rank() > 0) out << "  compared: rank " << Grouped(item.compared_rank());
  if (item.has_compared_value()) out << "  compared: brings " << ForPeople(item.compared_value(), "", zone);
  if (item.has_compared_numerator()) out << "  compared: numerator " << ForPeople(item.compared_numerator(), "", zone);
  if (item.has_compared_denominator()) out << "  compared: denominator " << ForPeople(item.compared_denominator(), "", zone);
}

}  // namespace

void RenderExplanation(const api::ExplainReportResponse& answer, const Look& look, std::ostream& out) {
  const absl::TimeZone zone = ZoneOf(answer.basis());
  // Of what has ranks the value is a median or percentile, not a ratio.
  const bool has_ranks = answer.contributions_size() > 0 && answer.contributions(0).rank() + answer.contributions(0).compared_rank() > 0;
  out << look.Bold(absl::StrCat(answer.basis().report(), ": ",
                                has_ranks ? MedianForPeople(answer.value(), "", zone) : ForPeople(answer.value(), "", zone)))
      << "\n";
  PrintBasis(answer.basis(), "", look, out);
  if (answer.has_compared_basis()) PrintBasis(answer.compared_basis(), "compared with: ", look, out);
  if (!answer.definition().empty()) out << answer.definition() << "\n";
  if (!answer.formula().empty()) out << look.Faint(answer.formula()) << "\n";
  out << "\n";
  for (const api::Contribution& item : answer.contributions()) {
    out << look.Bold(item.record());
    if (!item.label().empty() && item.label() != item.record()) out << "  " << ForTerminal(item.label());
    if (item.rank() > 0) out << "  rank " << Grouped(item.rank());
    if (item.value().value_case() != api::Value::VALUE_NOT_SET) out << "  brings " << ForPeople(item.value(), "", zone);
    if (item.has_numerator()) out << "  numerator " << ForPeople(item.numerator(), "", zone);
    if (item.has_denominator()) out << "  denominator " << ForPeople(item.denominator(), "", zone);
    PrintCompared(item, zone, out);
    out << "\n";
    PrintEvents(item, zone, look, out);
    for (const api::RelatedRecord& related : item.related()) {
      out << "  counts by " << look.Bold(related.record());
      if (!related.label().empty() && related.label() != related.record()) out << "  " << ForTerminal(related.label());
      out << "\n";
      PrintEvents(related, zone, look, out);
    }
    if (item.total_related() > item.related_size()) {
      out << look.Faint(absl::StrCat("  ", item.related_size(), " of ", Grouped(item.total_related()), " records that it counts by"))
          << "\n";
    }
  }
  out << look.Faint(absl::StrCat(answer.contributions_size(), " of ", Grouped(answer.total_contributions()), " records",
                                 answer.next_page_token().empty() ? "" : "; --limit shows more"))
      << "\n";
}

}  // namespace recount::tools
