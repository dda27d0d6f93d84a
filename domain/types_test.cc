#include "domain/details.h"
#include "domain/scenario_testing.h"
#include "recount/v1/options.pb.h"

namespace recount::domain {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

TEST(TypesTest, NamesHaveCollections) {
  EXPECT_EQ(CollectionOf("deals/4711"), "deals");
  for (const char* name : {"", "deals", "deals/", "/1", "deals/1/2"})
    EXPECT_EQ(CollectionOf(name), "") << name;
  EXPECT_EQ(AggregateOf("deals"), 6);
  EXPECT_EQ(AggregateOf("tenants"), 40);
  EXPECT_EQ(AggregateOf("deal"), 0);
}

TEST(TypesTest, ExternalKeysAreUnambiguous) {
  v1::ExternalId id;
  id.set_source("a/b%");
  id.set_id("1");
  EXPECT_EQ(ExternalKey("deals", id), "deals/external/a%2Fb%25/1");
}

TEST(TypesTest, EveryEventHasANumberAndAName) {
  const Descriptor* payload = v1::EventPayload::descriptor();
  int count = 0;
  for (int a = 0; a < payload->field_count(); ++a) {
    const Descriptor* aggregate = payload->field(a)->message_type();
    for (int e = 0; e < aggregate->field_count(); ++e, ++count) {
      const uint32_t type =
          static_cast<uint32_t>(payload->field(a)->number()) << 16 | aggregate->field(e)->number();
      v1::EventPayload made;
      Message* event = MutableEvent(type, &made);
      ASSERT_NE(event, nullptr);
      EXPECT_EQ(event->GetDescriptor(), aggregate->field(e)->message_type());
      EXPECT_EQ(TypeOf(made), type);
      EXPECT_EQ(&EventIn(made), event);
      EXPECT_EQ(TypeName(type), event->GetDescriptor()->name());
    }
  }
  EXPECT_GT(count, 60);
  v1::EventPayload none;
  EXPECT_EQ(TypeOf(none), 0u);
  none.mutable_deal();
  EXPECT_EQ(TypeOf(none), 0u);
  EXPECT_EQ(MutableEvent(6 << 16 | 99, &none), nullptr);
  EXPECT_EQ(TypeName(1), "");
}

// Decisions rest on these habits of the protos.
TEST(TypesTest, CommandsHaveTheirHeaderFirst) {
  const Descriptor* commands = v1::Command::descriptor();
  for (int i = 0; i < commands->field_count(); ++i) {
    v1::Command command;
    command.GetReflection()->MutableMessage(&command, commands->field(i));
    const Message* message = MessageIn(command);
    ASSERT_NE(message, nullptr);
    const FieldDescriptor* header = message->GetDescriptor()->field(0);
    EXPECT_EQ(header->name(), "header") << message->GetTypeName();
    EXPECT_EQ(header->number(), 1);
    EXPECT_EQ(header->message_type(), v1::CommandHeader::descriptor());
    EXPECT_EQ(HeaderOf(command).ByteSizeLong(), 0u);
  }
  EXPECT_EQ(MessageIn(v1::Command()), nullptr);
}

TEST(TypesTest, DetailsHaveTheirFieldInTheRecord) {
  const std::pair<const Descriptor*, const Descriptor*> pairs[] = {
      {v1::LeadDetailsChanged::descriptor(), v1::Lead::descriptor()},
      {v1::PersonDetailsChanged::descriptor(), v1::Person::descriptor()},
      {v1::OrganizationDetailsChanged::descriptor(), v1::Organization::descriptor()},
      {v1::DealDetailsChanged::descriptor(), v1::Deal::descriptor()},
      {v1::ProductDetailsChanged::descriptor(), v1::Product::descriptor()},
      {v1::UserDetailsChanged::descriptor(), v1::User::descriptor()},
      {v1::TeamDetailsChanged::descriptor(), v1::Team::descriptor()},
      {v1::OrgUnitDetailsChanged::descriptor(), v1::OrgUnit::descriptor()}};
  for (const auto& [event, record] : pairs) {
    for (int i = 0; i < event->field_count(); ++i) {
      const FieldDescriptor* field = event->field(i);
      if (!field->is_repeated() && !field->has_presence()) continue;  // describes the event
      const FieldDescriptor* target = record->FindFieldByName(field->name());
      ASSERT_NE(target, nullptr) << field->full_name();
      EXPECT_EQ(target->type(), field->type()) << field->full_name();
      EXPECT_EQ(target->message_type(), field->message_type()) << field->full_name();
      EXPECT_EQ(target->is_repeated(), field->is_repeated()) << field->full_name();
      EXPECT_TRUE(field->type() == FieldDescriptor::TYPE_STRING || field->message_type() != nullptr)
          << field->full_name();
      EXPECT_EQ(target->options().GetExtension(v1::personal),
                field->options().GetExtension(v1::personal))
          << field->full_name();
    }
  }
}

TEST(TypesTest, DetailsOfEveryTypeAreAppliedAndThenNoChange) {
  v1::Deal deal;
  auto changed =
      Parse<v1::DealDetailsChanged>("title: 't' person: 'persons/1' source { id: 's' } needs: ''");
  EXPECT_TRUE(KeepChanges(deal, &changed));
  EXPECT_FALSE(changed.has_needs());
  ApplyDetails(changed, &deal);
  EXPECT_EQ(deal.source().id(), "s");
  EXPECT_FALSE(KeepChanges(deal, &changed));
  EXPECT_EQ(changed.ByteSizeLong(), 0u);
}

// With a star: the record that the command is about.
std::string TouchesOf(const std::string& command) {
  std::string text;
  for (const Touch& touch : Touches(Parse<v1::Command>(command))) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", touch.collection, " ",
                    touch.ref.has_external() ? absl::StrCat(touch.ref.external().source(), ":",
                                                            touch.ref.external().id())
                                             : touch.ref.name(),
                    touch.is_own ? "*" : "");
  }
  return text;
}

