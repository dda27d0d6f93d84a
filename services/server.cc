#include "services/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"
#include "projections/array_memory.h"
#include "projections/read_models.h"
#include "services/admin_methods.h"
#include "services/backend.h"
#include "services/backup_methods.h"
#include "services/command_methods.h"
#include "services/data_folder.h"
#include "services/error_mapping.h"
#include "services/grpc_service.h"
#include "services/history_methods.h"
#include "services/log_watch.h"
#include "services/memory_keeper.h"
#include "services/memory_shares.h"
#include "services/record_id.h"
#include "services/report_methods.h"
#include "services/report_watches.h"
#include "services/resource_methods.h"
#include "services/rulebook_methods.h"

namespace recount::services {
namespace {

// Every service that is served.
constexpr const char* kServices[] = {
    "AdminService",   "CommandService",      "DealService",   "HistoryService", "LeadService",
    "OrgUnitService", "OrganizationService", "PersonService", "ProductService", "RecordService",
    "ReportService",  "RulebookService",     "TeamService",   "UserService",
};

constexpr size_t kMaxThreads = 64;
constexpr size_t kMaxWaiting = 4096;
constexpr int kMaxReceiveBytes = 4 << 20;
// The unwise default of a simulated clock would be now: history is played from the past on.
constexpr int64_t kSimulatedBeginning = 946684800LL * 1000000;  // 2000-01-01

class ServerParts : public Server {
 public:
  explicit ServerParts(ServerOptions options)
      : options_(std::move(options)), shares_(ShareMemory(options_.memory_bytes == 0 ? SIZE_MAX : options_.memory_bytes)) {}
  ~ServerParts() override { Stop().IgnoreError(); }

  absl::Status OpenAll() {
    if (!options_.backups_folder.empty()) {
      auto backups = PrepareBackupsFolder(options_.backups_folder, options_.data_folder);
      if (!backups.ok()) return backups.status();
      backend_.backups_folder = *std::move(backups);
    }
    if (absl::Status opened = OpenStores(); !opened.ok()) return opened;
    KeepMemory();
    auto catalogue = projections::Catalogue::Load();
    if (!catalogue.ok()) return catalogue.status();
    catalogue_ = std::make_unique<projections::Catalogue>(*std::move(catalogue));
    engine_ = std::make_unique<projections::ReportEngine>(catalogue_.get(), shares_.answers);
    MakeClock();
    const Archive archive{log_.get(), vault_.get()};
    const bool in_memory = options_.data_folder.empty() || options_.models_in_memory;
    TenantsOptions tenants_options;
    if (!in_memory) tenants_options.models_folder = options_.data_folder + "/models";
    tenants_options.follow_states = shares_.follow_states;
    tenants_options.rebuild_states = shares_.rebuild_states;
    tenants_options.pause_projectors = options_.pause_projectors;
    tenants_ = std::make_unique<Tenants>(archive, clock_.get(), std::move(tenants_options));
    if (absl::Status opened = tenants_->Open(); !opened.ok()) return opened;
    SetSimulatedClock();
    CommandBusOptions bus_options;
    bus_options.max_bytes = shares_.commands;
    bus_options.cached.bytes = shares_.states;
    bus_options.on_write_failure = options_.on_write_failure;
    bus_ = std::make_unique<CommandBus>(archive, clock_.get(), std::move(bus_options));
    if (options_.on_write_failure) watch_ = std::make_unique<LogWatch>(archive, options_.on_write_failure);
    backend_.memory = keeper_.get();
    backend_.listings = std::make_unique<ListingCache>(shares_.listings);
    backend_.archive = archive;
    backend_.clock = clock_.get();
    backend_.tenants = tenants_.get();
    backend_.bus = bus_.get();
    backend_.catalogue = catalogue_.get();
    backend_.engine = engine_.get();
    backend_.report_part_rows = options_.report_part_rows;
    watches_ = ReportWatches::Make(&backend_, &pool_);
    backend_.watches = watches_.get();
    return Serve();
  }

