// A whole server in process, on a real folder and a real port, for tests.
#ifndef RECOUNT_SERVICES_SERVER_TESTING_H_
#define RECOUNT_SERVICES_SERVER_TESTING_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "recount/v1/admin.grpc.pb.h"
#include "recount/v1/command.grpc.pb.h"
#include "recount/v1/history.grpc.pb.h"
#include "recount/v1/lead.grpc.pb.h"
#include "recount/v1/report.grpc.pb.h"
#include "recount/v1/rule.grpc.pb.h"
#include "services/server.h"

namespace recount::services {

inline constexpr char kTokens[] =
    "token-of-the-operator acme root operator\n"
    "# a comment\n"
    "token-of-a-salesperson acme ann user\n"
    "token-of-an-auditor-xx acme audrey auditor\n"
    "token-of-a-viewer-xxxx acme victor viewer\n"
    "token-of-another-tenant zenith zoe user\n"
    "token-of-other-operator zenith root operator\n";

inline std::string ReasonOf(const grpc::Status& status) {
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
inline constexpr char kOperator[] = "token-of-the-operator";
inline constexpr char kUser[] = "token-of-a-salesperson";
inline constexpr char kAuditor[] = "token-of-an-auditor-xx";
inline constexpr char kViewer[] = "token-of-a-viewer-xxxx";

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

  void Start(bool pause_projectors = false) {
    ServerOptions options;
    options.pause_projectors = pause_projectors;
    options.data_folder = folder_ + "/data";
    options.credentials = *Credentials::FromText(kTokens);
    auto server = Server::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
    admin_ = v1::AdminService::NewStub(channel_);
    commands_ = v1::CommandService::NewStub(channel_);
    leads_ = v1::LeadService::NewStub(channel_);
    history_ = v1::HistoryService::NewStub(channel_);
    reports_ = v1::ReportService::NewStub(channel_);
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
  std::unique_ptr<v1::ReportService::Stub> reports_;
  std::unique_ptr<v1::RulebookService::Stub> rules_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_SERVER_TESTING_H_
