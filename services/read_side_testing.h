// The methods that answer questions, over a bus, without gRPC, for tests.
#ifndef RECOUNT_SERVICES_READ_SIDE_TESTING_H_
#define RECOUNT_SERVICES_READ_SIDE_TESTING_H_

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "services/command_bus_testing.h"
#include "services/report_methods.h"
#include "services/report_watches.h"
#include "services/resource_methods.h"

namespace recount::services {

// Passes everything on.
class ModelsBetween : public projections::ReadModels {
 public:
  explicit ModelsBetween(std::unique_ptr<projections::ReadModels> inner) : inner_(std::move(inner)) {}

  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    return inner_->Read(min_position, deadline);
  }
  std::vector<projections::SubjectStatus> Status() override { return inner_->Status(); }
  absl::Status Rebuild(const std::function<void(const projections::RebuildState&)>& progress) override {
    return inner_->Rebuild(progress);
  }
  projections::RebuildState LastRebuild() override { return inner_->LastRebuild(); }
  absl::StatusOr<std::vector<std::string>> Verify() override { return inner_->Verify(); }
  void EndLongWork() override { inner_->EndLongWork(); }
  void OnMove(std::function<void()> moved) override { inner_->OnMove(std::move(moved)); }
  void Pause(bool paused) override { inner_->Pause(paused); }
  absl::Status Close() override { return inner_->Close(); }

 private:
  const std::unique_ptr<projections::ReadModels> inner_;
};

// Read models as `Between` has them.
template <typename Between>
TenantsOptions With() {
  TenantsOptions options;
  options.open_models = [](const projections::ReadModelOptions& asked, eventstore::EventLog* log)
      -> absl::StatusOr<std::unique_ptr<projections::ReadModels>> {
    auto models = projections::OpenReadModels(asked, log);
    if (!models.ok()) return models.status();
    return std::make_unique<Between>(*std::move(models));
  };
  return options;
}

class ReadSide {
 public:
  explicit ReadSide(TenantsOptions options = {})
      : bus_(eventstore::NewMemoryEventLog(), {}, std::move(options)),
        catalogue_(*projections::Catalogue::Load()),
        engine_(&catalogue_) {
    backend_.archive = bus_.archive();
    backend_.clock = &bus_.clock();
    backend_.tenants = &bus_.tenants();
    backend_.bus = &bus_.bus();
    backend_.catalogue = &catalogue_;
    backend_.engine = &engine_;
    backend_.token_key = "key of the test";
    backend_.watches = watches_.get();
    AddReportService(&backend_, &methods_);
    AddIfResourceQuery(&backend_, google::protobuf::DescriptorPool::generated_pool()->FindMethodByName("recount.v1.LeadService.ListLeads"), &methods_);
  }

  ~ReadSide() { watches_->Stop(); }

  // Sends a command; the position of its commit.
  uint64_t Do(v1::Command command) {
    const Outcome outcome = bus_.Send(std::move(command));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return outcome.result.position();
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request, Call call = {}) {
    call.caller = Caller{"acme", "ann", true, Role::kUser};
    std::promise<absl::StatusOr<std::unique_ptr<Message>>> answered;
    methods_.Find("recount.v1." + method)
        ->unary(call, std::make_unique<Request>(request),
                [&](absl::StatusOr<std::unique_ptr<Message>> answer) { answered.set_value(std::move(answer)); });
    auto answer = answered.get_future().get();
    if (!answer.ok()) return answer.status();
    return static_cast<const Response&>(**answer);
  }
  absl::StatusOr<v1::RunReportResponse> Run(const v1::RunReportRequest& request) {
    return Ask<v1::RunReportResponse>("ReportService.RunReport", request);
  }

  Bus& bus() { return bus_; }
  Backend& backend() { return backend_; }
  ReportWatches& watches() { return *watches_; }

 private:
  Bus bus_;
  projections::Catalogue catalogue_;
  projections::ReportEngine engine_;
  Backend backend_;
  WorkerPool pool_{4, 100};
  MethodTable methods_{&pool_};
  const std::shared_ptr<ReportWatches> watches_ = ReportWatches::Make(&backend_, &pool_);
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_READ_SIDE_TESTING_H_
