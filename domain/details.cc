#include "domain/details.h"

#include "domain/record.h"
#include "google/protobuf/util/message_differencer.h"

namespace recount::domain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

bool IsGiven(const Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(message, field) > 0;
  return field->has_presence() && reflection->HasField(message, field);
}

void CopyRepeated(const Message& from, const FieldDescriptor* source, Message* to,
                  const FieldDescriptor* target) {
  const auto* reflection = to->GetReflection();
  reflection->ClearField(to, target);
  for (int i = 0; i < from.GetReflection()->FieldSize(from, source); ++i) {
    reflection->AddMessage(to, target)
        ->CopyFrom(from.GetReflection()->GetRepeatedMessage(from, source, i));
  }
}

bool SameRepeated(const Message& a, const FieldDescriptor* in_a, const Message& b,
                  const FieldDescriptor* in_b) {
  const int size = a.GetReflection()->FieldSize(a, in_a);
  if (size != b.GetReflection()->FieldSize(b, in_b)) return false;
  for (int i = 0; i < size; ++i) {
    if (!MessageDifferencer::Equals(a.GetReflection()->GetRepeatedMessage(a, in_a, i),
                                    b.GetReflection()->GetRepeatedMessage(b, in_b, i))) {
      return false;
    }
  }
  return true;
}

bool SameSingle(const Message& a, const FieldDescriptor* in_a, const Message& b,
                const FieldDescriptor* in_b) {
  if (in_a->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    // A source that says nothing and none at all are the same.
    return MessageDifferencer::Equals(a.GetReflection()->GetMessage(a, in_a),
                                      b.GetReflection()->GetMessage(b, in_b));
  }
  return a.GetReflection()->GetString(a, in_a) == b.GetReflection()->GetString(b, in_b);
}

}  // namespace

void ApplyDetails(const Message& changed, Message* record) {
  for (int i = 0; i < changed.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = changed.GetDescriptor()->field(i);
    if (!IsGiven(changed, field)) continue;
    const FieldDescriptor* target = record->GetDescriptor()->FindFieldByName(field->name());
    if (field->is_repeated()) {
      CopyRepeated(changed, field, record, target);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      record->GetReflection()
          ->MutableMessage(record, target)
          ->CopyFrom(changed.GetReflection()->GetMessage(changed, field));
    } else {
      record->GetReflection()->SetString(record, target,
                                         changed.GetReflection()->GetString(changed, field));
    }
  }
}

void ApplyChange(const Message& change, Message* record) {
  if (change.GetDescriptor() != v1::RecordAnnotated::descriptor())
    return ApplyDetails(change, record);
  const FieldDescriptor* info = record->GetDescriptor()->FindFieldByName("info");
  EvolveRecord(static_cast<const v1::RecordAnnotated&>(change),
               static_cast<v1::RecordInfo*>(record->GetReflection()->MutableMessage(record, info)));
}

bool KeepChanges(const Message& record, Message* changed) {
  bool anything = false;
  for (int i = 0; i < changed->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = changed->GetDescriptor()->field(i);
    if (!IsGiven(*changed, field)) continue;
    const FieldDescriptor* present = record.GetDescriptor()->FindFieldByName(field->name());
    const bool same = field->is_repeated() ? SameRepeated(*changed, field, record, present)
                                           : SameSingle(*changed, field, record, present);
    if (same) {
      changed->GetReflection()->ClearField(changed, field);
    } else {
      anything = true;
    }
  }
  return anything;
}

}  // namespace recount::domain
