#include "services/field_differences.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "recount/v1/record.pb.h"

namespace recount::services {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0 : reflection->HasField(message, field);
}

// A message of the same type with this field alone.
std::unique_ptr<Message> Alone(const Message& message, const FieldDescriptor* field) {
  std::unique_ptr<Message> other(message.New());
  std::unique_ptr<Message> alone(message.New());
  other->CopyFrom(message);
  alone->GetReflection()->SwapFields(alone.get(), other.get(), {field});
  return alone;
}

// JSON of the field: the object `{"name":VALUE}` without what is round the value.
std::string JsonOf(const Message& alone, const FieldDescriptor* field) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = false;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(alone, &json, options).ok()) return "";
  const size_t prefix = absl::StrCat("{\"", field->name(), "\":").size();
  return json.size() > prefix + 1 ? json.substr(prefix, json.size() - prefix - 1) : "";
}

bool IsBookkeeping(const FieldDescriptor* field) {
  return field->containing_type() == v1::RecordInfo::descriptor() &&
         (field->name() == "revision" || field->name() == "position");
}

void Compare(const Message* before, const Message& after, const std::string& prefix,
             std::vector<v1::FieldDifference>* differences) {
  const google::protobuf::Descriptor* descriptor = after.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    const bool was = before != nullptr && IsSet(*before, field);
    const bool is = IsSet(after, field);
    if (IsBookkeeping(field) || (!was && !is)) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    if (!field->is_repeated() && field->message_type() == v1::RecordInfo::descriptor()) {
      const Message* info = was ? &before->GetReflection()->GetMessage(*before, field) : nullptr;
      Compare(info, after.GetReflection()->GetMessage(after, field), absl::StrCat(path, "."), differences);
      continue;
    }
    const std::unique_ptr<Message> old_value = was ? Alone(*before, field) : nullptr;
    const std::unique_ptr<Message> new_value = is ? Alone(after, field) : nullptr;
    if (was && is && google::protobuf::util::MessageDifferencer::Equals(*old_value, *new_value)) continue;
    v1::FieldDifference difference;
    difference.set_path(path);
    if (was) difference.set_before(JsonOf(*old_value, field));
    if (is) difference.set_after(JsonOf(*new_value, field));
    differences->push_back(std::move(difference));
  }
}

}  // namespace

std::vector<v1::FieldDifference> Differences(const Message* before, const Message* after) {
  std::vector<v1::FieldDifference> differences;
  if (after != nullptr) Compare(before, *after, "", &differences);
  return differences;
}

}  // namespace recount::services
