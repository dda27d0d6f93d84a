// A command bus over a log, and short ways to make commands, for tests.
#ifndef RECOUNT_SERVICES_COMMAND_BUS_TESTING_H_
#define RECOUNT_SERVICES_COMMAND_BUS_TESTING_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"
#include "services/command_bus.h"
#include "services/record_reader.h"

namespace recount::services {

inline constexpr int64_t kNoon = 1700000000LL * 1000000;
// What holds readers back is seen by their not being done after a moment; nothing depends on its length.
inline constexpr std::chrono::milliseconds kMoment(100);

inline v1::Command Capture(const std::string& external_id, const std::string& request_id = "") {
  v1::Command command;
  v1::CaptureLeadRequest* capture = command.mutable_capture_lead();
  capture->mutable_header()->set_request_id(request_id);
  v1::ExternalId* id = capture->add_external_ids();
  id->set_source("web");
  id->set_id(external_id);
  capture->mutable_person_name()->set_display("Ann Müller");
  return command;
}

inline v1::Ref ByExternalId(const std::string& id) {
  v1::Ref ref;
  ref.mutable_external()->set_source("web");
  ref.mutable_external()->set_id(id);
  return ref;
}

inline v1::Command SetStatus(const std::string& external_id, const std::string& status) {
  v1::Command command;
  *command.mutable_change_lead_status()->mutable_lead() = ByExternalId(external_id);
  command.mutable_change_lead_status()->set_status(status);
  return command;
}

// Counts what is put into it.
class CountingVault : public eventstore::KeyVault {
 public:
  std::atomic<int> minted{0}, lookups{0};

  absl::StatusOr<eventstore::DataKey> Mint(uint32_t tenant, absl::string_view key_id) override {
    ++minted;
    return vault_->Mint(tenant, key_id);
  }
  absl::StatusOr<eventstore::DataKey> MintForNewId(uint32_t tenant, absl::string_view key_id) override {
    ++minted;
    return vault_->MintForNewId(tenant, key_id);
  }
  absl::StatusOr<eventstore::DataKey> Find(uint32_t tenant, absl::string_view key_id) override {
    return vault_->Find(tenant, key_id);
  }
  absl::Status Flush() override { return vault_->Flush(); }
  absl::Status AddLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                         absl::string_view stream) override {
    ++lookups;
    return vault_->AddLookup(tenant, kind, value, stream);
  }
  absl::Status VisitLookup(uint32_t tenant, absl::string_view kind, absl::string_view value,
                           const eventstore::LookupVisitor& visit) override {
    return vault_->VisitLookup(tenant, kind, value, visit);
  }
  absl::Status ReadStored(const eventstore::StoredKeyVisitor& visit) override { return vault_->ReadStored(visit); }

 private:
  const std::unique_ptr<eventstore::KeyVault> vault_ = eventstore::NewMemoryKeyVault();
};

// A bus over a log; in memory unless one is given.
class Bus {
 public:
  explicit Bus(std::unique_ptr<eventstore::EventLog> log = eventstore::NewMemoryEventLog(),
               CommandBusOptions options = {}, TenantsOptions tenants_options = {})
      : log_(std::move(log)),
        archive_{log_.get(), &vault_},
        clock_(kNoon),
        tenants_(archive_, &clock_, std::move(tenants_options)),
        bus_(std::make_unique<CommandBus>(archive_, &clock_, std::move(options))) {
    EXPECT_TRUE(tenants_.Open().ok());
    std::promise<Tenant*> made;
    bus_->Run([&] {
      v1::CreateTenantRequest request;
      request.set_tenant_id("acme");
      request.set_zone("Europe/Berlin");
      request.set_currency("EUR");
      request.set_region("DE");
      auto tenant = tenants_.Create(request, "admin", true);
      EXPECT_TRUE(tenant.ok()) << tenant.status();
      made.set_value(*tenant);
    });
    tenant_ = made.get_future().get();
    EXPECT_TRUE(bus_->Settle(*tenant_).ok());
  }

  Submission Prepare(std::vector<v1::Command> commands, bool atomic = false,
                     absl::Time deadline = absl::InfiniteFuture()) {
    auto batch = std::make_shared<v1::CommandBatch>();
    Submission submission;
    for (v1::Command& command : commands) {
      *batch->add_commands()->mutable_command() = std::move(command);
    }
    for (auto& sequenced : *batch->mutable_commands()) submission.commands.push_back(sequenced.mutable_command());
    submission.tenant = tenant_;
    submission.caller = Caller{"acme", "ann", true, Role::kUser};
    submission.owner = batch;
    submission.atomic = atomic;
    submission.deadline = deadline;
    return submission;
  }

  std::vector<Outcome> Send(Submission submission) {
    auto answered = std::make_shared<std::promise<std::vector<Outcome>>>();
    submission.done = [answered](std::vector<Outcome> outcomes) { answered->set_value(std::move(outcomes)); };
    bus_->Submit(std::move(submission));
    return answered->get_future().get();
  }
  std::vector<Outcome> SendAll(std::vector<v1::Command> commands, bool atomic = false) {
    return Send(Prepare(std::move(commands), atomic));
  }
  Outcome Send(v1::Command command) { return SendAll({std::move(command)})[0]; }

  uint64_t head() { return log_->SequencedHead(tenant_->number()).position; }
  eventstore::EventLog& log() { return *log_; }
  CommandBus& bus() { return *bus_; }
  Tenant& tenant() { return *tenant_; }
  Tenants& tenants() { return tenants_; }
  Clock& clock() { return clock_; }
  const Archive& archive() const { return archive_; }
  CountingVault& vault() { return vault_; }

 private:
  std::unique_ptr<eventstore::EventLog> log_;
  CountingVault vault_;
  Archive archive_;
  SimulatedClock clock_;
  Tenants tenants_;
  std::unique_ptr<CommandBus> bus_;
  Tenant* tenant_ = nullptr;
};

inline v1::ErrorReason ReasonOf(const Outcome& outcome) { return domain::ReasonOf(outcome.status); }

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_COMMAND_BUS_TESTING_H_
