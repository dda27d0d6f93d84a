// Which names expressions may use over a subject.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "projections/engine/derived.h"
#include "projections/engine/expression.h"

namespace recount::projections {
namespace {

FieldInfo FieldOf(const ColumnDef& column) {
  return {column.name, TypeOf(column.kind), column.collection, column.description, false, nullptr};
}

Type TypeOfField(v1::FieldType type) {
  switch (type) {
    case v1::FIELD_TYPE_INTEGER: return Type::kInteger;
    case v1::FIELD_TYPE_MONEY: return Type::kMoney;
    case v1::FIELD_TYPE_DATE: return Type::kDay;
    case v1::FIELD_TYPE_TIME: return Type::kTime;
    case v1::FIELD_TYPE_FLAG: return Type::kFlag;
    case v1::FIELD_TYPE_OPTIONS: return Type::kTextSet;
    default: return Type::kText;
  }
}

class FieldList {
 public:
  void Add(FieldInfo field) {
    const bool known = std::any_of(fields_.begin(), fields_.end(), [&](const FieldInfo& f) { return f.name == field.name; });
    if (!known) fields_.push_back(std::move(field));
  }
  void AddSubject(const Subject& subject, const Schema& schema, const Subject* companion) {
    for (const DerivedField& derived : DerivedFields()) {
      if (!derived.applies(subject)) continue;
      Add({std::string(derived.name), derived.type, CollectionOfDerived(derived, subject), std::string(derived.description),
           true, companion});
    }
    const IntervalTable* table = schema.snapshot == nullptr ? nullptr : schema.snapshot->table(subject.id);
    for (const ColumnDef& column : table == nullptr ? subject.columns : table->columns()) {
      FieldInfo field = FieldOf(column);
      field.companion = companion;
      Add(std::move(field));
    }
    if (companion != nullptr || schema.custom_fields == nullptr) return;
    for (const v1::FieldDefinition& custom : schema.custom_fields->fields()) {
      if (custom.collection() != subject.collection || custom.personal()) continue;
      Add({absl::StrCat("field.", custom.id()), TypeOfField(custom.type()), "", LabelIn(custom), false, nullptr});
    }
  }
  std::vector<FieldInfo> Take() { return std::move(fields_); }

 private:
  static std::string LabelIn(const v1::FieldDefinition& custom) {
    auto it = custom.labels().find("en");
    return it == custom.labels().end() ? "" : it->second;
  }
  std::vector<FieldInfo> fields_;
};

}  // namespace

std::vector<FieldInfo> FieldsOf(const Subject& subject, const Schema& schema) {
  FieldList list;
  list.AddSubject(subject, schema, nullptr);
  for (const std::string& id : subject.companions) {
    const Subject* companion = FindSubject(id);
    if (companion != nullptr) list.AddSubject(*companion, schema, companion);
  }
  return list.Take();
}

const Subject* SubjectOf(absl::string_view collection) {
  for (const Subject& subject : AllSubjects()) {
    if (subject.collection == collection && absl::StrCat(subject.id, "s") == collection) return &subject;
  }
  return nullptr;
}

}  // namespace recount::projections
