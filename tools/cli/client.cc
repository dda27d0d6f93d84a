#include "tools/cli/client.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/generic/generic_stub.h"
#include "recount/v1/admin.grpc.pb.h"
#include "recount/v1/command.grpc.pb.h"
#include "recount/v1/history.grpc.pb.h"
#include "recount/v1/report.grpc.pb.h"
#include "tools/cli/failure.h"
#include "tools/import/byte_source.h"
#include "tools/loopback.h"

namespace recount::tools {
namespace {

using google::protobuf::Message;

constexpr char kDetails[] = "type.googleapis.com/google.rpc.Status";

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status out(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (!status.error_details().empty()) out.SetPayload(kDetails, absl::Cord(status.error_details()));
  return out;
}

std::chrono::system_clock::time_point After(double seconds) {
  return std::chrono::system_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// Tells of each second that passes, and that it is over.
class Patience {
 public:
  explicit Patience(const std::function<void(int)>& on_wait) : on_wait_(on_wait) {}
  ~Patience() {
    if (seconds_ > 0 && on_wait_) on_wait_(0);
  }
  void Tick() {
    ++seconds_;
    if (on_wait_) on_wait_(seconds_);
  }

 private:
  const std::function<void(int)>& on_wait_;
  int seconds_ = 0;
};

class GrpcCommandStream : public CommandStream {
 public:
  GrpcCommandStream(std::unique_ptr<grpc::ClientContext> context, api::CommandService::Stub* stub)
      : context_(std::move(context)), stream_(stub->Stream(context_.get())) {}
  ~GrpcCommandStream() override {
    if (!finished_) context_->TryCancel();
  }

  bool Write(const api::CommandBatch& batch) override { return stream_->Write(batch); }
  bool Read(api::CommandOutcomes* outcomes) override { return stream_->Read(outcomes); }
  void WritesDone() override { stream_->WritesDone(); }
  absl::Status Finish() override {
    finished_ = true;
    return FromGrpc(stream_->Finish());
  }

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<api::CommandBatch, api::CommandOutcomes>> stream_;
  bool finished_ = false;
};

class GrpcClient : public Client {
 public:
  GrpcClient(Connection connection, std::shared_ptr<grpc::Channel> channel)
      : connection_(std::move(connection)), channel_(std::move(channel)), generic_(channel_),
        commands_(api::CommandService::NewStub(channel_)), history_(api::HistoryService::NewStub(channel_)),
        admin_(api::AdminService::NewStub(channel_)), reports_(api::ReportService::NewStub(channel_)) {}

  absl::Status Call(absl::string_view method, const Message& request, Message* response) override {
    const std::string path = absl::StartsWith(method, "/")
                                 ? std::string(method)
                                 : absl::StrCat("/recount.v1.", absl::StrReplaceAll(method, {{".", "/"}}));
    // A server that was started a moment ago is given this long to listen.
    if (!was_connected_) was_connected_ = channel_->WaitForConnected(After(std::min(2.0, connection_.timeout_seconds)));
    auto context = NewContext();
    context->set_deadline(After(connection_.timeout_seconds));
    std::promise<grpc::Status> done;
    generic_.UnaryCall(context.get(), path, {}, &request, response,
                       [&done](grpc::Status status) { done.set_value(std::move(status)); });
    std::future<grpc::Status> answer = done.get_future();
    Patience patience(connection_.on_wait);
    while (answer.wait_for(std::chrono::seconds(1)) != std::future_status::ready) patience.Tick();
    return FromGrpc(answer.get());
  }

  absl::Status Subscribe(const api::SubscribeRequest& request,
                         const std::function<bool(const api::SubscribeResponse&)>& on_message) override {
    auto context = NewContext();
    auto reader = history_->Subscribe(context.get(), request);
    return ReadAll<api::SubscribeResponse>(context.get(), reader.get(), on_message);
  }

  absl::Status Watch(const api::WatchReportRequest& request,
                     const std::function<bool(const api::WatchReportResponse&)>& on_message) override {
    auto context = NewContext();
    auto reader = reports_->WatchReport(context.get(), request);
    return ReadAll<api::WatchReportResponse>(context.get(), reader.get(), on_message);
  }

  absl::Status Rebuild(const api::RebuildRequest& request,
                       const std::function<bool(const api::RebuildProgress&)>& on_message) override {
    auto context = NewContext();
    auto reader = admin_->Rebuild(context.get(), request);
    return ReadAll<api::RebuildProgress>(context.get(), reader.get(), on_message);
  }

  absl::Status Verify(const api::VerifyRequest& request,
                      const std::function<bool(const api::VerifyProgress&)>& on_message) override {
    auto context = NewContext();
    auto reader = admin_->Verify(context.get(), request);
    return ReadAll<api::VerifyProgress>(context.get(), reader.get(), on_message);
  }

  absl::Status BackUp(const api::BackUpRequest& request,
                      const std::function<bool(const api::BackUpProgress&)>& on_message) override {
    auto context = NewContext();
    auto reader = admin_->BackUp(context.get(), request);
    return ReadAll<api::BackUpProgress>(context.get(), reader.get(), on_message);
  }

  std::unique_ptr<CommandStream> OpenStream() override {
    return std::make_unique<GrpcCommandStream>(NewContext(), commands_.get());
  }

  bool WaitUntilServing(double seconds) override {
    const auto deadline = After(seconds);
    Patience patience(connection_.on_wait);
    while (!channel_->WaitForConnected(std::min(deadline, After(1)))) {
      if (std::chrono::system_clock::now() >= deadline) return false;
      patience.Tick();
    }
    while (true) {
      grpc::health::v1::HealthCheckRequest request;
      grpc::health::v1::HealthCheckResponse response;
      absl::Status status = Call("/grpc.health.v1.Health/Check", request, &response);
      if (status.ok() && response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return true;
      // A server without the health service, or one that wants credentials for it, answers: so it is there.
      if (!status.ok() && status.code() != absl::StatusCode::kUnavailable) return true;
      if (std::chrono::system_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  const Connection& connection() const override { return connection_; }

 private:
  std::unique_ptr<grpc::ClientContext> NewContext() const {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!connection_.token.empty()) context->AddMetadata("authorization", "Bearer " + connection_.token);
    if (!connection_.tenant.empty()) context->AddMetadata("recount-tenant", connection_.tenant);
    if (!connection_.actor.empty()) context->AddMetadata("recount-actor", connection_.actor);
    if (!connection_.sees.empty()) context->AddMetadata("recount-sees", connection_.sees);
    return context;
  }

  template <typename T>
  static absl::Status ReadAll(grpc::ClientContext* context, grpc::ClientReader<T>* reader,
                              const std::function<bool(const T&)>& on_message) {
    T message;
    bool stopped = false;
    while (reader->Read(&message)) {
      if (on_message(message)) continue;
      stopped = true;
      context->TryCancel();
      break;
    }
    absl::Status status = FromGrpc(reader->Finish());
    return stopped ? absl::OkStatus() : status;
  }

  Connection connection_;
  bool was_connected_ = false;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::TemplatedGenericStub<Message, Message> generic_;
  std::unique_ptr<api::CommandService::Stub> commands_;
  std::unique_ptr<api::HistoryService::Stub> history_;
  std::unique_ptr<api::AdminService::Stub> admin_;
  std::unique_ptr<api::ReportService::Stub> reports_;
};

// gRPC ends the program at metadata that cannot travel.
absl::Status CheckMetadata(absl::string_view option, absl::string_view value) {
  const bool fits = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (fits) return absl::OkStatus();
  return Usage(absl::StrCat(option, " ", value, ": is an id, of letters, digits and signs of ASCII; names of people belong into records"));
}

absl::Status CheckCaller(const Connection& connection) {
  for (const auto& [option, value] : {std::pair("--tenant", &connection.tenant), std::pair("--actor", &connection.actor),
                                      std::pair("--sees", &connection.sees)}) {
    if (absl::Status status = CheckMetadata(option, *value); !status.ok()) return status;
  }
  if (CheckMetadata("", connection.token).ok()) return absl::OkStatus();
  return Usage("--token: a token is of letters, digits and signs of ASCII");
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const Connection& connection) {
  if (connection.tls_ca.empty()) {
    if (connection.token.empty() || IsLoopback(connection.server)) return grpc::InsecureChannelCredentials();
    return Usage(absl::StrCat("a token must not travel in clear to ", connection.server,
                              ": --tls-ca FILE or RECOUNT_TLS_CA names the authority behind the server's certificate"));
  }
  absl::StatusOr<std::string> roots = ReadWholeFile(connection.tls_ca);
  if (!roots.ok()) return roots.status();
  if (!absl::StrContains(*roots, "-----BEGIN CERTIFICATE-----")) {
    return Usage(absl::StrCat("--tls-ca ", connection.tls_ca, ": holds no certificate in PEM form"));
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *std::move(roots);
  return grpc::SslCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Make(const Connection& connection) {
  if (absl::Status status = CheckCaller(connection); !status.ok()) return status;
  auto credentials = ChannelCredentials(connection);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(256 << 20);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  return std::make_unique<GrpcClient>(connection, grpc::CreateCustomChannel(connection.server, *credentials, arguments));
}

}  // namespace recount::tools
