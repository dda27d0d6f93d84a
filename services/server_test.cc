// The server as a client sees it: who may do what, bad input, streams of commands, restarts.
#include "services/server.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "services/server_testing.h"

namespace recount::services {
namespace {

TEST_F(ServerTest, RolesAndTenants) {
  const v1::CommandResult lead = MustCapture("1");
  v1::CommandResult result;
  EXPECT_EQ(ReasonOf(Capture("2", &result, kViewer)), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Capture("2", &result, kAuditor)), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Capture("2", &result, "")), "CREDENTIALS_INVALID");
  EXPECT_EQ(Capture("2", &result, "made-up-token-made-up").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  grpc::ClientContext nobody;
  v1::Lead found;
  v1::GetRequest get;
  get.mutable_ref()->set_name(lead.name());
  EXPECT_EQ(leads_->GetLead(&nobody, get, &found).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  for (const auto& [token, reason] :
       std::vector<std::pair<std::string, std::string>>{{kViewer, "OK"},
                                                        {kAuditor, "OK"},
                                                        {kUser, "OK"},
                                                        {kOperator, "OK"},
                                                        {"token-of-another-tenant", "RECORD_NOT_FOUND"}}) {
    As context(token);
    const grpc::Status status = leads_->GetLead(&context, get, &found);
    EXPECT_EQ(status.ok() ? "OK" : ReasonOf(status), reason) << token;
  }
  for (const auto& [token, allowed] :
       std::vector<std::pair<std::string, bool>>{{kViewer, false}, {kUser, false}, {kAuditor, true}}) {
    As context(token);
    v1::ReadCommitsResponse commits;
    EXPECT_EQ(history_->ReadCommits(&context, {}, &commits).ok(), allowed) << token;
  }
  As user(kUser);
  v1::Tenant tenant;
  EXPECT_EQ(ReasonOf(admin_->CreateTenant(&user, {}, &tenant)), "ROLE_NOT_ALLOWED");
  As clock(kOperator);
  v1::SetClockRequest set;
  set.mutable_time()->set_seconds(2000000000);
  v1::SetClockResponse none;
  EXPECT_EQ(ReasonOf(admin_->SetClock(&clock, set, &none)), "CLOCK_NOT_SIMULATED");
}

TEST_F(ServerTest, BadInputIsRefusedAndChangesNothing) {
  MustCapture("1");
  const auto get_lead = [&](const v1::GetRequest& request) {
    As context(kViewer);
    v1::Lead lead;
    return ReasonOf(leads_->GetLead(&context, request, &lead));
  };
  v1::GetRequest get;
  EXPECT_EQ(get_lead(get), "FIELD_REQUIRED");
  get.mutable_ref()->set_name("deals/1");
  EXPECT_EQ(get_lead(get), "FIELD_INVALID");
  get.mutable_ref()->mutable_external()->set_source("web");
  get.mutable_ref()->mutable_external()->set_id("no such");
  EXPECT_EQ(get_lead(get), "RECORD_NOT_FOUND");
  get.mutable_ref()->mutable_external()->set_id("1");
  EXPECT_EQ(get_lead(get), "OK");
  get.mutable_as_of()->set_position(999);
  EXPECT_EQ(get_lead(get), "POSITION_BEYOND_HEAD");
  get.mutable_as_of()->set_position(1);
  EXPECT_EQ(get_lead(get), "RECORD_NOT_FOUND");

  v1::ListRequest list;
  v1::ListLeadsResponse leads;
  list.set_page_token("made up");
  EXPECT_EQ(ReasonOf(List(list, &leads)), "TOKEN_INVALID");
  v1::CaptureLeadRequest capture;
  v1::CommandResult result;
  As nothing(kUser);
  EXPECT_EQ(ReasonOf(leads_->CaptureLead(&nothing, capture, &result)), "LEAD_UNIDENTIFIED");
  capture.mutable_person_name()->set_display(std::string(5000, 'x'));
  As long_name(kUser);
  EXPECT_EQ(ReasonOf(leads_->CaptureLead(&long_name, capture, &result)), "FIELD_TOO_LONG");
  capture.mutable_person_name()->set_display(std::string(2 << 20, 'x'));
  As huge(kUser);
  EXPECT_EQ(ReasonOf(leads_->CaptureLead(&huge, capture, &result)), "FIELD_TOO_LONG");
  v1::Command empty;
  As command(kUser);
  EXPECT_EQ(ReasonOf(commands_->Execute(&command, empty, &result)), "EMPTY_COMMAND");
  v1::CommandBatch large;
  for (int i = 0; i < 1001; ++i) large.add_commands();
  v1::CommandOutcomes outcomes;
  As batch(kUser);
  EXPECT_EQ(ReasonOf(commands_->ExecuteBatch(&batch, large, &outcomes)), "FIELD_TOO_LONG");
  As log(kViewer);
  v1::ReadLogResponse read;
  ASSERT_TRUE(history_->ReadLog(&log, {}, &read).ok());
  EXPECT_EQ(read.head(), 2u);
}

// A status has to fit into the trailers that a client takes.
TEST_F(ServerTest, AReasonArrivesAlsoIfItsSentenceIsLong) {
  v1::ListRequest list;
  v1::ListLeadsResponse leads;
  for (const std::string& letter : {std::string("x"), std::string("ü")}) {
    list.clear_filter();
    while (list.filter().size() < 4000) list.mutable_filter()->append(letter);
    EXPECT_EQ(ReasonOf(List(list, &leads)), "FILTER_INVALID");
    list.set_filter("source = \"" + list.filter() + "\" AND");
    EXPECT_EQ(ReasonOf(List(list, &leads)), "FILTER_INVALID");
  }
}

TEST_F(ServerTest, StreamAnswersEachMessageInOrder) {
  As context(kUser);
  auto stream = commands_->Stream(&context);
  constexpr int kMessages = 100;
  constexpr int kEach = 120;  // in all more than are read before some are answered
  std::thread writer([&] {
    for (int m = 0; m < kMessages; ++m) {
      v1::CommandBatch batch;
      for (int i = 0; i < kEach; ++i) {
        v1::SequencedCommand* command = batch.add_commands();
        command->set_sequence(m * kEach + i);
        v1::ExternalId* id = command->mutable_command()->mutable_capture_lead()->add_external_ids();
        id->set_source("web");
        id->set_id(absl::StrCat(m, "-", i % 3 == 2 ? i - 1 : i));  // each third is there already
      }
      stream->Write(batch);
    }
    stream->WritesDone();
  });
  v1::CommandOutcomes outcomes;
  uint64_t next = 0;
  uint64_t position = 0;
  while (stream->Read(&outcomes)) {
    for (const v1::CommandOutcome& outcome : outcomes.outcomes()) {
      EXPECT_EQ(outcome.sequence(), next);
      EXPECT_EQ(outcome.status().code(), next % 3 == 2 ? static_cast<int>(grpc::StatusCode::ALREADY_EXISTS) : 0);
      if (next % 3 != 2) {
        EXPECT_GT(outcome.result().position(), position);
        position = outcome.result().position();
      }
      ++next;
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, kMessages * kEach * 1u);
}

TEST_F(ServerTest, StreamThatEndsInAMessageThatIsNoneAnswersThoseBefore) {
  As context(kUser);
  auto stream = commands_->Stream(&context);
  constexpr int kMessages = 5;
  v1::CommandBatch batch;
  for (int m = 0; m < kMessages; ++m) {
    batch.Clear();
    v1::CaptureLeadRequest* capture = batch.add_commands()->mutable_command()->mutable_capture_lead();
    capture->mutable_person_name()->set_display(absl::StrCat("Ann ", m));
    ASSERT_TRUE(stream->Write(batch));
  }
  for (int i = 0; i < 1001; ++i) batch.add_commands();
  ASSERT_TRUE(stream->Write(batch));
  v1::CommandOutcomes outcomes;
  int answered = 0;
  while (stream->Read(&outcomes)) {
    ++answered;
    EXPECT_TRUE(outcomes.outcomes(0).has_result());
  }
  EXPECT_EQ(answered, kMessages);
  EXPECT_EQ(ReasonOf(stream->Finish()), "FIELD_TOO_LONG");
}

TEST_F(ServerTest, EverythingIsThereAfterARestart) {
  const v1::CommandResult lead = MustCapture("1");
  Stop();
  Start();
  v1::GetRequest get;
  get.mutable_ref()->mutable_external()->set_source("web");
  get.mutable_ref()->mutable_external()->set_id("1");
  v1::Lead found;
  As context(kViewer);
  ASSERT_TRUE(leads_->GetLead(&context, get, &found).ok());
  EXPECT_EQ(found.info().name(), lead.name());
  EXPECT_EQ(found.person_name().display(), "Ann Müller 1");
  EXPECT_EQ(SetStatus(lead.name(), "hot").position(), lead.position() + 1);
  As verify(kOperator);
  v1::VerifyRequest request;
  request.set_read_models(true);
  auto reader = admin_->Verify(&verify, request);
  v1::VerifyProgress progress;
  while (reader->Read(&progress)) EXPECT_EQ(progress.findings_size(), 0) << progress.DebugString();
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(progress.done());
}

TEST_F(ServerTest, PausedProjectorsTakeCommandsAndAnswerNoReports) {
  Stop();
  Start(/*pause_projectors=*/true);
  v1::RunReportRequest request;
  request.set_report("sales_conversion");
  request.set_min_position(MustCapture("1").position());
  v1::RunReportResponse response;
  {
    As context(kViewer);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    const grpc::Status behind = reports_->RunReport(&context, request, &response);
    EXPECT_EQ(behind.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  Stop();
  Start();
  As context(kViewer);
  const grpc::Status caught_up = reports_->RunReport(&context, request, &response);
  EXPECT_TRUE(caught_up.ok()) << caught_up.error_message();
}

TEST_F(ServerTest, DoesNotStartWithoutTheKeysOfItsLog) {
  const v1::CommandResult lead = MustCapture("1");
  Stop();
  const std::string keys = folder_ + "/data/keys";
  std::filesystem::rename(keys, folder_ + "/aside");
  ServerOptions options;
  options.data_folder = folder_ + "/data";
  EXPECT_TRUE(absl::IsDataLoss(Server::Start(options).status()));
  EXPECT_FALSE(std::filesystem::exists(keys));
  std::filesystem::rename(folder_ + "/aside", keys);
  Start();
  v1::GetRequest get;
  get.mutable_ref()->set_name(lead.name());
  v1::Lead found;
  As before(kViewer);
  ASSERT_TRUE(leads_->GetLead(&before, get, &found).ok());
  EXPECT_EQ(found.person_name().display(), "Ann Müller 1");
  Stop();
  std::filesystem::remove_all(keys);
  std::ofstream(folder_ + "/data/keys.lost");
  Start();
  As after(kViewer);
  ASSERT_TRUE(leads_->GetLead(&after, get, &found).ok());
  EXPECT_FALSE(found.has_person_name());
  Stop();
  // The loss was agreed to once: the keys that were made since can go unseen as little as the first.
  std::filesystem::remove_all(keys);
  EXPECT_TRUE(absl::IsDataLoss(Server::Start(options).status()));
}

TEST_F(ServerTest, WhatIsSaidOfALeadAfterItsKeyWasLostIsReadBesideWhatIsErased) {
  const std::string name = MustCapture("1").name();
  Stop();
  std::filesystem::remove_all(folder_ + "/data/keys");
  std::ofstream(folder_ + "/data/keys.lost");
  Start();
  v1::ChangeLeadDetailsRequest change;
  change.mutable_lead()->set_name(name);
  change.add_phones()->set_raw("030 99999");
  change.set_request("a pump");
  v1::CommandResult changed;
  As writer(kUser);
  const grpc::Status accepted = leads_->ChangeLeadDetails(&writer, change, &changed);
  ASSERT_TRUE(accepted.ok()) << accepted.error_message();
  Stop();
  Start();
  v1::GetRequest get;
  get.mutable_ref()->set_name(name);
  v1::Lead found;
  As viewer(kViewer);
  const grpc::Status read = leads_->GetLead(&viewer, get, &found);
  ASSERT_TRUE(read.ok()) << read.error_message();
  EXPECT_FALSE(found.has_person_name());
  EXPECT_EQ(found.request(), "a pump");
  v1::ReadLogRequest all;
  v1::ReadLogResponse log;
  As auditor(kAuditor);
  const grpc::Status logged = history_->ReadLog(&auditor, all, &log);
  ASSERT_TRUE(logged.ok()) << logged.error_message();
  ASSERT_EQ(log.events_size(), 3);
  EXPECT_TRUE(log.events(1).personal_data_erased());
  EXPECT_FALSE(log.events(2).personal_data_erased());
  EXPECT_EQ(log.events(2).payload().lead().details_changed().request(), "a pump");
}

TEST_F(ServerTest, HealthAndStatus) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckResponse serving;
  grpc::ClientContext anonymous;
  ASSERT_TRUE(health->Check(&anonymous, {}, &serving).ok());
  EXPECT_EQ(serving.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  As context(kViewer);
  v1::Status status;
  ASSERT_TRUE(admin_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.head(), 1u);
  EXPECT_EQ(status.tenant().name(), "tenants/acme");
  EXPECT_FALSE(status.tenant().synthetic());
  EXPECT_EQ(status.head_hash().size(), 64u);
}

}  // namespace
}  // namespace recount::services
