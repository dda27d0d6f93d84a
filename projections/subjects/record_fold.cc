#include "projections/subjects/record_fold.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/calendar.h"
#include "domain/money.h"

namespace recount::projections {

std::vector<ColumnDef> RecordColumns(std::vector<ColumnDef> own) {
  std::vector<ColumnDef> all = {
      {"created_at", ColumnKind::kTime, "", "When the record came to be in the world"},
      {"created_at_is_day", ColumnKind::kFlag, "", "Only the day of created_at is known"},
      {"tags", ColumnKind::kTextSet, "", "Tags"},
      {"deleted", ColumnKind::kFlag, "", "Softly deleted"},
      {"deleted_at", ColumnKind::kTime, "", "When it was deleted"},
  };
  for (ColumnDef& column : own) all.push_back(std::move(column));
  return all;
}

int64_t DayValue(bool is_given, const google::type::Date& date) {
  if (!is_given) return kNull;
  auto day = domain::DayFromDate(date, "");
  return day.ok() ? *day : kNull;
}

int64_t MinorValue(bool is_given, const google::type::Money& money) {
  if (!is_given) return kNull;
  auto minor = domain::MinorFromMoney(money, "");
  return minor.ok() ? *minor : kNull;
}

void RecordFold::ChangeTags(const Texts& added, const Texts& removed) {
  if (added.empty() && removed.empty()) return;
  for (const std::string& tag : added) {
    auto place = std::lower_bound(tags_.begin(), tags_.end(), tag);
    if (place == tags_.end() || *place != tag) tags_.insert(place, tag);
  }
  for (const std::string& tag : removed) {
    auto place = std::lower_bound(tags_.begin(), tags_.end(), tag);
    if (place != tags_.end() && *place == tag) tags_.erase(place);
  }
  values_[kTags] = columns_->TextSet(tags_);
}

void RecordFold::ChangeFields(const google::protobuf::RepeatedPtrField<v1::FieldChange>& changes) {
  for (const v1::FieldChange& change : changes) ChangeField(change);
}

void RecordFold::ChangeField(const v1::FieldChange& change) {
  const std::string column = absl::StrCat("field.", change.field_id());
  // The schema may have given the field another type before: what was there goes first.
  for (const std::string& name : {column, absl::StrCat(column, "_currency")}) {
    const int index = columns_->Find(name);
    if (index >= 0 && index < static_cast<int>(values_.size())) values_[index] = kNull;
  }
  if (change.remove()) return;
  const v1::FieldValue& value = change.value();
  switch (value.value_case()) {
    case v1::FieldValue::kText: return SetField(ColumnKind::kText, column, columns_->Text(value.text()));
    case v1::FieldValue::kOption: return SetField(ColumnKind::kText, column, columns_->Text(value.option()));
    case v1::FieldValue::kInteger: return SetField(ColumnKind::kInteger, column, value.integer());
    case v1::FieldValue::kFlag: return SetField(ColumnKind::kFlag, column, value.flag() ? 1 : 0);
    case v1::FieldValue::kDate: return SetField(ColumnKind::kDay, column, DayValue(true, value.date()));
    case v1::FieldValue::kTime: return SetField(ColumnKind::kTime, column, domain::MicrosFrom(value.time()));
    case v1::FieldValue::kMoney:
      SetField(ColumnKind::kMinor, column, MinorValue(true, value.money()));
      return SetField(ColumnKind::kText, absl::StrCat(column, "_currency"),
                      columns_->Text(value.money().currency_code()));
    case v1::FieldValue::kOptions: {
      std::vector<std::string> ids(value.options().ids().begin(), value.options().ids().end());
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      return SetField(ColumnKind::kTextSet, column, columns_->TextSet(ids));
    }
    case v1::FieldValue::VALUE_NOT_SET: return;
  }
}

void RecordFold::SetField(ColumnKind kind, const std::string& column, int64_t value) {
  const int index = columns_->Column({column, kind, "", "Custom field"});
  if (index < 0) return;  // of another type before: K-21 forbids it, and a column has one type
  if (static_cast<int>(values_.size()) <= index) values_.resize(index + 1, kNull);
  values_[index] = value;
}

bool RecordFold::Delete(const FoldEvent& event) {
  values_[kDeleted] = 1;
  values_[kDeletedAt] = event.occurred_micros;
  return true;
}

bool RecordFold::Restore() {
  values_[kDeleted] = 0;
  values_[kDeletedAt] = kNull;
  return true;
}

}  // namespace recount::projections
