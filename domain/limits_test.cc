#include "domain/scenario_testing.h"
#include "recount/v1/report.pb.h"

namespace recount::domain {
namespace {

// Reason and field of what is wrong with a command; empty: nothing.
std::string Wrong(const google::protobuf::Message& message) {
  const absl::Status status = CheckLimits(message);
  if (status.ok()) return "";
  google::rpc::ErrorInfo info;
  info.ParseFromString(std::string(*status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo")));
  return absl::StrCat(info.reason(), " ", info.metadata().at("field"));
}

TEST(LimitsTest, AcceptsWhatIsOrdinary) {
  EXPECT_EQ(
      Wrong(Parse<v1::Command>(
          R"(create_deal { header { request_id: 'r' occurred { date { year: 2024 month: 2 day: 29 } } }
      title: 'שלום 世界 ё 🙂' owner { name: 'users/1' } value { currency_code: 'ILS' units: 1 } tags: 'a' })")),
      "");
  EXPECT_EQ(Wrong(v1::Command()), "");
}

TEST(LimitsTest, Lengths) {
  v1::Command command;
  command.mutable_create_deal()->set_title(std::string(512, 'x'));
  EXPECT_EQ(Wrong(command), "");
  command.mutable_create_deal()->set_title(std::string(513, 'x'));
  EXPECT_EQ(Wrong(command), "FIELD_TOO_LONG create_deal.title");
  command.mutable_create_deal()->clear_title();
  for (int i = 0; i < 21; ++i) {
    auto* id = command.mutable_create_deal()->add_external_ids();
    id->set_source("x");
    id->set_id("1");
  }
  EXPECT_EQ(Wrong(command), "FIELD_TOO_LONG create_deal.external_ids");
  command.mutable_create_deal()->clear_external_ids();
  command.mutable_create_deal()->add_tags(std::string(1025, 't'));  // the default
  EXPECT_EQ(Wrong(command), "FIELD_TOO_LONG create_deal.tags[0]");
  v1::CommandBatch batch;
  for (int i = 0; i < 1001; ++i) batch.add_commands();
  EXPECT_EQ(Wrong(batch), "FIELD_TOO_LONG commands");
}

TEST(LimitsTest, RequestIdsAreCountedInCharacters) {
  v1::Command command;
  v1::CommandHeader* header = command.mutable_create_deal()->mutable_header();
  std::string id;
  for (int i = 0; i < 128; ++i) id += "\xf0\x9f\x99\x82";
  header->set_request_id(id);
  EXPECT_EQ(Wrong(command), "");
  header->set_request_id(id + "x");
  EXPECT_EQ(Wrong(command), "FIELD_TOO_LONG create_deal.header.request_id");
  header->set_request_id(std::string(129, 'x'));
  EXPECT_EQ(Wrong(command), "FIELD_TOO_LONG create_deal.header.request_id");
}

TEST(LimitsTest, Texts) {
  v1::Command command;
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\xc3"), std::string("\xff"),
                                 std::string("\xc0\x80"), std::string("\xed\xa0\x80"),
                                 std::string("\xf4\x90\x80\x80"), std::string("\xe0\x80\x80")}) {
    command.mutable_create_deal()->set_needs(bad);
    EXPECT_EQ(Wrong(command), "FIELD_INVALID create_deal.needs");
  }
  command.mutable_create_deal()->set_needs("\xf0\x9f\x99\x82 \xed\x9f\xbf");
  EXPECT_EQ(Wrong(command), "");
}

TEST(LimitsTest, Enums) {
  v1::Command command;
  command.mutable_qualify_lead()->mutable_header()->set_channel(static_cast<v1::Channel>(99));
  EXPECT_EQ(Wrong(command), "UNKNOWN_ENUM_VALUE qualify_lead.header.channel");
  command.mutable_qualify_lead()->mutable_header()->clear_channel();
  command.mutable_qualify_lead()->set_level(static_cast<v1::LeadLevel>(-1));
  EXPECT_EQ(Wrong(command), "UNKNOWN_ENUM_VALUE qualify_lead.level");
  command.mutable_set_party_kinds()->add_kinds(static_cast<v1::PartyKind>(77));
  EXPECT_EQ(Wrong(command), "UNKNOWN_ENUM_VALUE set_party_kinds.kinds[0]");
}

TEST(LimitsTest, TimesDatesAndReferences) {
  EXPECT_EQ(Wrong(Parse<v1::Command>("win_deal { deal {} }")), "FIELD_REQUIRED win_deal.deal");
  EXPECT_EQ(Wrong(Parse<v1::Command>("win_deal { deal { external { source: 'x' } } }")),
            "FIELD_REQUIRED win_deal.deal.external");
  EXPECT_EQ(Wrong(Parse<v1::Command>("win_deal { header { occurred { time { nanos: -1 } } } }")),
            "FIELD_INVALID win_deal.header.occurred.time");
  EXPECT_EQ(Wrong(Parse<v1::Command>(
                "win_deal { header { occurred { time { seconds: 253402300800 } } } }")),
            "FIELD_INVALID win_deal.header.occurred.time");
  EXPECT_EQ(
      Wrong(Parse<v1::Command>("create_deal { expected_close { year: 2024 month: 13 day: 1 } }")),
      "FIELD_INVALID create_deal.expected_close");
  EXPECT_EQ(Wrong(Parse<v1::Command>("publish_rules { rules { content { reasons { reasons { labels "
                                     "{ key: 'en' value: 'x' } } } } } }")),
            "");
}

TEST(LimitsTest, AMapOfStagesMayBeTotal) {
  v1::Command command;
  auto* pipelines =
      command.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines();
  auto* stages = pipelines->add_stage_maps()->mutable_stages();
  for (int i = 0; i < 400; ++i)
    (*stages)[absl::StrCat("s", i)] = "new";  // two versions of as many as a pipeline may have
  EXPECT_EQ(Wrong(command), "");
}

TEST(LimitsTest, FieldsThatAreNotKnown) {
  v1::Command command;
  v1::Source* source = command.mutable_create_deal()->mutable_source();
  source->set_id("web");
  source->GetReflection()->MutableUnknownFields(source)->AddLengthDelimited(99, "Ann Müller, +49 30 12345");
  EXPECT_EQ(Wrong(command), "FIELD_INVALID create_deal.source.99");
  v1::RunReportRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddVarint(1000, 1);
  EXPECT_EQ(Wrong(request), "FIELD_INVALID 1000");
}

TEST(LimitsTest, AnyRequest) {
  v1::RunReportRequest request;
  request.mutable_parameters()->set_period(std::string(65, '1'));
  EXPECT_EQ(Wrong(request), "FIELD_TOO_LONG parameters.period");
}

}  // namespace
}  // namespace recount::domain
