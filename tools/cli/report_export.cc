#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/money.h"
#include "google/protobuf/util/json_util.h"
#include "tools/cli/report_render.h"
#include "tools/cli/value_text.h"
#include "tools/import/csv_reader.h"

namespace recount::tools {
namespace {

std::string RawValue(const api::Value& value) {
  switch (value.value_case()) {
    case api::Value::kInteger: return absl::StrCat(value.integer());
    case api::Value::kMoney: return Decimal(value.money());
    case api::Value::kRatio: return Decimal(value.ratio());  // a median between two values
    case api::Value::kText: return GuardFormula(value.text());
    case api::Value::kTime: return IsoTime(value.time());
    case api::Value::kDate: return DateText(value.date());
    case api::Value::kFlag: return value.flag() ? "true" : "false";
    case api::Value::kRecord: return GuardFormula(value.record());
    default: return "";
  }
}

std::string CurrencyOf(const api::Value& value) {
  return value.has_ratio() ? value.ratio().currency() : value.money().currency_code();
}

void AppendCsvHeader(const api::Column& column, std::vector<std::string>* out) {
  switch (column.type()) {
    case api::VALUE_TYPE_MONEY:
      out->insert(out->end(), {column.id(), column.id() + ".currency"});
      break;
    case api::VALUE_TYPE_RATIO:
      out->insert(out->end(), {column.id() + ".numerator", column.id() + ".denominator", column.id() + ".currency"});
      break;
    case api::VALUE_TYPE_RECORD:
      out->insert(out->end(), {column.id(), column.id() + ".label"});
      break;
    default:
      out->push_back(column.id());
  }
}

void AppendCsvCell(const api::Column& column, const api::Cell& cell, std::vector<std::string>* out) {
  const api::Value& value = cell.value();
  switch (column.type()) {
    case api::VALUE_TYPE_MONEY:
      out->insert(out->end(), {RawValue(value), CurrencyOf(value)});
      break;
    case api::VALUE_TYPE_RATIO: {
      if (!value.has_ratio()) {
        out->insert(out->end(), {"", "", ""});
        break;
      }
      // A numerator that is money stands in the currency's own unit, as money does everywhere in the file.
      const api::Ratio& ratio = value.ratio();
      google::type::Money money;
      if (!ratio.currency().empty()) money = domain::MoneyFromMinor(ratio.numerator(), ratio.currency());
      out->insert(out->end(), {ratio.currency().empty() ? absl::StrCat(ratio.numerator()) : Decimal(money),
                               absl::StrCat(ratio.denominator()), ratio.currency()});
      break;
    }
    case api::VALUE_TYPE_RECORD:
      out->insert(out->end(), {RawValue(value), GuardFormula(cell.label())});
      break;
    default:
      out->push_back(RawValue(value));
  }
}

void PrintCsvRow(const std::vector<std::string>& cells, std::ostream& out) {
  for (size_t i = 0; i < cells.size(); ++i) out << (i > 0 ? "," : "") << CsvCell(cells[i]);
  out << "\r\n";
}

}  // namespace

std::string GuardFormula(const std::string& text) {
  static constexpr char kStarts[] = "=+-@\t\r";
  return !text.empty() && std::string(kStarts).find(text[0]) != std::string::npos ? "'" + text : text;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  return status.ok() ? out : absl::StrCat("{\"error\": \"", status.message().ToString(), "\"}\n");
}

std::string ToJson(const std::vector<api::RunReportResponse>& answers) {
  if (answers.size() == 1) return ToJson(answers[0]);
  std::string out = "[\n";
  for (size_t i = 0; i < answers.size(); ++i) {
    absl::StrAppend(&out, i > 0 ? "," : "", absl::StripTrailingAsciiWhitespace(ToJson(answers[i])), "\n");
  }
  return out + "]\n";
}

std::string RowName(const api::Row& row, int* number) {
  if (row.is_total()) return "total";
  return row.apart().empty() ? absl::StrCat(++*number) : row.apart();
}

std::string TotalName(const api::RunReportResponse& answer, const api::Row& row) {
  std::vector<std::string> parts;
  for (int i = 0; i < answer.columns_size() && i < row.cells_size(); ++i) {
    if (!answer.columns(i).is_dimension()) continue;
    const api::Cell& cell = row.cells(i);
    const std::string part = cell.value().text().empty() ? cell.label() : cell.value().text();
    if (!part.empty()) parts.push_back(part);
  }
  return absl::StrCat("total:", parts.empty() ? "none" : absl::StrJoin(parts, ","));
}

namespace {

// A table of texts, of one answer.
struct CsvTable {
  std::vector<std::string> header = {"row"};
  std::vector<std::vector<std::string>> rows;

  explicit CsvTable(const api::RunReportResponse& answer) {
    for (const api::Column& column : answer.columns()) AppendCsvHeader(column, &header);
    int number = 0;
    for (const api::Row& row : answer.rows()) {
      std::vector<std::string>& cells = rows.emplace_back();
      cells.push_back(RowName(row, &number));
      for (int i = 0; i < answer.columns_size(); ++i) {
        AppendCsvCell(answer.columns(i), i < row.cells_size() ? row.cells(i) : api::Cell::default_instance(), &cells);
      }
    }
  }
};

}  // namespace

void RenderCsv(const std::vector<api::RunReportResponse>& answers, std::ostream& out) {
  std::vector<std::string> header;
  std::map<std::string, size_t> places;
  const auto add = [&](const std::string& name) {
    if (places.try_emplace(name, header.size()).second) header.push_back(name);
  };
  if (answers.size() > 1) add("report");
  for (const api::RunReportResponse& answer : answers) {
    for (const std::string& name : CsvTable(answer).header) add(name);
  }
  PrintCsvRow(header, out);
  for (const api::RunReportResponse& answer : answers) {
    const CsvTable table(answer);
    for (const std::vector<std::string>& row : table.rows) {
      std::vector<std::string> cells(header.size());
      if (answers.size() > 1) cells[0] = answer.basis().report();
      for (size_t i = 0; i < row.size(); ++i) cells[places[table.header[i]]] = row[i];
      PrintCsvRow(cells, out);
    }
  }
}

}  // namespace recount::tools
