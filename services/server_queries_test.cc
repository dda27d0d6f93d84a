// History, the log live, look-ups and pages, as a client sees them.
#include <algorithm>
#include <future>
#include <set>
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

TEST_F(ServerTest, OneTenantLeavesStreamsToOthers) {
  std::vector<std::unique_ptr<As>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> readers;
  v1::SubscribeResponse message;
  const auto open = [&](const char* token) {
    contexts.push_back(std::make_unique<As>(token));
    readers.push_back(history_->Subscribe(contexts.back().get(), {}));
    return readers.back()->Read(&message);
  };
  for (int i = 0; i < 128; ++i) ASSERT_TRUE(open(kViewer)) << i;
  EXPECT_FALSE(open(kViewer));
  EXPECT_EQ(ReasonOf(readers.back()->Finish()), "TOO_MANY_COMMANDS");
  EXPECT_TRUE(open("token-of-another-tenant"));
  for (const auto& context : contexts) context->TryCancel();
  for (size_t i = 0; i < readers.size(); ++i) {
    if (i != 128) readers[i]->Finish();
  }
  while (!open(kViewer)) readers.back()->Finish();  // until the places are given back
  contexts.back()->TryCancel();
  readers.back()->Finish();
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

TEST_F(ServerTest, PagesOfALookUpAgreeWhileRecordsCome) {
  const auto capture = [&] {
    v1::CaptureLeadRequest request;
    request.add_phones()->set_raw("030 12345");
    v1::CommandResult result;
    As context(kUser);
    ASSERT_TRUE(leads_->CaptureLead(&context, request, &result).ok());
  };
  for (int i = 0; i < 3; ++i) capture();
  v1::ListRequest request;
  request.set_filter("phone = \"+493012345\"");
  request.set_page_size(1);
  int found = 0;
  do {
    v1::ListLeadsResponse response;
    const grpc::Status status = List(request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.total_size(), 3);
    found += response.leads_size();
    capture();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(found, 3);
}

// Clients take 4 MB at once.
TEST_F(ServerTest, LargeAnswersComeInPages) {
  constexpr int kLeads = 300;
  std::vector<std::string> names;
  for (int half = 0; half < 2; ++half) {
    v1::CommandBatch batch;
    for (int i = 0; i < kLeads / 2; ++i) {
      v1::CaptureLeadRequest* capture = batch.add_commands()->mutable_command()->mutable_capture_lead();
      capture->mutable_person_name()->set_display("Ann");
      capture->set_request(std::string(16000, 'x'));
    }
    v1::CommandOutcomes outcomes;
    As context(kUser);
    ASSERT_TRUE(commands_->ExecuteBatch(&context, batch, &outcomes).ok());
    for (const auto& outcome : outcomes.outcomes()) names.push_back(outcome.result().name());
  }
  v1::ListRequest list;
  list.set_page_size(1000);
  list.set_min_position(kLeads + 1);
  std::set<std::string> listed;
  do {
    v1::ListLeadsResponse response;
    const grpc::Status status = List(list, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.total_size(), kLeads);
    for (const v1::Lead& lead : response.leads()) EXPECT_TRUE(listed.insert(lead.info().name()).second);
    list.set_page_token(response.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(listed.size(), static_cast<size_t>(kLeads));
  v1::BatchGetRequest all;
  for (const std::string& name : names) all.add_refs()->set_name(name);
  v1::BatchGetLeadsResponse leads;
  As context(kViewer);
  EXPECT_EQ(ReasonOf(leads_->BatchGetLeads(&context, all, &leads)), "ANSWER_TOO_LARGE");
}

TEST_F(ServerTest, ALongHistoryComesInPages) {
  const std::string lead = MustCapture("1").name();
  constexpr int kChanges = 120;
  v1::CommandBatch batch;
  for (int i = 0; i < kChanges; ++i) {
    v1::ChangeLeadDetailsRequest* change = batch.add_commands()->mutable_command()->mutable_change_lead_details();
    change->mutable_lead()->set_name(lead);
    change->set_request(std::string(16000, static_cast<char>('a' + i % 26)));
  }
  v1::CommandOutcomes outcomes;
  As changing(kUser);
  ASSERT_TRUE(commands_->ExecuteBatch(&changing, batch, &outcomes).ok());
  for (const bool backwards : {false, true}) {
    v1::ReadStreamRequest request;
    request.mutable_ref()->set_name(lead);
    request.set_page_size(1000);
    request.set_backwards(backwards);
    std::vector<uint64_t> revisions;
    do {
      v1::ReadStreamResponse response;
      As reading(kViewer);
      const grpc::Status status = history_->ReadStream(&reading, request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      for (const v1::HistoryEntry& entry : response.entries()) revisions.push_back(entry.event().revision());
      request.set_after_revision(response.next_after_revision());
    } while (request.after_revision() != 0);
    if (backwards) std::reverse(revisions.begin(), revisions.end());
    ASSERT_EQ(revisions.size(), kChanges + 1u);
    for (size_t i = 0; i < revisions.size(); ++i) EXPECT_EQ(revisions[i], i + 1);
  }
  v1::ReadStreamRequest beyond;
  beyond.mutable_ref()->set_name(lead);
  beyond.set_after_revision(UINT64_MAX);
  v1::ReadStreamResponse nothing;
  As reading(kViewer);
  ASSERT_TRUE(history_->ReadStream(&reading, beyond, &nothing).ok());
  EXPECT_EQ(nothing.entries_size(), 0);
}

TEST_F(ServerTest, APositionThatIsNotReachedIsSaidBeforeTheDeadline) {
  MustCapture("1");
  v1::GetRequest get;
  get.mutable_ref()->mutable_external()->set_source("web");
  get.mutable_ref()->mutable_external()->set_id("1");
  get.set_min_position(999);
  v1::Lead lead;
  As getting(kUser);
  getting.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(ReasonOf(leads_->GetLead(&getting, get, &lead)), "READ_MODEL_BEHIND");
  v1::ListRequest list;
  list.set_min_position(999);
  v1::ListLeadsResponse leads;
  As listing(kUser);
  listing.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(ReasonOf(leads_->ListLeads(&listing, list, &leads)), "READ_MODEL_BEHIND");
}

TEST_F(ServerTest, CallersWhoGoLeaveTheirThreadsToOthers) {
  constexpr int kThreadsOfOneTenant = 32;
  std::vector<std::unique_ptr<As>> contexts;
  std::vector<std::thread> callers;
  for (int i = 0; i < kThreadsOfOneTenant; ++i) {
    contexts.push_back(std::make_unique<As>(kViewer));
    contexts.back()->set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
    callers.emplace_back([this, context = contexts.back().get()] {
      v1::RunReportRequest request;
      request.set_report("won_lost");
      request.set_min_position(999);
      v1::RunReportResponse response;
      EXPECT_EQ(reports_->RunReport(context, request, &response).error_code(), grpc::StatusCode::CANCELLED);
    });
  }
  const auto ask = [&](std::chrono::seconds patience) {
    As context(kViewer);
    context.set_deadline(std::chrono::system_clock::now() + patience);
    v1::ListReportsResponse response;
    return reports_->ListReports(&context, {}, &response).ok();
  };
  while (ask(std::chrono::seconds(1))) {
  }  // until all threads are taken
  for (const auto& context : contexts) context->TryCancel();
  EXPECT_TRUE(ask(std::chrono::seconds(60)));
  for (std::thread& caller : callers) caller.join();
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

}  // namespace
}  // namespace recount::services
