#include "projections/engine/render.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "domain/money.h"

namespace recount::projections {

v1::Value Renderer::ValueOf(const Scalar& scalar, Type type, bool is_ratio) const {
  v1::Value value;
  if (scalar.number == kNull) return value;
  // A median between two values is a half: a ratio in a column of another type.
  if (is_ratio || scalar.denominator > 1) {
    value.mutable_ratio()->set_numerator(scalar.number);
    value.mutable_ratio()->set_denominator(scalar.denominator);
    if (scalar.currency != kNull) value.mutable_ratio()->set_currency(std::string(texts_.Text(scalar.currency)));
    return value;
  }
  switch (type) {
    case Type::kMoney:
      *value.mutable_money() = domain::MoneyFromMinor(scalar.number, texts_.Text(scalar.currency));
      break;
    case Type::kText:
      value.set_text(std::string(texts_.Text(scalar.number)));
      break;
    case Type::kTextSet:
      value.set_text(absl::StrJoin(absl::StrSplit(texts_.Text(scalar.number), '\x1f', absl::SkipEmpty()), ", "));
      break;
    case Type::kRecord:
      value.set_record(std::string(texts_.Text(scalar.number)));
      break;
    case Type::kTime:
      *value.mutable_time() = domain::TimestampFrom(scalar.number);
      break;
    case Type::kDay:
      *value.mutable_date() = domain::DateFromDay(static_cast<int32_t>(scalar.number));
      break;
    case Type::kFlag:
      value.set_flag(scalar.number == 1);
      break;
    case Type::kNull:
    case Type::kAny:
    case Type::kInteger:
    case Type::kPosition:
      value.set_integer(scalar.number);
      break;
  }
  return value;
}

std::string Renderer::RecordLabel(int64_t record) {
  if (record == kNull || context_.label == nullptr) return "";
  auto [it, added] = record_labels_.try_emplace(record);
  if (added) it->second = context_.label(texts_.Text(record));
  return it->second;
}

std::string Renderer::LabelOf(const Scalar& scalar, const AnswerColumn& column) {
  if (scalar.number == kNull) return column.none;
  if (column.type == Type::kRecord) return RecordLabel(scalar.number);
  if (column.type == Type::kDay) return UnitLabel(column.column.unit(), static_cast<int32_t>(scalar.number), calendar_);
  if (column.type == Type::kTextSet) return SetLabel(scalar.number, column);
  if (column.type != Type::kText) return "";
  const auto found = FindTerm(column.labels, scalar);
  return found == column.labels.end() ? "" : found->second;
}

// Texts without a label stand as they are; none has one: empty.
std::string Renderer::SetLabel(int64_t set, const AnswerColumn& column) const {
  std::vector<std::string> labels;
  bool is_labelled = false;
  for (const absl::string_view text : absl::StrSplit(texts_.Text(set), '\x1f', absl::SkipEmpty())) {
    const auto found = column.labels.find(Term(kNull, texts_.Find(text)));
    is_labelled |= found != column.labels.end();
    labels.push_back(found == column.labels.end() ? std::string(text) : found->second);
  }
  return is_labelled ? absl::StrJoin(labels, ", ") : "";
}

std::string UnitLabel(absl::string_view unit, int32_t day, const domain::Calendar& calendar) {
  const absl::CivilDay civil = absl::CivilDay(1970, 1, 1) + day;
  const int year = static_cast<int>(civil.year());
  if (unit == "month") return absl::StrFormat("%04d-%02d", year, civil.month());
  if (unit == "quarter") return absl::StrFormat("%04d-Q%d", year, (civil.month() + 2) / 3);
  if (unit == "year") return absl::StrFormat("%04d", year);
  if (unit == "fiscal_year") return absl::StrFormat("FY%04d", year);
  if (unit == "fiscal_quarter") {
    const int32_t begin = calendar.FiscalYearOf(day);
    const absl::CivilDay first = absl::CivilDay(1970, 1, 1) + begin;
    const int months = static_cast<int>(civil.year() - first.year()) * 12 + civil.month() - first.month();
    return absl::StrFormat("FY%04d-Q%d", static_cast<int>(first.year()), months / 3 + 1);
  }
  if (unit == "week") {
    // The week is that of the year that holds its fourth day.
    const absl::CivilDay fourth = civil + 3;
    return absl::StrFormat("%04d-W%02d", static_cast<int>(fourth.year()), (absl::GetYearDay(fourth) - 1) / 7 + 1);
  }
  return "";
}

}  // namespace recount::projections
