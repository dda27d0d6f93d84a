#include "domain/custom_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/deciding.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "google/protobuf/util/message_differencer.h"

namespace recount::domain {
namespace {

using google::protobuf::util::MessageDifferencer;

v1::FieldType TypeOfValue(const v1::FieldValue& value) {
  switch (value.value_case()) {
    case v1::FieldValue::kText:
      return v1::FIELD_TYPE_TEXT;
    case v1::FieldValue::kInteger:
      return v1::FIELD_TYPE_INTEGER;
    case v1::FieldValue::kMoney:
      return v1::FIELD_TYPE_MONEY;
    case v1::FieldValue::kDate:
      return v1::FIELD_TYPE_DATE;
    case v1::FieldValue::kTime:
      return v1::FIELD_TYPE_TIME;
    case v1::FieldValue::kFlag:
      return v1::FIELD_TYPE_FLAG;
    case v1::FieldValue::kOption:
      return v1::FIELD_TYPE_OPTION;
    case v1::FieldValue::kOptions:
      return v1::FIELD_TYPE_OPTIONS;
    case v1::FieldValue::VALUE_NOT_SET:
      break;
  }
  return v1::FIELD_TYPE_UNSPECIFIED;
}

const v1::FieldDefinition* Find(const v1::FieldSchemaRule& schema, absl::string_view collection,
                                absl::string_view id) {
  for (const v1::FieldDefinition& field : schema.fields()) {
    if (field.id() == id && field.collection() == collection) return &field;
  }
  return nullptr;
}

absl::Status CheckOption(const v1::FieldDefinition& field, const std::string& option,
                         absl::string_view path) {
  if (field.options().empty() && !option.empty()) return absl::OkStatus();
  for (const v1::FieldOption& known : field.options()) {
    if (known.id() == option) return absl::OkStatus();
  }
  return Refuse(v1::FIELD_INVALID,
                absl::StrCat("'", option, "' is no option of the field '", field.id(), "'"), path);
}

absl::Status CheckValue(const v1::FieldDefinition& field, const v1::FieldValue& value,
                        absl::string_view path) {
  if (value.value_case() == v1::FieldValue::VALUE_NOT_SET) return absl::OkStatus();  // null
  if (TypeOfValue(value) != field.type()) {
    return Refuse(
        v1::FIELD_TYPE_MISMATCH,
        absl::StrCat("the field '", field.id(), "' is of type ", v1::FieldType_Name(field.type()),
                     ", the value of ", v1::FieldType_Name(TypeOfValue(value))),
        path);
  }
  switch (field.type()) {
    case v1::FIELD_TYPE_MONEY:
      return MinorFromMoney(value.money(), path).status();
    case v1::FIELD_TYPE_DATE:
      return DayFromDate(value.date(), path).status();
    case v1::FIELD_TYPE_OPTION:
      return CheckOption(field, value.option(), path);
    case v1::FIELD_TYPE_OPTIONS:
      for (const std::string& option : value.options().ids()) {
        RECOUNT_RETURN_IF_ERROR(CheckOption(field, option, path));
      }
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckShape(const v1::FieldChange& change, absl::string_view path) {
  if (change.remove() && change.has_value()) {
    return Refuse(v1::FIELD_INVALID, "a field is either removed or has a value", path);
  }
  if (!change.remove() && !change.has_value()) {
    return Refuse(v1::FIELD_REQUIRED, "give a value, one without content for null, or remove",
                  absl::StrCat(path, ".value"));
  }
  return absl::OkStatus();
}

// Options are a set: sorted, each once.
v1::FieldChange Canonical(v1::FieldChange change) {
  if (!change.value().has_options()) return change;
  auto* ids = change.mutable_value()->mutable_options()->mutable_ids();
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  return change;
}

bool IsGiven(const FieldChanges& changes, const std::string& id) {
  for (const v1::FieldChange& change : changes) {
    if (change.field_id() == id && change.value().value_case() != v1::FieldValue::VALUE_NOT_SET)
      return true;
  }
  return false;
}

absl::Status CheckRequired(const v1::FieldSchemaRule& schema, absl::string_view collection,
                           const FieldChanges& changes) {
  for (const v1::FieldDefinition& field : schema.fields()) {
    if (!field.required() || field.collection() != collection || IsGiven(changes, field.id()))
      continue;
    return Refuse(v1::FIELD_REQUIRED,
                  absl::StrCat("one of the ", collection, " cannot be made without the field '",
                               field.id(), "'"),
                  absl::StrCat("fields.", field.id()));
  }
  return absl::OkStatus();
}

bool Changes(const v1::FieldChange& change,
             const google::protobuf::Map<std::string, v1::FieldValue>& present) {
  const auto found = present.find(change.field_id());
  if (change.remove()) return found != present.end();
  return found == present.end() || !MessageDifferencer::Equals(found->second, change.value());
}

void KeepChanging(const google::protobuf::Map<std::string, v1::FieldValue>& present,
                  FieldChanges* changes) {
  FieldChanges kept;
  for (v1::FieldChange& change : *changes) {
    if (Changes(change, present)) *kept.Add() = std::move(change);
  }
  changes->Swap(&kept);
}

}  // namespace

absl::StatusOr<CheckedFields> CheckFields(absl::string_view collection, const FieldChanges& changes,
                                          const Rulebook& rules, int32_t day, bool at_creation) {
  CheckedFields checked;
  const v1::FieldSchemaRule& schema = rules.FieldSchema(day);
  for (int i = 0; i < changes.size(); ++i) {
    const v1::FieldChange& change = changes[i];
    const std::string path = absl::StrCat("fields[", i, "]");
    RECOUNT_RETURN_IF_ERROR(CheckShape(change, path));
    const v1::FieldDefinition* field = Find(schema, collection, change.field_id());
    if (field == nullptr) {
      return Refuse(v1::UNKNOWN_FIELD,
                    absl::StrCat("the field schema in force has no field '", change.field_id(),
                                 "' for ", collection),
                    path);
    }
    for (int k = 0; k < i; ++k) {
      if (changes[k].field_id() != change.field_id()) continue;
      return Refuse(v1::FIELD_INVALID,
                    absl::StrCat("the field '", change.field_id(), "' is given twice"), path);
    }
    RECOUNT_RETURN_IF_ERROR(CheckValue(*field, change.value(), path));
    *(field->personal() ? checked.personal : checked.open).Add() = Canonical(change);
  }
  if (at_creation) RECOUNT_RETURN_IF_ERROR(CheckRequired(schema, collection, changes));
  return checked;
}

void KeepFieldChanges(const v1::RecordInfo& info, CheckedFields* fields) {
  KeepChanging(info.fields(), &fields->open);
  KeepChanging(info.personal_fields(), &fields->personal);
}

}  // namespace recount::domain
