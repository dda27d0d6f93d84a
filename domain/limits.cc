// Limits that hold for every request whatever it means: sizes, enum values, texts, dates and times.
#include <algorithm>
#include <mutex>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "recount/v1/options.pb.h"

namespace recount::domain {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kLongestText = 1024;
constexpr int kMostElements = 100;
constexpr int64_t kFirstSecond = -62135596800;  // of the year 1
constexpr int64_t kLastSecond = 253402300799;   // of the year 9999
constexpr int32_t kNano = 1'000'000'000;

enum class Special { kNone, kTimestamp, kDate, kRef, kExternalId };

// What is to be looked at in messages of one type; made once.
struct Plan {
  struct Item {
    const FieldDescriptor* field;
    size_t longest;     // of a text, in bytes
    size_t characters;  // of a text; 0: its bytes count
    int most;           // of elements
    const Plan* inner;  // of messages
  };
  Special special = Special::kNone;
  std::vector<Item> items;
};

Special SpecialOf(const Descriptor* type) {
  if (type == google::protobuf::Timestamp::descriptor()) return Special::kTimestamp;
  if (type == google::type::Date::descriptor()) return Special::kDate;
  if (type == v1::Ref::descriptor()) return Special::kRef;
  if (type == v1::ExternalId::descriptor()) return Special::kExternalId;
  return Special::kNone;
}

bool NeedsLook(const FieldDescriptor* field) {
  return field->is_repeated() || field->cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
         field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM ||
         field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

using Plans = absl::flat_hash_map<const Descriptor*, std::unique_ptr<Plan>>;

const Plan* MakePlan(const Descriptor* type, Plans* plans) {
  auto [at, is_new] = plans->try_emplace(type);
  if (!is_new) return at->second.get();
  at->second = std::make_unique<Plan>();
  Plan* plan = at->second.get();  // stays where it is when the map grows
  plan->special = SpecialOf(type);
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (!NeedsLook(field)) continue;
    const uint32_t max = field->options().GetExtension(v1::max);
    const uint32_t characters = field->options().GetExtension(v1::max_characters);
    Plan::Item item{field, kLongestText, characters, kMostElements, nullptr};
    if (max != 0 && field->is_repeated()) item.most = static_cast<int>(max);
    if (max != 0 && !field->is_repeated()) item.longest = max;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      item.inner = MakePlan(field->message_type(), plans);
    plan->items.push_back(item);
  }
  return plan;
}

const Plan* PlanOf(const Descriptor* type) {
  thread_local absl::flat_hash_map<const Descriptor*, const Plan*> seen;
  const Plan*& known = seen[type];
  if (known != nullptr) return known;
  static std::mutex& guard = *new std::mutex();
  static Plans& plans = *new Plans();
  const std::lock_guard<std::mutex> lock(guard);
  return known = MakePlan(type, &plans);
}

// The way to a field, on the stack: a text is made of it only for a refusal.
struct Path {
  const Path* outer;
  const FieldDescriptor* field;
  int index;  // -1: not repeated

