#include "tools/import/field_path.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "recount/v1/common.pb.h"

namespace recount::tools {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string FieldsOf(const Descriptor* message) {
  std::vector<std::string> names;
  for (int i = 0; i < message->field_count(); ++i) names.push_back(message->field(i)->name());
  return absl::StrJoin(names, ", ");
}

// `phones[1]` -> phones, 1; a missing number is 0.
bool SplitIndex(absl::string_view text, std::string* name, int* index) {
  *index = 0;
  const size_t open = text.find('[');
  *name = std::string(text.substr(0, open));
  if (open == absl::string_view::npos) return true;
  if (text.back() != ']') return false;
  return absl::SimpleAtoi(text.substr(open + 1, text.size() - open - 2), index) && *index >= 0 && *index < 1000;
}

// `WON` or `won` is enough where the name is STAGE_MEANING_WON.
const EnumValueDescriptor* FindEnum(const google::protobuf::EnumDescriptor* type, absl::string_view text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  for (int i = 0; i < type->value_count(); ++i) {
    const EnumValueDescriptor* value = type->value(i);
    if (value->name() == upper || (value->number() != 0 && absl::EndsWith(value->name(), "_" + upper))) return value;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<FieldPath> FieldPath::Find(const Descriptor* message, absl::string_view path, std::vector<std::string>* names) {
  FieldPath out;
  absl::string_view rest = path;
  std::string label;
  while (true) {
    const size_t dot = rest.find('.');
    std::string name;
    int index = 0;
    if (!SplitIndex(rest.substr(0, dot), &name, &index)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", rest.substr(0, dot), "\" is no field, write e.g. phones[0]"));
    }
    const FieldDescriptor* field = message->FindFieldByName(name);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(message->name(), " has no field \"", name, "\"; it has ", FieldsOf(message)));
    }
    absl::StrAppend(&label, "/", name, "#", index);
    const bool is_custom = field->is_repeated() && field->message_type() == api::FieldChange::descriptor();
    if (is_custom) {
      if (dot == absl::string_view::npos) return absl::InvalidArgumentError("write `fields.` and the field's id");
      out.custom_id_ = std::string(rest.substr(dot + 1));
      out.leaf_ = field;
      out.kind_ = Kind::kCustom;
      return out;
    }
    if (dot == absl::string_view::npos) {
      absl::Status status = out.FindLeaf(field);
      if (!status.ok()) return status;
      return out;
    }
    if (field->message_type() == nullptr || field->is_map()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" has no fields of its own"));
    }
    int slot = -1;
    if (field->is_repeated()) {
      const auto found = std::find(names->begin(), names->end(), label);
      slot = static_cast<int>(found - names->begin());
      if (found == names->end()) names->push_back(label);
    }
    out.steps_.push_back({field, slot});
    message = field->message_type();
    rest.remove_prefix(dot + 1);
  }
}

absl::Status FieldPath::FindLeaf(const FieldDescriptor* field) {
  leaf_ = field;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: kind_ = Kind::kText; return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL: kind_ = Kind::kFlag; return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM: kind_ = Kind::kEnum; return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: kind_ = Kind::kInteger; return absl::OkStatus();
    default: break;
  }
  const Descriptor* type = field->message_type();
  if (type == google::type::Money::descriptor()) {
    kind_ = Kind::kMoney;
  } else if (type == google::type::Date::descriptor()) {
    kind_ = Kind::kDate;
  } else if (type == google::protobuf::Timestamp::descriptor()) {
    kind_ = Kind::kTime;
  } else if (type == api::DateOrTime::descriptor()) {
    kind_ = Kind::kDateOrTime;
  } else if (type == api::Ref::descriptor()) {
    kind_ = Kind::kRef;
  } else if (type == api::ExternalId::descriptor()) {
    kind_ = Kind::kExternalId;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("\"", field->name(), "\" is a ", type == nullptr ? "number" : type->name(),
                                                   "; say which of its fields", type == nullptr ? "" : ": ",
                                                   type == nullptr ? "" : FieldsOf(type)));
  }
  return absl::OkStatus();
}

