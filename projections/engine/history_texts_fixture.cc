// Answers of a History as texts.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/money.h"
#include "projections/engine/history_fixture.h"

namespace recount::projections {

std::string History::Text(const v1::Value& value) {
  switch (value.value_case()) {
    case v1::Value::kInteger: return absl::StrCat(value.integer());
    case v1::Value::kMoney:
      return absl::StrCat(*domain::MinorFromMoney(value.money(), "money"), " ", value.money().currency_code());
    case v1::Value::kRatio: return absl::StrCat(value.ratio().numerator(), "/", value.ratio().denominator());
    case v1::Value::kText: return value.text();
    case v1::Value::kTime:
      return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMicros(domain::MicrosFrom(value.time())), absl::UTCTimeZone());
    case v1::Value::kDate:
      return domain::FormatDay(domain::DayFromCivil(value.date().year(), value.date().month(), value.date().day()));
    case v1::Value::kFlag: return value.flag() ? "yes" : "no";
    case v1::Value::kRecord: return value.record();
    case v1::Value::VALUE_NOT_SET: return "-";
  }
  return "";
}

namespace {

std::vector<int> IndexesOf(const v1::RunReportResponse& answer, const std::vector<std::string>& columns) {
  std::vector<int> indexes;
  for (const std::string& id : columns) {
    for (int i = 0; i < answer.columns_size(); ++i) {
      if (answer.columns(i).id() == id) indexes.push_back(i);
    }
  }
  return indexes;
}

std::string RowText(const v1::Row& row, const std::vector<int>& indexes) {
  std::vector<std::string> texts;
  for (const int i : indexes) texts.push_back(History::Text(row.cells(i).value()));
  return absl::StrCat(row.is_total() ? "=" : "", absl::StrJoin(texts, " "));
}

}  // namespace

std::vector<std::string> History::Texts(const v1::RunReportResponse& answer, const std::vector<std::string>& columns) {
  const std::vector<int> indexes = IndexesOf(answer, columns);
  std::vector<std::string> rows;
  for (const v1::Row& row : answer.rows()) rows.push_back(RowText(row, indexes));
  return rows;
}

const v1::Cell& History::Cell(const v1::RunReportResponse& answer, const std::vector<std::string>& columns,
                              const std::string& row, const std::string& column) {
  static const v1::Cell none;
  const std::vector<int> indexes = IndexesOf(answer, columns), place = IndexesOf(answer, {column});
  for (const v1::Row& found : answer.rows()) {
    if (!place.empty() && RowText(found, indexes) == row) return found.cells(place[0]);
  }
  return none;
}

}  // namespace recount::projections