  std::string Text() const {
    std::string text = outer == nullptr ? "" : absl::StrCat(outer->Text(), ".");
    absl::StrAppend(&text, field->name());
    if (index >= 0) absl::StrAppend(&text, "[", index, "]");
    return text;
  }
};

bool IsUtf8WithoutNul(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const unsigned char lead = text[i];
    if (lead == 0) return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
    uint32_t point = lead & (0xff >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      const unsigned char next = text[i + k];
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      return false;
    i += length;
  }
  return true;
}

absl::Status TooLong(size_t size, absl::string_view unit, size_t most, const Path& path) {
  return Refuse(
      v1::FIELD_TOO_LONG,
      absl::StrCat("the text has ", size, " ", unit, ", at most ", most, " are allowed"),
      path.Text(), {{"max", absl::StrCat(most)}});
}

size_t CharactersIn(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
}

absl::Status CheckText(const std::string& text, const Plan::Item& item, const Path& path) {
  if (text.size() > item.longest) return TooLong(text.size(), "bytes", item.longest, path);
  if (item.characters != 0 && text.size() > item.characters) {
    const size_t characters = CharactersIn(text);
    if (characters > item.characters)
      return TooLong(characters, "characters", item.characters, path);
  }
  if (item.field->type() == FieldDescriptor::TYPE_STRING && !IsUtf8WithoutNul(text)) {
    return Refuse(v1::FIELD_INVALID, "the text is not UTF-8 or holds a NUL", path.Text());
  }
  return absl::OkStatus();
}

absl::Status CheckEnum(int value, const Path& path) {
  if (path.field->enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
  return Refuse(
      v1::UNKNOWN_ENUM_VALUE,
      absl::StrCat(value, " is no value of ", path.field->enum_type()->name(), " known here"),
      path.Text());
}

absl::Status CheckSpecial(const Message& message, Special special, const Path& path) {
  switch (special) {
    case Special::kNone:
      return absl::OkStatus();
    case Special::kTimestamp: {
      const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
      if (time.seconds() >= kFirstSecond && time.seconds() <= kLastSecond && time.nanos() >= 0 &&
          time.nanos() < kNano) {
        return absl::OkStatus();
      }
      return Refuse(v1::FIELD_INVALID,
                    "the time lies outside the years 1 to 9999, or its nanos outside a second",
                    path.Text());
    }
    case Special::kDate:
      return DayFromDate(static_cast<const google::type::Date&>(message), path.Text()).status();
    case Special::kRef:
      if (static_cast<const v1::Ref&>(message).ref_case() != v1::Ref::REF_NOT_SET)
        return absl::OkStatus();
      return Refuse(v1::FIELD_REQUIRED, "a reference needs a name or an external id", path.Text());
    case Special::kExternalId: {
      const auto& id = static_cast<const v1::ExternalId&>(message);
      if (!id.source().empty() && !id.id().empty()) return absl::OkStatus();
      return Refuse(v1::FIELD_REQUIRED, "an external id needs a source and an id", path.Text());
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const Message& message, const Plan& plan, const Path* outer);

absl::Status CheckInner(const Message& message, const Plan& plan, const Path& path) {
  if (absl::Status status = CheckSpecial(message, plan.special, path); !status.ok()) return status;
  return Check(message, plan, &path);
}

absl::Status CheckRepeated(const Message& message, const Plan::Item& item, const Path* outer) {
  const auto* reflection = message.GetReflection();
  const int size = reflection->FieldSize(message, item.field);
  if (size > item.most) {
    return Refuse(
        v1::FIELD_TOO_LONG,
        absl::StrCat("there are ", size, " elements, at most ", item.most, " are allowed"),
        Path{outer, item.field, -1}.Text(), {{"max", absl::StrCat(item.most)}});
  }
  for (int i = 0; i < size; ++i) {
    const Path path{outer, item.field, i};
    absl::Status status;
    switch (item.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        status = CheckText(reflection->GetRepeatedStringReference(message, item.field, i, &scratch),
                           item, path);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        status = CheckEnum(reflection->GetRepeatedEnumValue(message, item.field, i), path);
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        status =
            CheckInner(reflection->GetRepeatedMessage(message, item.field, i), *item.inner, path);
        break;
      default:
        return absl::OkStatus();  // numbers
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckSingle(const Message& message, const Plan::Item& item, const Path& path) {
  const auto* reflection = message.GetReflection();
  switch (item.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      if (item.field->real_containing_oneof() != nullptr &&
          !reflection->HasField(message, item.field))
        return absl::OkStatus();
      std::string scratch;
      return CheckText(reflection->GetStringReference(message, item.field, &scratch), item, path);
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return CheckEnum(reflection->GetEnumValue(message, item.field), path);
    default:
      if (!reflection->HasField(message, item.field)) return absl::OkStatus();
      return CheckInner(reflection->GetMessage(message, item.field), *item.inner, path);
  }
}

// What this program does not know it can neither check nor obey; parts of commands are copied into events, where it would
// stay unlooked-at and mean something one day.
absl::Status CheckKnown(const Message& message, const Path* outer) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) return absl::OkStatus();
  const std::string number = absl::StrCat(unknown.field(0).number());
  return Refuse(v1::FIELD_INVALID,
                absl::StrCat(message.GetDescriptor()->name(), " has a field ", number,
                             " that this server does not know: it is newer than the server, or none"),
                outer == nullptr ? number : absl::StrCat(outer->Text(), ".", number));
}

absl::Status Check(const Message& message, const Plan& plan, const Path* outer) {
  if (absl::Status status = CheckKnown(message, outer); !status.ok()) return status;
  for (const Plan::Item& item : plan.items) {
    absl::Status status = item.field->is_repeated()
                              ? CheckRepeated(message, item, outer)
                              : CheckSingle(message, item, Path{outer, item.field, -1});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLimits(const Message& message) {
  return Check(message, *PlanOf(message.GetDescriptor()), nullptr);
}

}  // namespace recount::domain