  std::string address() const override { return address_; }

  absl::Status Stop() override {
    if (stopped_) return absl::OkStatus();
    stopped_ = true;
    backend_.stopping = true;
    if (tenants_ != nullptr) {
      for (Tenant* tenant : tenants_->All()) tenant->models().EndLongWork();
    }
    if (watches_ != nullptr) watches_->Stop();
    if (grpc_ != nullptr) {
      if (auto* health = grpc_->GetHealthCheckService()) health->Shutdown();
      // Calls under way are answered; streams that nobody ends are cut then.
      grpc_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(3));
      grpc_->Wait();
    }
    if (bus_ != nullptr) bus_->Drain();
    watch_.reset();
    pool_.Close();
    absl::Status closed = tenants_ == nullptr ? absl::OkStatus() : tenants_->Close();
    if (log_ != nullptr) {
      log_->Close();
      absl::Status failure = WriteFailure({log_.get(), vault_.get()});
      if (closed.ok()) closed = failure;
    }
    return closed;
  }

 private:
  absl::Status OpenStores() {
    const std::string& folder = options_.data_folder;
    if (folder.empty()) {
      log_ = eventstore::NewMemoryEventLog();
      vault_ = eventstore::NewMemoryKeyVault();
      backend_.token_key = RandomBytes(32);
      return absl::OkStatus();
    }
    if (absl::Status prepared = PrepareDataFolder(folder, options_.simulated_clock); !prepared.ok()) return prepared;
    if (absl::Status keys = CheckKeysAreThere(folder); !keys.ok()) return keys;
    auto token_key = LoadTokenKey(folder);
    if (!token_key.ok()) return token_key.status();
    backend_.token_key = *std::move(token_key);
    eventstore::RocksdbVaultOptions vault_options;
    vault_options.directory = folder + "/keys";
    vault_options.master_key_file =
        options_.master_key_file.empty() ? folder + "/keys/master.key" : options_.master_key_file;
    vault_options.write_buffer_bytes = shares_.keys_write_buffer;
    auto vault = eventstore::OpenRocksdbKeyVault(vault_options);
    if (!vault.ok()) return vault.status();
    vault_ = *std::move(vault);
    if (absl::Status ended = EndKeysLost(folder); !ended.ok()) return ended;
    eventstore::RocksdbLogOptions log_options;
    log_options.directory = folder;
    log_options.block_cache_bytes = shares_.log_blocks;
    log_options.write_buffer_bytes = shares_.log_write_buffer;
    log_options.index_memory_bytes = shares_.log_index;
    log_options.unpacked_events = options_.unpacked_events;
    log_options.before_sync = [vault = vault_.get()] { return vault->Flush(); };
    auto log = eventstore::OpenRocksdbEventLog(log_options);
    if (!log.ok()) return log.status();
    log_ = *std::move(log);
    return absl::OkStatus();
  }

  void KeepMemory() {
    if (options_.memory_bytes == 0) return;
    projections::ArrayMemory::OfProcess().Bound(options_.data_folder, shares_.arrays);
    projections::LimitModelWriteBuffers(shares_.model_write_buffers);
    keeper_ = std::make_unique<MemoryKeeper>(options_.memory_bytes);
  }

  void MakeClock() {
    if (options_.simulated_clock) {
      clock_ = std::make_unique<SimulatedClock>(kSimulatedBeginning);
    } else {
      clock_ = std::make_unique<SystemClock>();
    }
  }

  // After a restart invented time goes on where it stood.
  void SetSimulatedClock() {
    if (!options_.simulated_clock) return;
    int64_t newest = std::max(kSimulatedBeginning, log_->DurableHead(kSystemLog).recorded_micros);
    for (const Tenant* tenant : tenants_->All())
      newest = std::max(newest, log_->DurableHead(tenant->number()).recorded_micros);
    clock_->Set(newest).IgnoreError();
  }

