#include "projections/engine/timeline_changes.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "domain/calendar.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/map_field.h"
#include "google/type/date.pb.h"
#include "google/type/money.pb.h"

namespace recount::projections {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr absl::string_view kNothing = "–";

std::string MoneyText(const google::type::Money& money) {
  std::string fraction = absl::StrCat(std::abs(money.nanos()) + 1000000000);
  fraction.erase(0, 1);
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  const char* sign = money.units() < 0 || money.nanos() < 0 ? "-" : "";
  return absl::StrCat(sign, std::abs(money.units()), money.nanos() == 0 ? "" : ".", money.nanos() == 0 ? "" : fraction, " ",
                      money.currency_code());
}

std::string ScalarText(const Message& message, const FieldDescriptor* field, int index);

// Small messages as one text; others as their parts.
std::string MessageText(const Message& message) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == "google.type.Money") {
    google::type::Money money;
    money.CopyFrom(message);
    return MoneyText(money);
  }
  if (type == "google.type.Date") {
    google::type::Date date;
    date.CopyFrom(message);
    return domain::FormatDay(domain::DayFromCivil(date.year(), date.month(), date.day()));
  }
  if (type == "google.protobuf.Timestamp") {
    google::protobuf::Timestamp time;
    time.CopyFrom(message);
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(domain::MicrosFrom(time)), absl::UTCTimeZone());
  }
  std::vector<std::string> parts;
  for (const auto& [path, text] : FieldTexts(message)) parts.push_back(text);
  return absl::StrJoin(parts, " ");
}

std::string ScalarText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool many = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return many ? r.GetRepeatedString(message, field, index) : r.GetString(message, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return (many ? r.GetRepeatedBool(message, field, index) : r.GetBool(message, field)) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(many ? r.GetRepeatedInt32(message, field, index) : r.GetInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(many ? r.GetRepeatedInt64(message, field, index) : r.GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(many ? r.GetRepeatedUInt32(message, field, index) : r.GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(many ? r.GetRepeatedUInt64(message, field, index) : r.GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE: return "";
    case FieldDescriptor::CPPTYPE_ENUM: {
      // DEAL_OUTCOME_WON is read as `won`.
      const auto* value = many ? r.GetRepeatedEnum(message, field, index) : r.GetEnum(message, field);
      std::string prefix = field->enum_type()->value(0)->name();
      const size_t cut = prefix.rfind("UNSPECIFIED");
      prefix = cut == std::string::npos ? "" : prefix.substr(0, cut);
      std::string name = value->name();
      if (name.rfind(prefix, 0) == 0) name = name.substr(prefix.size());
      for (char& c : name) c = static_cast<char>(tolower(c));
      return name;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(many ? r.GetRepeatedMessage(message, field, index) : r.GetMessage(message, field));
  }
  return "";
}

// A map's entries are fields of their own: `fields.segment`.
void AddEntries(const Message& message, const FieldDescriptor* field, std::map<std::string, std::string>* texts) {
  const auto* value = field->message_type()->map_value();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, field, i);
    const std::string key = ScalarText(entry, field->message_type()->map_key(), -1);
    std::string text = ScalarText(entry, value, -1);
    (*texts)[absl::StrCat(field->name(), ".", key)] = text.empty() ? "null" : text;
  }
}

bool IsBookkeeping(const FieldDescriptor* field) {
  static const std::set<std::string>& names =
      *new std::set<std::string>{"name", "revision", "position", "data_subject", "linked_subjects", "create_time",
                                 "create_precision", "folded"};
  const std::string& message = field->containing_type()->name();
  return (message == "RecordInfo" || message == "PersonName") && names.contains(field->name());
}

}  // namespace

std::map<std::string, std::string> FieldTexts(const Message& record) {
  std::map<std::string, std::string> texts;
  std::vector<const FieldDescriptor*> fields;
  record.GetReflection()->ListFields(record, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsBookkeeping(field)) continue;
    if (field->is_map()) {
      AddEntries(record, field, &texts);
    } else if (field->is_repeated()) {
      std::vector<std::string> parts;
      for (int i = 0; i < record.GetReflection()->FieldSize(record, field); ++i) parts.push_back(ScalarText(record, field, i));
      texts[field->name()] = absl::StrJoin(parts, ", ");
    } else if (field->name() == "info") {
      texts.merge(FieldTexts(record.GetReflection()->GetMessage(record, field)));
    } else {
      texts[field->name()] = ScalarText(record, field, -1);
    }
  }
  return texts;
}

std::string TimelineChanges::Apply(const v1::Event& event) {
  domain::EventMeta meta;
  meta.stream = event.stream();
  meta.position = event.position();
  meta.revision = event.revision();
  meta.occurred_micros = domain::MicrosFrom(event.occurred_time());
  meta.precision = event.precision();
  meta.recorded_micros = domain::MicrosFrom(event.recorded_time());
  meta.actor = event.actor();
  domain::Evolve(event.payload(), meta, &state_);
  const Message* record = domain::ResourceOf(state_);
  std::map<std::string, std::string> after;
  if (record != nullptr) after = FieldTexts(*record);

  std::map<std::string, std::pair<std::string, std::string>> differences;
  for (const auto& [path, text] : fields_) differences[path].first = text;
  for (const auto& [path, text] : after) differences[path].second = text;
  std::vector<std::string> changes;
  for (const auto& [path, texts] : differences) {
    if (texts.first == texts.second) continue;
    changes.push_back(absl::StrCat(path, ": ", texts.first.empty() ? kNothing : absl::string_view(texts.first), " → ",
                                   texts.second.empty() ? kNothing : absl::string_view(texts.second)));
  }
  fields_ = std::move(after);
  return absl::StrJoin(changes, "; ");
}

}  // namespace recount::projections