absl::Status FieldPath::Set(Message* root, const std::vector<std::string>& values, const Conversion& how, Slots* slots) const {
  Message* parent = root;
  for (const Step& step : steps_) {
    const auto* reflection = parent->GetReflection();
    if (step.slot < 0) {
      parent = reflection->MutableMessage(parent, step.field);
      continue;
    }
    int& element = (*slots)[step.slot];
    if (element < 0) {
      element = reflection->FieldSize(*parent, step.field);
      parent = reflection->AddMessage(parent, step.field);
    } else {
      parent = reflection->MutableRepeatedMessage(parent, step.field, element);
    }
  }
  if (kind_ == Kind::kCustom) {
    auto* change = static_cast<api::FieldChange*>(parent->GetReflection()->AddMessage(parent, leaf_));
    change->set_field_id(custom_id_);
    return SetCustom(values, how, change->mutable_value());
  }
  if (values.size() > 1 && !leaf_->is_repeated()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", leaf_->name(), "\" takes one value, not ", values.size()));
  }
  for (const std::string& text : values) {
    absl::Status status = SetOne(parent, text, how);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status FieldPath::SetOne(Message* parent, const std::string& text, const Conversion& how) const {
  return leaf_->message_type() == nullptr ? SetScalar(parent, text, how) : SetMessage(parent, text, how);
}

absl::Status FieldPath::SetScalar(Message* parent, const std::string& text, const Conversion& how) const {
  const auto* reflection = parent->GetReflection();
  const bool many = leaf_->is_repeated();
  if (kind_ == Kind::kText) {
    many ? reflection->AddString(parent, leaf_, text) : reflection->SetString(parent, leaf_, text);
    return absl::OkStatus();
  }
  if (kind_ == Kind::kFlag) {
    absl::StatusOr<bool> flag = ParseFlag(text);
    if (flag.ok()) reflection->SetBool(parent, leaf_, *flag);
    return flag.status();
  }
  if (kind_ == Kind::kEnum) {
    const EnumValueDescriptor* value = FindEnum(leaf_->enum_type(), text);
    if (value == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no ", leaf_->enum_type()->name()));
    }
    many ? reflection->AddEnum(parent, leaf_, value) : reflection->SetEnum(parent, leaf_, value);
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> number = ParseInteger(text, how.number);
  if (!number.ok()) return number.status();
  switch (leaf_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64: reflection->SetInt64(parent, leaf_, *number); return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT64:
      if (*number < 0) return absl::InvalidArgumentError(absl::StrCat(text, " is below 0"));
      reflection->SetUInt64(parent, leaf_, static_cast<uint64_t>(*number));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT32:
      if (*number < 0 || *number > std::numeric_limits<uint32_t>::max()) {
        return absl::InvalidArgumentError(absl::StrCat(text, " is out of range"));
      }
      reflection->SetUInt32(parent, leaf_, static_cast<uint32_t>(*number));
      return absl::OkStatus();
    default:
      if (*number < std::numeric_limits<int32_t>::min() || *number > std::numeric_limits<int32_t>::max()) {
        return absl::InvalidArgumentError(absl::StrCat(text, " is out of range"));
      }
      reflection->SetInt32(parent, leaf_, static_cast<int32_t>(*number));
      return absl::OkStatus();
  }
}

absl::Status FieldPath::SetMessage(Message* parent, const std::string& text, const Conversion& how) const {
  const auto* reflection = parent->GetReflection();
  Message* target = leaf_->is_repeated() ? reflection->AddMessage(parent, leaf_) : reflection->MutableMessage(parent, leaf_);
  // A message made here is dropped with the whole row if its text cannot be read.
  auto put = [target](const auto& value) {
    if (value.ok()) target->CopyFrom(*value);
    return value.status();
  };
  switch (kind_) {
    case Kind::kMoney: return put(ParseMoney(text, how.number, how.currency));
    case Kind::kDate: return put(ParseDate(text, how.time));
    case Kind::kTime: return put(ParseTime(text, how.time));
    case Kind::kDateOrTime: return put(ParseDateOrTime(text, how.time));
    case Kind::kRef: target = static_cast<api::Ref*>(target)->mutable_external(); break;
    default: break;
  }
  auto* external = static_cast<api::ExternalId*>(target);
  external->set_source(how.source);
  external->set_id(text);
  return absl::OkStatus();
}

absl::Status SetCustom(const std::vector<std::string>& values, const Conversion& how, api::FieldValue* out) {
  if (how.type == v1::CUSTOM_TYPE_OPTIONS) {
    for (const std::string& value : values) out->mutable_options()->add_ids(value);
    return absl::OkStatus();
  }
  if (values.size() > 1) return absl::InvalidArgumentError("a field that is not of type CUSTOM_TYPE_OPTIONS takes one value");
  const std::string& text = values.front();
  auto put = [](const auto& value, auto* target) {
    if (value.ok()) target->CopyFrom(*value);
    return value.status();
  };
  switch (how.type) {
    case v1::CUSTOM_TYPE_INTEGER: {
      absl::StatusOr<int64_t> number = ParseInteger(text, how.number);
      if (number.ok()) out->set_integer(*number);
      return number.status();
    }
    case v1::CUSTOM_TYPE_FLAG: {
      absl::StatusOr<bool> flag = ParseFlag(text);
      if (flag.ok()) out->set_flag(*flag);
      return flag.status();
    }
    case v1::CUSTOM_TYPE_MONEY: return put(ParseMoney(text, how.number, how.currency), out->mutable_money());
    case v1::CUSTOM_TYPE_DATE: return put(ParseDate(text, how.time), out->mutable_date());
    case v1::CUSTOM_TYPE_TIME: return put(ParseTime(text, how.time), out->mutable_time());
    case v1::CUSTOM_TYPE_OPTION: out->set_option(text); return absl::OkStatus();
    default: out->set_text(text); return absl::OkStatus();
  }
}

}  // namespace recount::tools