  absl::Status DescribeServices() {
    AddCommandService(&backend_, &methods_);
    AddReportService(&backend_, &methods_);
    AddHistoryService(&backend_, &methods_);
    AddRulebookQueries(&backend_, &methods_);
    AddAdminService(&backend_, &methods_);
    AddBackup(&backend_, &methods_);
    const google::protobuf::DescriptorPool* pool = google::protobuf::DescriptorPool::generated_pool();
    for (const char* name : kServices) {
      const google::protobuf::ServiceDescriptor* service = pool->FindServiceByName(absl::StrCat("recount.v1.", name));
      if (service == nullptr) return absl::InternalError(absl::StrCat("no descriptor of the service ", name));
      for (int i = 0; i < service->method_count(); ++i) {
        AddIfCommand(&backend_, service->method(i), &methods_) ||
            AddIfResourceQuery(&backend_, service->method(i), &methods_);
      }
      auto described = DescribedService::Make(service, Gate{&options_.credentials, &methods_});
      if (!described.ok()) return described.status();
      services_.push_back(*std::move(described));
    }
    return absl::OkStatus();
  }

  std::shared_ptr<grpc::ServerCredentials> ChannelCredentials() const {
    if (options_.tls_certificate.empty()) return grpc::InsecureServerCredentials();
    grpc::SslServerCredentialsOptions ssl;
    ssl.pem_key_cert_pairs.push_back({options_.tls_key, options_.tls_certificate});
    return grpc::SslServerCredentials(ssl);
  }

  absl::Status Serve() {
    if (absl::Status described = DescribeServices(); !described.ok()) return described;
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options_.listen, ChannelCredentials(), &port);
    for (const auto& service : services_) builder.RegisterService(service.get());
    builder.SetMaxReceiveMessageSize(kMaxReceiveBytes + 1024);
    builder.SetMaxSendMessageSize(-1);
    // Two servers must not share a port by accident; clients get limits that an honest one does not meet
    // (spec/reliability.md D13).
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 200);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000);
    grpc::ResourceQuota quota("recountd");
    quota.Resize(shares_.messages);
    builder.SetResourceQuota(quota);
    grpc_ = builder.BuildAndStart();
    if (grpc_ == nullptr || port == 0)
      return absl::UnavailableError(absl::StrCat("cannot listen on ", options_.listen, ": is the port taken?"));
    const bool is_path = absl::StartsWith(options_.listen, "unix:");
    address_ = is_path ? options_.listen : absl::StrCat(options_.listen.substr(0, options_.listen.rfind(':')), ":", port);
    if (auto* health = grpc_->GetHealthCheckService()) {
      for (const char* name : kServices) health->SetServingStatus(absl::StrCat("recount.v1.", name), true);
    }
    return absl::OkStatus();
  }

  ServerOptions options_;
  const MemoryShares shares_;
  std::unique_ptr<MemoryKeeper> keeper_;
  std::unique_ptr<eventstore::KeyVault> vault_;
  std::unique_ptr<eventstore::EventLog> log_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<projections::Catalogue> catalogue_;
  std::unique_ptr<projections::ReportEngine> engine_;
  std::unique_ptr<Tenants> tenants_;
  std::unique_ptr<CommandBus> bus_;
  std::unique_ptr<LogWatch> watch_;
  Backend backend_;
  WorkerPool pool_{kMaxThreads, kMaxWaiting};
  std::shared_ptr<ReportWatches> watches_;
  MethodTable methods_{&pool_};
  std::vector<std::unique_ptr<DescribedService>> services_;
  std::unique_ptr<grpc::Server> grpc_;
  std::string address_;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  auto parts = std::make_unique<ServerParts>(std::move(options));
  if (absl::Status opened = parts->OpenAll(); !opened.ok()) return opened;
  return std::unique_ptr<Server>(std::move(parts));
}

}  // namespace recount::services