TEST(TouchesTest, NameEverythingThatACommandNeeds) {
  EXPECT_EQ(
      TouchesOf(
          R"(create_deal { name: 'deals/1' external_ids { source: 'x' id: '1' } owner { name: 'users/1' }
                         lead { external { source: 'x' id: '2' } } organization { name: 'organizations/1' } })"),
      "deals deals/1*, deals x:1*, users users/1, leads x:2, organizations organizations/1");
  EXPECT_EQ(TouchesOf("win_deal { deal { name: 'deals/1' } }"), "deals deals/1*");
  EXPECT_EQ(TouchesOf("set_organization_parent { organization { name: 'organizations/1' } parent { "
                      "name: 'organizations/2' } }"),
            "organizations organizations/1*, organizations organizations/2");
  EXPECT_EQ(
      TouchesOf(
          R"(convert_lead { lead { name: 'leads/1' } organization_external_ids { source: 'x' id: '1' } })"),
      "leads leads/1*, organizations x:1");
  EXPECT_EQ(TouchesOf("delete_record { record { name: 'leads/1' } }"), "leads leads/1*");
  EXPECT_EQ(
      TouchesOf(
          "delete_record { collection: 'teams' record { external { source: 'x' id: '1' } } }"),
      "teams x:1*");
  EXPECT_EQ(TouchesOf("publish_rules { rules { content { reasons {} } } }"), "rules rules/reasons*");
  EXPECT_EQ(TouchesOf("publish_rules { rules { content { org_chart { edges { child: 'users/1' "
                      "parent: 'teams/1' } "
                      "edges { child: 'teams/1' } } } } }"),
            "rules rules/org_chart*, teams teams/1, users users/1");
  EXPECT_EQ(
      TouchesOf(
          "link_external_id { record { name: 'deals/1' } external_id { source: 'x' id: '1' } }"),
      "deals deals/1*, deals x:1");
  EXPECT_EQ(TouchesOf("publish_draft { draft: 'drafts/1' }"), "drafts drafts/1*");
  EXPECT_EQ(TouchesOf("create_deal { owner { name: 'users/1' } }"), "users users/1");
  EXPECT_EQ(TouchesOf(""), "");
}

}  // namespace
}  // namespace recount::domain
