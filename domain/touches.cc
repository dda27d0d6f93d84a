// Which records a command names: read off its message, so that a new command cannot be forgotten
// here.
#include <set>

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"

namespace recount::domain {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Collection that a reference field asks for; empty: the command says it itself.
absl::string_view CollectionAskedBy(const FieldDescriptor* field) {
  const std::string& name = field->name();
  if (name == "owner" || name == "user") return "users";
  if (name == "lead") return "leads";
  if (name == "person") return "persons";
  if (name == "organization" || name == "parent") return "organizations";
  if (name == "deal") return "deals";
  if (name == "product") return "products";
  if (name == "team") return "teams";
  if (name == "org_unit") return "org_units";
  return "";
}

// Collection of the records that a command makes: `CreateOrgUnitRequest` -> `org_units`.
absl::string_view CollectionMadeBy(const v1::Command& command) {
  switch (command.command_case()) {
    case v1::Command::kCaptureLead:
      return "leads";
    case v1::Command::kCreatePerson:
      return "persons";
    case v1::Command::kCreateOrganization:
    case v1::Command::kConvertLead:  // may make one
      return "organizations";
    case v1::Command::kCreateDeal:
      return "deals";
    case v1::Command::kCreateProduct:
      return "products";
    case v1::Command::kCreateUser:
      return "users";
    case v1::Command::kCreateTeam:
      return "teams";
    case v1::Command::kCreateOrgUnit:
      return "org_units";
    default:
      return "";
  }
}

void AddName(absl::string_view collection, const std::string& name, std::vector<Touch>* touches,
             bool is_own = false) {
  Touch& touch = touches->emplace_back();
  touch.collection = std::string(collection);
  touch.ref.set_name(name);
  touch.is_own = is_own;
}

// The record that a command is about is its field 2: a name, or a reference. One that is to be made may be there already by
// its external ids.
bool IsOwn(const FieldDescriptor* field) {
  return field->number() == 2 || field->name() == "external_ids";
}

void AddExternal(absl::string_view collection, const v1::ExternalId& id,
                 std::vector<Touch>* touches) {
  Touch& touch = touches->emplace_back();
  touch.collection = std::string(collection);
  *touch.ref.mutable_external() = id;
}

std::string TextOf(const Message& message, absl::string_view field) {
  const FieldDescriptor* found = message.GetDescriptor()->FindFieldByName(std::string(field));
  return found == nullptr ? "" : message.GetReflection()->GetString(message, found);
}

void AddRef(const Message& message, const FieldDescriptor* field, std::vector<Touch>* touches) {
  if (!message.GetReflection()->HasField(message, field)) return;
  const auto& ref =
      static_cast<const v1::Ref&>(message.GetReflection()->GetMessage(message, field));
  absl::string_view collection = CollectionAskedBy(field);
  std::string said;
  if (collection.empty()) {
    said = TextOf(message, "collection");
    collection = said.empty() ? CollectionOf(ref.name()) : absl::string_view(said);
  }
  if (ref.ref_case() == v1::Ref::kName) AddName(collection, ref.name(), touches);
  if (ref.ref_case() == v1::Ref::kExternal) AddExternal(collection, ref.external(), touches);
}

void AddOrgNames(const google::protobuf::RepeatedPtrField<v1::RuleProposal>& rules,
                 std::vector<Touch>* touches) {
  std::set<std::string> names;
  for (const v1::RuleProposal& rule : rules) {
    for (const v1::OrgEdge& edge : rule.content().org_chart().edges())
      names.insert({edge.child(), edge.parent()});
  }
  for (const std::string& name : names) {
    if (!CollectionOf(name).empty()) AddName(CollectionOf(name), name, touches);
  }
}

void AddRules(const v1::Command& command, std::vector<Touch>* touches) {
  const auto add_kinds =
      [touches](const google::protobuf::RepeatedPtrField<v1::RuleProposal>& rules) {
        for (const v1::RuleProposal& rule : rules) {
          AddName("rules", absl::StrCat("rules/", KindName(KindOf(rule.content()))), touches, true);
        }
      };
  if (command.has_publish_rules()) {
    add_kinds(command.publish_rules().rules());
    AddOrgNames(command.publish_rules().rules(), touches);
  }
  if (command.has_draft_rules()) AddOrgNames(command.draft_rules().rules(), touches);
  if (command.has_withdraw_rule()) {
    AddName("rules", absl::StrCat("rules/", KindName(command.withdraw_rule().kind())), touches,
            true);
  }
  const std::string draft = TextOf(*MessageIn(command), "draft");
  if (!draft.empty()) AddName("drafts", draft, touches, true);
}

}  // namespace

std::vector<Touch> Touches(const v1::Command& command) {
  std::vector<Touch> touches;
  const Message* message = MessageIn(command);
  if (message == nullptr) return touches;
  if (command.command_case() >= v1::Command::kPublishRules) {
    AddRules(command, &touches);
    return touches;
  }
  if (command.has_link_external_id() && command.link_external_id().has_external_id()) {
    const v1::LinkExternalIdRequest& link = command.link_external_id();
    const absl::string_view said = link.collection();
    AddRef(link, link.GetDescriptor()->FindFieldByName("record"), &touches);
    for (Touch& touch : touches) touch.is_own = true;
    AddExternal(said.empty() ? CollectionOf(link.record().name()) : said, link.external_id(),
                &touches);
    return touches;
  }
  const absl::string_view made = CollectionMadeBy(command);
  const Descriptor* type = message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const size_t before = touches.size();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && field->name() == "name" &&
        !made.empty()) {
      const std::string name = reflection->GetString(*message, field);
      if (!name.empty()) AddName(made, name, &touches);
    } else if (field->message_type() == v1::Ref::descriptor()) {
      AddRef(*message, field, &touches);
    } else if (field->message_type() == v1::ExternalId::descriptor() && field->is_repeated()) {
      for (int k = 0; k < reflection->FieldSize(*message, field); ++k) {
        AddExternal(
            made,
            static_cast<const v1::ExternalId&>(reflection->GetRepeatedMessage(*message, field, k)),
            &touches);
      }
    }
    for (size_t k = before; k < touches.size(); ++k) touches[k].is_own = IsOwn(field);
  }
  return touches;
}

}  // namespace recount::domain
