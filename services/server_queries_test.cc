// History, the log live, look-ups, pages and rules, as a client sees them.
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/server_testing.h"

namespace recount::services {
namespace {

TEST_F(ServerTest, HistoryShowsBeforeAndAfter) {
  const v1::CommandResult lead = MustCapture("1");
  SetStatus(lead.name(), "hot");
  SetStatus(lead.name(), "cold");
  v1::ReadStreamRequest request;
  request.mutable_ref()->set_name(lead.name());
  request.set_page_size(1);
  request.set_after_revision(2);
  v1::ReadStreamResponse response;
  As context(kViewer);
  ASSERT_TRUE(history_->ReadStream(&context, request, &response).ok());
  ASSERT_EQ(response.entries_size(), 1);
  ASSERT_EQ(response.entries(0).changes_size(), 1);
  EXPECT_EQ(response.entries(0).changes(0).path(), "status");
  EXPECT_EQ(response.entries(0).changes(0).before(), "\"hot\"");
  EXPECT_EQ(response.entries(0).changes(0).after(), "\"cold\"");
  EXPECT_EQ(response.entries(0).event().actor(), "ann");
  EXPECT_TRUE(response.entries(0).event().actor_authenticated());
  EXPECT_EQ(response.next_after_revision(), 0u);
  EXPECT_EQ(response.revision(), 3u);
  request.set_backwards(true);
  request.set_after_revision(3);
  As back(kViewer);
  ASSERT_TRUE(history_->ReadStream(&back, request, &response).ok());
  EXPECT_EQ(response.entries(0).event().type_name(), "LeadStatusChanged");
  EXPECT_EQ(response.next_after_revision(), 2u);
  request.set_after_revision(2);
  As first(kViewer);
  ASSERT_TRUE(history_->ReadStream(&first, request, &response).ok());
  EXPECT_EQ(response.entries(0).event().payload().lead().captured().person_name().display(), "Ann Müller 1");
  EXPECT_EQ(response.next_after_revision(), 0u);
}

TEST_F(ServerTest, LogReadsBothWaysWithAFilter) {
  for (int i = 0; i < 5; ++i) SetStatus(MustCapture(absl::StrCat(i)).name(), "hot");
  for (const bool backwards : {false, true}) {
    v1::ReadLogRequest request;
    request.set_backwards(backwards);
    request.set_page_size(2);
    request.mutable_filter()->add_type_names("LeadCaptured");
    std::vector<uint64_t> positions;
    do {
      v1::ReadLogResponse response;
      As context(kViewer);
      ASSERT_TRUE(history_->ReadLog(&context, request, &response).ok());
      for (const v1::Event& event : response.events()) positions.push_back(event.position());
      request.set_after_position(response.next_after_position());
    } while (request.after_position() != 0);
    const std::vector<uint64_t> expected = {2, 4, 6, 8, 10};
    EXPECT_EQ(positions, backwards ? std::vector<uint64_t>(expected.rbegin(), expected.rend()) : expected);
  }
}

TEST_F(ServerTest, SubscriptionHasNoGapAndNoRepeat) {
  constexpr int kBefore = 20, kAfter = 30;
  for (int i = 0; i < kBefore; ++i) MustCapture(absl::StrCat("b", i));
  As context(kViewer);
  auto reader = history_->Subscribe(&context, {});
  std::promise<void> caught_up;
  std::thread writer([&] {
    for (int i = 0; i < kAfter; ++i) {
      if (i == 5) caught_up.get_future().wait();  // some come while the past is being read
      MustCapture(absl::StrCat("a", i));
    }
  });
  uint64_t expected = 1;
  int marks = 0;
  v1::SubscribeResponse message;
  while (expected <= 1 + kBefore + kAfter && reader->Read(&message)) {
    if (message.has_caught_up()) {
      ++marks;
      caught_up.set_value();
    } else {
      EXPECT_EQ(message.event().position(), expected++);
    }
  }
  writer.join();
  EXPECT_EQ(marks, 1);
  context.TryCancel();
  reader->Finish();
}

TEST_F(ServerTest, ExactLookupsAndPages) {
  for (int i = 0; i < 7; ++i) MustCapture(absl::StrCat(i));
  for (const char* filter : {"phone = \"+49 (30) 123453\"", "email = \"ann3@example.com\"", "external.web = \"3\""}) {
    v1::ListRequest request;
    request.set_filter(filter);
    v1::ListLeadsResponse response;
    const grpc::Status status = List(request, &response);
    ASSERT_TRUE(status.ok()) << filter << status.error_message();
    ASSERT_EQ(response.leads_size(), 1) << filter;
    EXPECT_EQ(response.leads(0).person_name().display(), "Ann Müller 3");
    EXPECT_EQ(response.leads(0).phones(0).e164(), "+4930123453");
  }
  v1::ListRequest request;
  request.set_page_size(3);
  request.set_filter("source = \"web\"");
  request.set_min_position(8);
  std::vector<std::string> names;
  do {
    v1::ListLeadsResponse response;
    const grpc::Status status = List(request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.total_size(), 7);  // pages agree while new records come
    for (const v1::Lead& lead : response.leads()) names.push_back(lead.info().name());
    MustCapture(absl::StrCat("later-", names.size()));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(names.size(), 7u);
  v1::ListLeadsResponse first;
  ASSERT_TRUE(List(request, &first).ok());
  request.set_page_token(first.next_page_token());
  request.set_filter("source = \"mail\"");
  EXPECT_EQ(ReasonOf(List(request, &first)), "PAGE_TOKEN_MISMATCH");
}

TEST_F(ServerTest, WhatOccurredByAFastClockIsListedAtOnce) {
  v1::CaptureLeadRequest capture;
  capture.mutable_person_name()->set_display("Ann");
  const int64_t ahead = absl::ToUnixSeconds(absl::Now()) + 120;
  capture.mutable_header()->mutable_occurred()->mutable_time()->set_seconds(ahead);
  v1::CommandResult result;
  As capturing(kUser);
  ASSERT_TRUE(leads_->CaptureLead(&capturing, capture, &result).ok());
  v1::ListRequest request;
  request.set_min_position(result.position());
  v1::ListLeadsResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_EQ(response.leads_size(), 1);
}

TEST_F(ServerTest, RulesAndDrafts) {
  v1::DraftRulesRequest draft;
  draft.set_draft("drafts/summer");
  draft.add_rules()->mutable_content()->mutable_calendar()->set_zone("Asia/Jerusalem");
  v1::CommandResult result;
  As drafting(kUser);
  const grpc::Status drafted = rules_->DraftRules(&drafting, draft, &result);
  ASSERT_TRUE(drafted.ok()) << drafted.error_message();
  v1::ListDraftsResponse drafts;
  As listing(kViewer);
  ASSERT_TRUE(rules_->ListDrafts(&listing, {}, &drafts).ok());
  ASSERT_EQ(drafts.drafts_size(), 1);
  v1::PublishDraftRequest publish;
  publish.set_draft("drafts/summer");
  As publishing(kUser);
  ASSERT_TRUE(rules_->PublishDraft(&publishing, publish, &result).ok());
  const auto zone_at = [&](uint64_t position) {
    v1::GetRulebookRequest request;
    request.set_as_of_position(position);
    v1::Rulebook rulebook;
    As context(kViewer);
    EXPECT_TRUE(rules_->GetRulebook(&context, request, &rulebook).ok());
    return rulebook.rules_size() == 1 ? rulebook.rules(0).rule().content().calendar().zone() : "";
  };
  EXPECT_EQ(zone_at(1), "Europe/Berlin");
  EXPECT_EQ(zone_at(0), "Asia/Jerusalem");
  v1::ListRuleVersionsResponse versions;
  As all(kViewer);
  ASSERT_TRUE(rules_->ListRuleVersions(&all, {}, &versions).ok());
  EXPECT_EQ(versions.versions_size(), 2);
}

}  // namespace
}  // namespace recount::services
