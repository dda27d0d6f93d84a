// Names and numbers of streams, events and commands.
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "domain/aggregate.h"

namespace recount::domain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kEventBits = 16;

struct Collection {
  absl::string_view name;
  int aggregate;
};
constexpr Collection kCollections[] = {
    {"leads", v1::EventPayload::kLead},       {"persons", v1::EventPayload::kPerson},
    {"deals", v1::EventPayload::kDeal},       {"organizations", v1::EventPayload::kOrganization},
    {"products", v1::EventPayload::kProduct}, {"users", v1::EventPayload::kUser},
    {"teams", v1::EventPayload::kTeam},       {"org_units", v1::EventPayload::kOrgUnit},
    {"rules", v1::EventPayload::kRule},       {"drafts", v1::EventPayload::kDraft},
    {"tenants", v1::EventPayload::kTenant},
};

struct EventType {
  const FieldDescriptor* aggregate;
  const FieldDescriptor* event;
};

const absl::flat_hash_map<uint32_t, EventType>& EventTypes() {
  static const auto& types = *[] {
    auto* made = new absl::flat_hash_map<uint32_t, EventType>();
    const auto* payload = v1::EventPayload::descriptor();
    for (int a = 0; a < payload->field_count(); ++a) {
      const FieldDescriptor* aggregate = payload->field(a);
      for (int e = 0; e < aggregate->message_type()->field_count(); ++e) {
        const FieldDescriptor* event = aggregate->message_type()->field(e);
        (*made)[static_cast<uint32_t>(aggregate->number()) << kEventBits | event->number()] = {
            aggregate, event};
      }
    }
    return made;
  }();
  return types;
}

int EventNumberOf(const v1::EventPayload& payload) {
  switch (payload.aggregate_case()) {
    case v1::EventPayload::kLead:
      return payload.lead().event_case();
    case v1::EventPayload::kPerson:
      return payload.person().event_case();
    case v1::EventPayload::kOrganization:
      return payload.organization().event_case();
    case v1::EventPayload::kDeal:
      return payload.deal().event_case();
    case v1::EventPayload::kProduct:
      return payload.product().event_case();
    case v1::EventPayload::kUser:
      return payload.user().event_case();
    case v1::EventPayload::kTeam:
      return payload.team().event_case();
    case v1::EventPayload::kOrgUnit:
      return payload.org_unit().event_case();
    case v1::EventPayload::kRule:
      return payload.rule().event_case();
    case v1::EventPayload::kDraft:
      return payload.draft().event_case();
    case v1::EventPayload::kTenant:
      return payload.tenant().event_case();
    case v1::EventPayload::AGGREGATE_NOT_SET:
      break;
  }
  return 0;
}

std::string Escaped(absl::string_view part) {
  return absl::StrReplaceAll(part, {{"%", "%25"}, {"/", "%2F"}});
}

}  // namespace

absl::string_view CollectionOf(absl::string_view name) {
  const size_t slash = name.find('/');
  if (slash == absl::string_view::npos || slash == 0 || slash + 1 == name.size() ||
      name.find('/', slash + 1) != absl::string_view::npos) {
    return "";
  }
  return name.substr(0, slash);
}

int AggregateOf(absl::string_view collection) {
  for (const Collection& known : kCollections) {
    if (known.name == collection) return known.aggregate;
  }
  return 0;
}

std::string ExternalKey(absl::string_view collection, const v1::ExternalId& id) {
  return absl::StrCat(collection, "/external/", Escaped(id.source()), "/", Escaped(id.id()));
}

uint32_t TypeOf(const v1::EventPayload& payload) {
  const int event = EventNumberOf(payload);
  return event == 0 ? 0
                    : static_cast<uint32_t>(payload.aggregate_case()) << kEventBits |
                          static_cast<uint32_t>(event);
}

Message* MutableEvent(uint32_t type, v1::EventPayload* payload) {
  const auto found = EventTypes().find(type);
  if (found == EventTypes().end()) return nullptr;
  Message* aggregate = payload->GetReflection()->MutableMessage(payload, found->second.aggregate);
  return aggregate->GetReflection()->MutableMessage(aggregate, found->second.event);
}

const Message& EventIn(const v1::EventPayload& payload) {
  const auto found = EventTypes().find(TypeOf(payload));
  if (found == EventTypes().end()) return v1::EventPayload::default_instance();
  const Message& aggregate = payload.GetReflection()->GetMessage(payload, found->second.aggregate);
  return aggregate.GetReflection()->GetMessage(aggregate, found->second.event);
}

std::string TypeName(uint32_t type) {
  const auto found = EventTypes().find(type);
  return found == EventTypes().end() ? "" : found->second.event->message_type()->name();
}

const Message* MessageIn(const v1::Command& command) {
  static const auto* const which = v1::Command::descriptor()->FindOneofByName("command");
  const FieldDescriptor* field = command.GetReflection()->GetOneofFieldDescriptor(command, which);
  return field == nullptr ? nullptr : &command.GetReflection()->GetMessage(command, field);
}

const v1::CommandHeader& HeaderOf(const v1::Command& command) {
  const Message* message = MessageIn(command);
  if (message == nullptr) return v1::CommandHeader::default_instance();
  // Every command has its header as its first field, number 1.
  const FieldDescriptor* header = message->GetDescriptor()->field(0);
  return static_cast<const v1::CommandHeader&>(
      message->GetReflection()->GetMessage(*message, header));
}

}  // namespace recount::domain
