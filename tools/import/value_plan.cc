#include "tools/import/value_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace recount::tools {
namespace {

absl::Status NoColumn(absl::string_view name, const PlanScope& scope, const Place& place) {
  return place.Error(absl::StrCat("the file has no column \"", name, "\"; it has ", scope.columns->List()));
}

absl::StatusOr<char> Mark(const std::string& text, char otherwise, const Place& place) {
  if (text.empty()) return otherwise;
  if (text.size() == 1) return text[0];
  return place.Error("must be one character");
}

}  // namespace

absl::StatusOr<ValuePlan> ValuePlan::Make(const v1::Value& value, const PlanScope& scope, const Place& place) {
  ValuePlan plan;
  plan.proto_ = value;
  plan.rename_.insert(value.rename().begin(), value.rename().end());
  plan.empty_texts_.insert(scope.file->empty_texts().begin(), scope.file->empty_texts().end());
  absl::Status status = plan.FindSource(value, scope, place);
  if (status.ok()) status = plan.FindLookup(value, scope, place);
  if (status.ok()) status = plan.FindConversion(value, scope, place);
  if (!status.ok()) return status;
  return plan;
}

absl::Status ValuePlan::FindSource(const v1::Value& value, const PlanScope& scope, const Place& place) {
  switch (value.from_case()) {
    case v1::Value::kConstant: what_ = absl::StrCat("constant \"", value.constant(), "\""); return absl::OkStatus();
    case v1::Value::kColumn:
      what_ = absl::StrCat("column \"", value.column(), "\"");
      column_ = scope.columns->Find(value.column());
      return column_ < 0 ? NoColumn(value.column(), scope, place.In("column")) : absl::OkStatus();
    case v1::Value::kTemplate:
      what_ = absl::StrCat("template \"", value.template_(), "\"");
      return FindTemplate(value.template_(), scope, place.In("template"));
    case v1::Value::kRow:
      what_ = "row number";
      if (value.row() == v1::ROW_FACT_NUMBER_IN_KEY && !scope.file->several_rows_a_key()) {
        return place.In("row").Error("needs `several_rows_a_key: true` and a `key` in the file");
      }
      return absl::OkStatus();
    case v1::Value::FROM_NOT_SET: break;
  }
  return place.Error("say where the value comes from: constant, column, template or row");
}

absl::Status ValuePlan::FindTemplate(absl::string_view text, const PlanScope& scope, const Place& place) {
  Part part;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && doubled) {
      part.text.push_back(text[i++]);
    } else if (text[i] == '{') {
      const size_t close = text.find('}', i);
      if (close == absl::string_view::npos) return place.Error("a brace is not closed");
      const absl::string_view name = text.substr(i + 1, close - i - 1);
      part.column = scope.columns->Find(name);
      if (part.column < 0) return NoColumn(name, scope, place);
      parts_.push_back(std::move(part));
      part = Part();
      i = close;
    } else {
      part.text.push_back(text[i]);
    }
  }
  parts_.push_back(std::move(part));
  return absl::OkStatus();
}

absl::Status ValuePlan::FindLookup(const v1::Value& value, const PlanScope& scope, const Place& place) {
  if (!value.has_lookup()) return absl::OkStatus();
  const auto found = scope.tables->find(value.lookup().table());
  if (found == scope.tables->end()) {
    return place.In("lookup").In("table").Error(absl::StrCat("the file has no table \"", value.lookup().table(), "\""));
  }
  table_ = found->second.get();
  table_column_ = table_->columns().Find(value.lookup().column());
  if (table_column_ >= 0) return absl::OkStatus();
  return place.In("lookup").In("column").Error(absl::StrCat("the table has no column \"", value.lookup().column(),
                                                            "\"; it has ", table_->columns().List()));
}

absl::Status ValuePlan::FindConversion(const v1::Value& value, const PlanScope& scope, const Place& place) {
  absl::StatusOr<char> decimal = Mark(value.decimal_mark(), '.', place.In("decimal_mark"));
  if (!decimal.ok()) return decimal.status();
  absl::StatusOr<char> thousands = Mark(value.thousands_mark(), '\0', place.In("thousands_mark"));
  if (!thousands.ok()) return thousands.status();
  how_.number = {*decimal, *thousands, value.exponent()};
  if (value.exponent() < -18 || value.exponent() > 18) return place.In("exponent").Error("must be from -18 to 18");
  how_.time.form = value.format();
  const std::string& zone = value.zone().empty() ? scope.file->zone() : value.zone();
  // A bad name would leave UTC behind.
  if (!zone.empty() && !absl::LoadTimeZone(zone, &how_.time.zone)) {
    return place.In("zone").Error(absl::StrCat("\"", zone, "\" is no time zone; write e.g. Europe/Berlin"));
  }
  switch (value.clock_change() == v1::CLOCK_CHANGE_UNSPECIFIED ? scope.file->clock_change() : value.clock_change()) {
    case v1::CLOCK_CHANGE_EARLIER: how_.time.clock_change = ClockChange::kEarlier; break;
    case v1::CLOCK_CHANGE_LATER: how_.time.clock_change = ClockChange::kLater; break;
    default: how_.time.clock_change = ClockChange::kRefuse; break;
  }
  how_.source = value.source().empty() ? scope.source : value.source();
  how_.type = value.type();
  if (value.has_currency()) {
    absl::StatusOr<ValuePlan> currency = Make(value.currency(), scope, place.In("currency"));
    if (!currency.ok()) return currency.status();
    currency_ = std::make_shared<ValuePlan>(*std::move(currency));
  }
  return absl::OkStatus();
}

