// The whole server in process, on a real folder and a real port, as a client sees it.
#include "services/server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "recount/v1/admin.grpc.pb.h"
#include "recount/v1/command.grpc.pb.h"
#include "recount/v1/deal.grpc.pb.h"
#include "recount/v1/history.grpc.pb.h"
#include "recount/v1/lead.grpc.pb.h"
#include "recount/v1/person.grpc.pb.h"
#include "recount/v1/record.grpc.pb.h"
#include "recount/v1/report.grpc.pb.h"
#include "recount/v1/rule.grpc.pb.h"

namespace recount::services {
namespace {

constexpr char kTokens[] =
    "token-of-the-operator acme root operator\n"
    "# a comment\n"
    "token-of-a-salesperson acme ann user\n"
    "token-of-an-auditor-xx acme audrey auditor\n"
    "token-of-a-viewer-xxxx acme victor viewer\n"
    "token-of-another-tenant zenith zoe user\n"
    "token-of-other-operator zenith root operator\n";

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  google::rpc::ErrorInfo info;
  if (!rpc.ParseFromString(status.error_details())) return "UNREADABLE";
  for (const auto& detail : rpc.details()) {
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return status.ok() ? "OK" : "NO_REASON";
}

// A call's context with a token.
struct As : grpc::ClientContext {
  explicit As(const std::string& token) { AddMetadata("authorization", "Bearer " + token); }
};
constexpr char kOperator[] = "token-of-the-operator";
constexpr char kUser[] = "token-of-a-salesperson";
constexpr char kAuditor[] = "token-of-an-auditor-xx";
constexpr char kViewer[] = "token-of-a-viewer-xxxx";

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/recount_server_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    Start();
    for (const char* token : {kOperator, "token-of-other-operator"}) {
      v1::CreateTenantRequest request;
      request.set_tenant_id(token == kOperator ? "acme" : "zenith");
      request.set_zone("Europe/Berlin");
      request.set_currency("EUR");
      request.set_region("DE");
      v1::Tenant tenant;
      As context(token);
      ASSERT_TRUE(admin_->CreateTenant(&context, request, &tenant).ok());
    }
  }
  void TearDown() override {
    Stop();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    ServerOptions options;
    options.data_folder = folder_ + "/data";
    options.credentials = *Credentials::FromText(kTokens);
    options.block_cache_bytes = 8 << 20;
    auto server = Server::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    admin_ = v1::AdminService::NewStub(channel_);
    commands_ = v1::CommandService::NewStub(channel_);
    leads_ = v1::LeadService::NewStub(channel_);
    history_ = v1::HistoryService::NewStub(channel_);
    rules_ = v1::RulebookService::NewStub(channel_);
  }
  void Stop() {
    ASSERT_TRUE(server_ == nullptr || server_->Stop().ok());
    server_.reset();
  }

  grpc::Status Capture(const std::string& id, v1::CommandResult* result, const std::string& token = kUser) {
    v1::CaptureLeadRequest request;
    v1::ExternalId* external = request.add_external_ids();
    external->set_source("web");
    external->set_id(id);
    request.mutable_person_name()->set_display("Ann Müller " + id);
    request.add_phones()->set_raw("030 12345" + id);
    request.add_emails()->set_raw("Ann" + id + "@Example.COM");
    request.mutable_source()->set_id("web");
    As context(token);
    return leads_->CaptureLead(&context, request, result);
  }
  v1::CommandResult MustCapture(const std::string& id) {
    v1::CommandResult result;
    const grpc::Status status = Capture(id, &result);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return result;
  }
  v1::CommandResult SetStatus(const std::string& name, const std::string& value) {
    v1::ChangeLeadStatusRequest request;
    request.mutable_lead()->set_name(name);
    request.set_status(value);
    v1::CommandResult result;
    As context(kUser);
    EXPECT_TRUE(leads_->ChangeLeadStatus(&context, request, &result).ok());
    return result;
  }
  grpc::Status List(const v1::ListRequest& request, v1::ListLeadsResponse* response) {
    As context(kViewer);
    return leads_->ListLeads(&context, request, response);
  }

  std::string folder_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::CommandService::Stub> commands_;
  std::unique_ptr<v1::LeadService::Stub> leads_;
  std::unique_ptr<v1::HistoryService::Stub> history_;
  std::unique_ptr<v1::RulebookService::Stub> rules_;
};

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
  for (const auto& [token, reason] : std::vector<std::pair<std::string, std::string>>{
           {kViewer, "OK"}, {kAuditor, "OK"}, {kUser, "OK"}, {kOperator, "OK"}, {"token-of-another-tenant", "RECORD_NOT_FOUND"}}) {
    As context(token);
    const grpc::Status status = leads_->GetLead(&context, get, &found);
    EXPECT_EQ(status.ok() ? "OK" : ReasonOf(status), reason) << token;
  }
  for (const auto& [token, allowed] : std::vector<std::pair<std::string, bool>>{{kViewer, false}, {kUser, false}, {kAuditor, true}}) {
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

TEST_F(ServerTest, StreamAnswersEachMessageInOrder) {
  As context(kUser);
  auto stream = commands_->Stream(&context);
  constexpr int kMessages = 60;  // more than are read before some are answered
  std::thread writer([&] {
    for (int m = 0; m < kMessages; ++m) {
      v1::CommandBatch batch;
      for (int i = 0; i < 3; ++i) {
        v1::SequencedCommand* command = batch.add_commands();
        command->set_sequence(m * 3 + i);
        v1::ExternalId* id = command->mutable_command()->mutable_capture_lead()->add_external_ids();
        id->set_source("web");
        id->set_id(absl::StrCat(m, "-", i == 2 ? 1 : i));  // the third is there already
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
  EXPECT_EQ(next, kMessages * 3u);
}

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
