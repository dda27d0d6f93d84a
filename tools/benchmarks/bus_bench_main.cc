// How many commands a second a server takes in process, into a durable log, with projectors running.
//
//   bus_bench FOLDER [COMMANDS] [BATCH]
//
// Plays deals as an import would: a lead, a deal with its external id, two stage changes and a win, in batches, several
// of which are on their way. Prints commands a second and the processor time of each thread. The folder must not exist;
// it is left there.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"
#include "services/command_bus.h"

namespace recount::tools {
namespace {

using services::Submission;
using Clock = std::chrono::steady_clock;

constexpr int kCommandsOfADeal = 5;
constexpr int kInFlight = 8;

void SetExternal(v1::ExternalId* id, const char* source, int number) {
  id->set_source(source);
  id->set_id(absl::StrCat(number));
}

v1::Command MakeCommand(int i) {
  const int number = i / kCommandsOfADeal;
  const std::string request = absl::StrCat("import-", i);
  v1::Command command;
  switch (i % kCommandsOfADeal) {
    case 0: {
      auto* lead = command.mutable_capture_lead();
      lead->mutable_header()->set_request_id(request);
      SetExternal(lead->add_external_ids(), "web", number);
      lead->mutable_person_name()->set_display("Ann Example");
      lead->mutable_source()->set_id("web");
      break;
    }
    case 1: {
      auto* deal = command.mutable_create_deal();
      deal->mutable_header()->set_request_id(request);
      SetExternal(deal->add_external_ids(), "erp", number);
      SetExternal(deal->mutable_lead()->mutable_external(), "web", number);
      deal->mutable_value()->set_currency_code("EUR");
      deal->mutable_value()->set_units(1000 + number % 977);
      break;
    }
    case 4: {
      auto* win = command.mutable_win_deal();
      win->mutable_header()->set_request_id(request);
      SetExternal(win->mutable_deal()->mutable_external(), "erp", number);
      break;
    }
    default: {
      auto* stage = command.mutable_change_deal_stage();
      stage->mutable_header()->set_request_id(request);
      SetExternal(stage->mutable_deal()->mutable_external(), "erp", number);
      stage->set_stage(i % kCommandsOfADeal == 2 ? "offer" : "order");
    }
  }
  return command;
}

v1::Command PublishPipeline() {
  v1::Command command;
  auto* pipeline =
      command.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines()->add_pipelines();
  pipeline->set_id("main");
  for (const char* stage : {"potential", "offer", "order"}) pipeline->add_stages()->set_id(stage);
  auto* won = pipeline->add_stages();
  won->set_id("won");
  won->set_meaning(v1::STAGE_MEANING_WON);
  return command;
}

// Sends batches and waits while too many are unanswered.
class Feeder {
 public:
  Feeder(services::CommandBus* bus, services::Tenant* tenant) : bus_(bus), tenant_(tenant) {}

  void Send(std::shared_ptr<v1::CommandBatch> batch) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return in_flight_ < kInFlight; });
      ++in_flight_;
    }
    Submission submission;
    submission.tenant = tenant_;
    submission.caller = {"acme", "bench", true, services::Role::kUser};
    for (auto& command : *batch->mutable_commands()) submission.commands.push_back(command.mutable_command());
    submission.owner = std::move(batch);
    submission.done = [this](std::vector<services::Outcome> outcomes) {
      std::lock_guard lock(mutex_);
      for (const services::Outcome& outcome : outcomes) {
        if (!outcome.status.ok() && refused_++ == 0)
          std::printf("refused: %s\n", std::string(outcome.status.message()).c_str());
      }
      --in_flight_;
      room_.notify_one();
    };
    bus_->Submit(std::move(submission));
  }

  int Finish() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return in_flight_ == 0; });
    return refused_;
  }

 private:
  services::CommandBus* const bus_;
  services::Tenant* const tenant_;
  std::mutex mutex_;
  std::condition_variable room_;
  int in_flight_ = 0;
  int refused_ = 0;
};

void PrintThreads(double commands) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream schedstat(entry.path() / "schedstat");
    double nanos = 0;
    schedstat >> nanos;
    if (nanos > 1e7)
      std::printf("  thread %s: %.2f us a command\n", entry.path().filename().c_str(), nanos / 1e3 / commands);
  }
}

int Run(const std::string& folder, int commands, int batch_size) {
  eventstore::RocksdbVaultOptions vault_options{folder + "/keys", folder + "/keys/master.key"};
  std::filesystem::create_directories(folder);
  auto vault = eventstore::OpenRocksdbKeyVault(vault_options);
  if (!vault.ok()) return std::puts(std::string(vault.status().message()).c_str()), 1;
  eventstore::RocksdbLogOptions log_options;
  log_options.directory = folder;
  log_options.before_sync = [&] { return (*vault)->Flush(); };
  auto log = eventstore::OpenRocksdbEventLog(log_options);
  if (!log.ok()) return std::puts(std::string(log.status().message()).c_str()), 1;
  const services::Archive archive{log->get(), vault->get()};
  services::SystemClock clock;
  services::Tenants tenants(archive, &clock, {folder + "/models"});
  if (!tenants.Open().ok()) return 1;
  v1::CreateTenantRequest request;
  request.set_tenant_id("acme");
  request.set_zone("Europe/Berlin");
  request.set_currency("EUR");
  auto tenant = tenants.Create(request, "bench", true);
  if (!tenant.ok()) return 1;
  services::CommandBus bus(archive, &clock, {});
  Feeder feeder(&bus, *tenant);
  auto first = std::make_shared<v1::CommandBatch>();
  *first->add_commands()->mutable_command() = PublishPipeline();
  feeder.Send(std::move(first));
  const auto begun = Clock::now();
  for (int i = 0; i < commands;) {
    auto batch = std::make_shared<v1::CommandBatch>();
    for (int k = 0; k < batch_size && i < commands; ++k, ++i)
      *batch->add_commands()->mutable_command() = MakeCommand(i);
    feeder.Send(std::move(batch));
  }
  const int refused = feeder.Finish();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::printf("%d commands in %.2f s: %.0f a second, %d refused\n", commands, seconds, commands / seconds, refused);
  const uint64_t head = log->get()->DurableHead((*tenant)->number()).position;
  if (!(*tenant)->models().Read(head, absl::InfiniteFuture()).ok()) return 1;
  std::printf("projected after %.2f s\n", std::chrono::duration<double>(Clock::now() - begun).count());
  PrintThreads(commands);
  bus.Drain();
  const bool closed = tenants.Close().ok();
  (*log)->Close();
  return closed && refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) {
  if (argc < 2) return std::puts("usage: bus_bench FOLDER [COMMANDS] [BATCH]"), 2;
  return recount::tools::Run(argv[1], argc > 2 ? std::atoi(argv[2]) : 200000, argc > 3 ? std::atoi(argv[3]) : 500);
}