size_t ValuePlan::columns_needed() const {
  int last = column_;
  for (const Part& part : parts_) last = std::max(last, part.column);
  return static_cast<size_t>(last + 1);
}

absl::string_view ValuePlan::Cell(const RowView& row, int column) const {
  absl::string_view cell = (*row.cells)[column];
  if (!proto_.keep_spaces()) cell = TrimSpaces(cell);
  return !empty_texts_.empty() && empty_texts_.count(std::string(cell)) > 0 ? absl::string_view() : cell;
}

std::string ValuePlan::Take(const RowView& row) const {
  switch (proto_.from_case()) {
    case v1::Value::kConstant: return proto_.constant();
    case v1::Value::kColumn: return std::string(Cell(row, column_));
    case v1::Value::kRow:
      return absl::StrCat(proto_.row() == v1::ROW_FACT_NUMBER_IN_KEY ? row.number_in_key : row.number);
    default: break;
  }
  std::string text;
  bool is_empty = true;
  bool has_column = false;
  for (const Part& part : parts_) {
    text += part.text;
    if (part.column < 0) continue;
    const absl::string_view cell = Cell(row, part.column);
    has_column = true;
    is_empty = is_empty && cell.empty();
    absl::StrAppend(&text, cell);
  }
  return has_column && is_empty ? std::string() : text;
}

// All steps after taking and splitting.
absl::Status ValuePlan::Change(const RowView& row, std::string* text) {
  if (!rename_.empty() && !text->empty()) {
    const auto found = rename_.find(*text);
    if (found != rename_.end()) {
      *text = found->second;
    } else if (proto_.rename_only()) {
      return absl::InvalidArgumentError(absl::StrCat(what_, ": \"", *text, "\" is not in `rename`"));
    }
  }
  if (table_ != nullptr && !text->empty()) *text = std::string(table_->Find(*text, table_column_));
  if (text->empty()) *text = proto_.default_();
  if (text->empty()) return absl::OkStatus();
  if (!IsUtf8(*text)) return absl::InvalidArgumentError(absl::StrCat(what_, ": is not UTF-8; convert the file first"));
  if (proto_.digest()) *text = HexDigest(*text);
  if (proto_.ordinal()) {
    if (row.may_not_count && !ordinals_.contains(*text)) return absl::InvalidArgumentError("no ordinal yet");
    *text = absl::StrCat(ordinals_.try_emplace(*text, ordinals_.size() + 1).first->second);
  }
  if (!proto_.prefix().empty()) text->insert(0, proto_.prefix());
  return absl::OkStatus();
}

absl::Status ValuePlan::Evaluate(const RowView& row, std::vector<std::string>* out) {
  out->clear();
  std::string whole = Take(row);
  if (proto_.split().empty() || whole.empty()) {
    out->push_back(std::move(whole));
  } else {
    for (absl::string_view part : absl::StrSplit(whole, proto_.split())) {
      out->emplace_back(proto_.keep_spaces() ? part : TrimSpaces(part));
    }
  }
  size_t kept = 0;
  for (std::string& text : *out) {
    absl::Status status = Change(row, &text);
    if (!status.ok()) return status;
    if (text.empty()) continue;
    if (&(*out)[kept] != &text) (*out)[kept] = std::move(text);
    ++kept;
  }
  out->resize(kept);
  if (kept == 0 && proto_.required()) return absl::InvalidArgumentError(absl::StrCat(what_, ": there is no value"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ValuePlan::EvaluateOne(const RowView& row) {
  std::vector<std::string> values;
  absl::Status status = Evaluate(row, &values);
  if (!status.ok()) return status;
  if (values.size() > 1) return absl::InvalidArgumentError(absl::StrCat(what_, ": one value is needed, not ", values.size()));
  return values.empty() ? std::string() : std::move(values[0]);
}

absl::StatusOr<Conversion*> ValuePlan::How(const RowView& row) {
  if (currency_ != nullptr) {
    absl::StatusOr<std::string> currency = currency_->EvaluateOne(row);
    if (!currency.ok()) return currency.status();
    if (currency->empty()) return absl::InvalidArgumentError(absl::StrCat(what_, ": an amount without a currency"));
    how_.currency = *std::move(currency);
  }
  return &how_;
}

}  // namespace recount::tools
