#include "services/command_bus.h"

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
#include "services/record_reader.h"

namespace recount::services {
namespace {

constexpr int64_t kNoon = 1700000000LL * 1000000;
// What holds readers back is seen by their not being done after a moment; nothing depends on its length.
constexpr std::chrono::milliseconds kMoment(100);

v1::Command Capture(const std::string& external_id, const std::string& request_id = "") {
  v1::Command command;
  v1::CaptureLeadRequest* capture = command.mutable_capture_lead();
  capture->mutable_header()->set_request_id(request_id);
  v1::ExternalId* id = capture->add_external_ids();
  id->set_source("web");
  id->set_id(external_id);
  capture->mutable_person_name()->set_display("Ann Müller");
  return command;
}

v1::Ref ByExternalId(const std::string& id) {
  v1::Ref ref;
  ref.mutable_external()->set_source("web");
  ref.mutable_external()->set_id(id);
  return ref;
}

v1::Command SetStatus(const std::string& external_id, const std::string& status) {
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
  absl::StatusOr<std::vector<std::string>> Lookup(uint32_t tenant, absl::string_view kind,
                                                  absl::string_view value) override {
    return vault_->Lookup(tenant, kind, value);
  }

 private:
  const std::unique_ptr<eventstore::KeyVault> vault_ = eventstore::NewMemoryKeyVault();
};

// A bus over a log; in memory unless one is given.
class Bus {
 public:
  explicit Bus(std::unique_ptr<eventstore::EventLog> log = eventstore::NewMemoryEventLog(),
               CommandBusOptions options = {})
      : log_(std::move(log)),
        archive_{log_.get(), &vault_},
        clock_(kNoon),
        tenants_(archive_, &clock_, {}),
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

v1::ErrorReason ReasonOf(const Outcome& outcome) { return domain::ReasonOf(outcome.status); }

TEST(CommandBusTest, TenantBeginsWithItsCalendar) {
  Bus bus;
  EXPECT_EQ(bus.head(), 1u);
  EXPECT_EQ(bus.tenant().rules()->CalendarOn(0).zone(), "Europe/Berlin");
  EXPECT_EQ(bus.tenant().rules()->position(), 1u);
}

TEST(CommandBusTest, AnswersWithPositionNameAndRevision) {
  Bus bus;
  const Outcome outcome = bus.Send(Capture("1"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.result.position(), 2u);
  ASSERT_EQ(outcome.result.revisions_size(), 1);
  EXPECT_EQ(outcome.result.revisions(0).stream(), outcome.result.name());
  EXPECT_EQ(outcome.result.revisions(0).revision(), 1u);
  EXPECT_EQ(outcome.result.recorded_time().seconds(), kNoon / 1000000);
}

TEST(CommandBusTest, RepeatGetsTheFirstAnswer) {
  Bus bus;
  const Outcome first = bus.Send(Capture("1", "r-1"));
  v1::Command again = Capture("1", "r-1");
  again.mutable_capture_lead()->mutable_header()->set_correlation_id("another attempt");
  const Outcome second = bus.Send(std::move(again));
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_TRUE(second.result.repeated());
  v1::CommandResult expected = first.result;
  expected.set_repeated(true);
  EXPECT_EQ(second.result.SerializeAsString(), expected.SerializeAsString());
  EXPECT_EQ(ReasonOf(bus.Send(Capture("2", "r-1"))), v1::REQUEST_ID_REUSED);
  EXPECT_EQ(bus.head(), 2u);
}

TEST(CommandBusTest, RefusalIsNotRemembered) {
  Bus bus;
  v1::Command status = SetStatus("1", "hot");
  status.mutable_change_lead_status()->mutable_header()->set_request_id("r-1");
  EXPECT_EQ(ReasonOf(bus.Send(status)), v1::RECORD_NOT_FOUND);
  EXPECT_TRUE(bus.Send(Capture("1")).status.ok());
  const Outcome outcome = bus.Send(status);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_FALSE(outcome.result.repeated());
}

TEST(CommandBusTest, StreamOfCommandsNamesRecordsMadeAMomentBefore) {
  Bus bus;
  const auto outcomes =
      bus.SendAll({Capture("1"), SetStatus("1", "hot"), SetStatus("1", "hot"), SetStatus("2", "hot")});
  EXPECT_TRUE(outcomes[0].status.ok()) << outcomes[0].status;
  EXPECT_TRUE(outcomes[1].status.ok()) << outcomes[1].status;
  EXPECT_EQ(outcomes[1].result.revisions(0).revision(), 2u);
  // What is so already appends nothing; a refusal ends nothing.
  EXPECT_TRUE(outcomes[2].status.ok()) << outcomes[2].status;
  EXPECT_EQ(outcomes[2].result.revisions_size(), 0);
  EXPECT_EQ(outcomes[2].result.position(), 3u);
  EXPECT_EQ(ReasonOf(outcomes[3]), v1::RECORD_NOT_FOUND);
  EXPECT_EQ(bus.head(), 3u);
}

TEST(CommandBusTest, ValidateOnlyAppendsNothing) {
  Bus bus;
  v1::Command command = Capture("1", "r-1");
  command.mutable_capture_lead()->mutable_header()->set_validate_only(true);
  const Outcome outcome = bus.Send(command);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_TRUE(outcome.result.validated_only());
  EXPECT_EQ(bus.head(), 1u);
  // The same command in earnest has the same identity, and it is the first.
  const Outcome earnest = bus.Send(Capture("1", "r-1"));
  EXPECT_TRUE(earnest.status.ok()) << earnest.status;
  EXPECT_FALSE(earnest.result.repeated());
}

TEST(CommandBusTest, WhatIsNotAppendedLeavesNothingInTheVault) {
  Bus bus;
  const auto named = [](bool validate_only) {
    v1::Command command = Capture("1");
    command.mutable_capture_lead()->add_emails()->set_raw("ann@example.com");
    command.mutable_capture_lead()->mutable_header()->set_validate_only(validate_only);
    return command;
  };
  ASSERT_TRUE(bus.Send(named(true)).status.ok());
  EXPECT_FALSE(bus.SendAll({named(false), SetStatus("nobody", "hot")}, true)[0].status.ok());
  EXPECT_EQ(bus.vault().minted, 0);
  EXPECT_EQ(bus.vault().lookups, 0);
  ASSERT_TRUE(bus.Send(named(false)).status.ok());
  EXPECT_EQ(bus.vault().minted, 1);
  EXPECT_EQ(bus.vault().lookups, 1);
  bus.log().Close();  // as good as a full disk: nothing is taken any more
  EXPECT_FALSE(bus.Send(Capture("2")).status.ok());
  EXPECT_EQ(bus.vault().minted, 1);
}

TEST(CommandBusTest, ExpectedRevision) {
  Bus bus;
  ASSERT_TRUE(bus.Send(Capture("1")).status.ok());
  v1::Command command = SetStatus("1", "hot");
  command.mutable_change_lead_status()->mutable_header()->set_expected_revision(7);
  const Outcome stale = bus.Send(command);
  EXPECT_EQ(ReasonOf(stale), v1::REVISION_MISMATCH);
  EXPECT_TRUE(absl::IsAborted(stale.status));
  command.mutable_change_lead_status()->mutable_header()->set_expected_revision(1);
  EXPECT_TRUE(bus.Send(command).status.ok());
  // A refusal that only a newer revision explains says so.
  v1::Command convert;
  *convert.mutable_convert_lead()->mutable_lead() = ByExternalId("1");
  convert.mutable_convert_lead()->set_create_person(true);
  ASSERT_TRUE(bus.Send(convert).status.ok());
  convert.mutable_convert_lead()->mutable_header()->set_expected_revision(2);
  EXPECT_EQ(ReasonOf(bus.Send(convert)), v1::REVISION_MISMATCH);
  v1::Command create = Capture("2");
  create.mutable_capture_lead()->mutable_header()->set_expected_revision(0);
  EXPECT_TRUE(bus.Send(create).status.ok());
}

TEST(CommandBusTest, AtomicGroupIsOneCommitOrNone) {
  Bus bus;
  const auto refused = bus.SendAll({Capture("1"), SetStatus("1", "hot"), SetStatus("nobody", "hot")}, true);
  EXPECT_EQ(ReasonOf(refused[0]), v1::ATOMIC_GROUP_REFUSED);
  EXPECT_EQ(ReasonOf(refused[1]), v1::ATOMIC_GROUP_REFUSED);
  EXPECT_EQ(ReasonOf(refused[2]), v1::RECORD_NOT_FOUND);
  EXPECT_EQ(bus.head(), 1u);

  const auto group = [] { return std::vector<v1::Command>{Capture("1", "r-1"), SetStatus("1", "hot"), Capture("2")}; };
  const auto accepted = bus.SendAll(group(), true);
  for (const Outcome& outcome : accepted) {
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.result.position(), 4u);
  }
  EXPECT_EQ(accepted[0].result.name(), accepted[1].result.name());
  EXPECT_EQ(bus.log().CommitEnd(bus.tenant().number(), 2).value(), 4u);
  const auto repeated = bus.SendAll(group(), true);
  EXPECT_TRUE(repeated[2].result.repeated());
  EXPECT_EQ(repeated[2].result.name(), accepted[2].result.name());
  // A command of the group alone is another command.
  EXPECT_EQ(ReasonOf(bus.Send(Capture("1", "r-1"))), v1::REQUEST_ID_REUSED);
  // The states that the group made are the ones that the next command sees.
  EXPECT_EQ(bus.Send(SetStatus("1", "cold")).result.revisions(0).revision(), 3u);
}

TEST(CommandBusTest, PersonalDataOfOneCommitLiesUnderOneKey) {
  Bus bus;
  v1::Command rename;
  *rename.mutable_change_lead_details()->mutable_lead() = ByExternalId("1");
  rename.mutable_change_lead_details()->mutable_person_name()->set_display("Ann Meier");
  const auto outcomes = bus.SendAll({Capture("1"), rename}, true);
  for (const Outcome& outcome : outcomes) ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  std::vector<std::string> names;
  ASSERT_TRUE(bus.log().ReadStream(bus.tenant().number(), outcomes[0].result.name(), 0, eventstore::Direction::kForward,
                                   [&](const eventstore::StreamEvent& event) {
                                     auto shown = ShowEvent(*bus.archive().vault, bus.tenant().number(), event);
                                     EXPECT_TRUE(shown.ok()) << shown.status();
                                     const v1::LeadEvent& lead = shown->payload().lead();
                                     names.push_back(lead.has_captured() ? lead.captured().person_name().display()
                                                                         : lead.details_changed().person_name().display());
                                     return true;
                                   }).ok());
  EXPECT_EQ(names, (std::vector<std::string>{"Ann Müller", "Ann Meier"}));
}

TEST(CommandBusTest, AtomicGroupHasOneHeader) {
  Bus bus;
  const auto send = [&](const std::function<void(v1::CommandHeader*)>& change) {
    v1::Command first = Capture("1", "r-1");
    first.mutable_capture_lead()->mutable_header()->set_on_behalf_of("users/ann");
    first.mutable_capture_lead()->mutable_header()->set_channel(v1::CHANNEL_PHONE);
    v1::Command second = SetStatus("1", "hot");
    change(second.mutable_change_lead_status()->mutable_header());
    return ReasonOf(bus.SendAll({first, second}, true)[1]);
  };
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_request_id("r-2"); }), v1::FIELD_INVALID);
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_on_behalf_of("users/bob"); }), v1::FIELD_INVALID);
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_channel(v1::CHANNEL_FORM); }), v1::FIELD_INVALID);
  EXPECT_EQ(bus.head(), 1u);
  EXPECT_EQ(send([](v1::CommandHeader* header) {
              header->set_request_id("r-1");
              header->set_on_behalf_of("users/ann");
            }),
            v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(bus.head(), 3u);
}

TEST(CommandBusTest, RulesHoldFromTheNextCommandOn) {
  Bus bus;
  v1::Command deal;
  deal.mutable_create_deal()->set_name("deals/1");
  EXPECT_EQ(ReasonOf(bus.Send(deal)), v1::UNKNOWN_PIPELINE);
  v1::Command publish;
  v1::Pipeline* pipeline =
      publish.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines()->add_pipelines();
  pipeline->set_id("main");
  pipeline->add_stages()->set_id("potential");
  for (const bool atomic : {true, false}) {
    deal.mutable_create_deal()->set_name(atomic ? "deals/2" : "deals/3");
    const auto outcomes = bus.SendAll({publish, deal}, atomic);
    EXPECT_TRUE(outcomes[0].status.ok()) << outcomes[0].status;
    EXPECT_TRUE(outcomes[1].status.ok()) << outcomes[1].status;
  }
  EXPECT_EQ(bus.tenant().rules()->position(), LoadRules(bus.archive(), bus.tenant().number())->position());
}

TEST(CommandBusTest, PassedDeadlineAppendsNothing) {
  Bus bus;
  const auto outcomes = bus.Send(bus.Prepare({Capture("1")}, false, absl::InfinitePast()));
  EXPECT_EQ(ReasonOf(outcomes[0]), v1::DEADLINE_PASSED);
  EXPECT_EQ(bus.head(), 1u);
}

TEST(CommandBusTest, LimitsAreCheckedForEachCommand) {
  Bus bus;
  v1::Command large = SetStatus("1", std::string(200, 'x'));
  const auto outcomes = bus.SendAll({Capture("1"), large, v1::Command()});
  EXPECT_TRUE(outcomes[0].status.ok());
  EXPECT_EQ(ReasonOf(outcomes[1]), v1::FIELD_TOO_LONG);
  EXPECT_EQ(ReasonOf(outcomes[2]), v1::EMPTY_COMMAND);
}

TEST(CommandBusTest, ManyThreadsLoseNothingAndDoNothingTwice) {
  CommandBusOptions options;
  options.max_cached_streams = 32;  // far too few: states are loaded again and again
  Bus bus(eventstore::NewMemoryEventLog(), options);
  constexpr int kThreads = 8, kRounds = 60;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&bus, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string shared = absl::StrCat("shared-", i % 7);
        const std::string own = absl::StrCat("own-", t, "-", i);
        bus.SendAll(
            {Capture(own, own), Capture(shared), SetStatus(own, "a"), SetStatus(shared, absl::StrCat(t, "-", i))});
        EXPECT_TRUE(bus.Send(Capture(own, own)).result.repeated());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int captured = 0;
  std::set<std::string> streams;
  bus.log()
      .ReadCommits(bus.tenant().number(), 0, eventstore::Direction::kForward,
                   [&](const eventstore::StoredCommit& commit) {
                     for (const auto& event : commit.record.events()) {
                       captured += domain::TypeName(event.type()) == "LeadCaptured";
                       streams.insert(event.stream());
                     }
                     return true;
                   })
      .IgnoreError();
  EXPECT_EQ(captured, kThreads * kRounds + 7);
  for (const std::string& stream : streams) {
    const auto folded = FoldStream(bus.archive(), bus.tenant().number(), stream);
    const auto cached = LoadStream(bus.archive(), bus.bus().cache(), bus.tenant().number(), stream);
    EXPECT_EQ(folded->revision, (*cached)->revision) << stream;
    const auto* resource = domain::ResourceOf(folded->state);
    if (resource != nullptr) {
      EXPECT_EQ(resource->DebugString(), domain::ResourceOf((*cached)->state)->DebugString());
    }
  }
  EXPECT_TRUE(bus.log().Verify(bus.tenant().number(), [](uint64_t, uint64_t) {})->empty());
}

TEST(CommandBusTest, FullQueueRefuses) {
  CommandBusOptions options;
  options.max_commands = 4;
  Bus bus(eventstore::NewMemoryEventLog(), options);
  std::promise<void> go_on;
  bus.bus().Run([&] { go_on.get_future().wait(); });
  std::promise<void> first_answered;
  Submission first = bus.Prepare({Capture("1"), Capture("2")});
  first.done = [&](std::vector<Outcome> outcomes) {
    EXPECT_TRUE(outcomes[0].status.ok());
    first_answered.set_value();
  };
  bus.bus().Submit(std::move(first));
  EXPECT_EQ(ReasonOf(bus.Send(Capture("3"))), v1::TOO_MANY_COMMANDS);  // one tenant has half of the queue
  go_on.set_value();
  first_answered.get_future().wait();
  EXPECT_TRUE(bus.bus().Settle(bus.tenant()).ok());
}

// A log on a disk that syncs nothing while `disk` is locked.
class SlowDisk {
 public:
  SlowDisk() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~SlowDisk() { std::filesystem::remove_all(path_); }
  std::unique_ptr<eventstore::EventLog> Open() {
    eventstore::RocksdbLogOptions options;
    options.directory = path_ + "/data";
    options.before_sync = [this] {
      std::lock_guard lock(disk);
      return absl::OkStatus();
    };
    auto log = eventstore::OpenRocksdbEventLog(options);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  std::mutex disk;

 private:
  std::string path_ = testing::TempDir() + "/recount_bus_XXXXXX";
};

TEST(CommandBusTest, OneTenantHasHalfOfTheBytes) {
  CommandBusOptions options;
  options.max_bytes = 4000;
  Bus bus(eventstore::NewMemoryEventLog(), options);
  std::promise<void> go_on;
  bus.bus().Run([&] { go_on.get_future().wait(); });
  std::promise<std::vector<Outcome>> answered;
  Submission first = bus.Prepare({Capture(std::string(250, 'x'))});
  first.commands[0]->mutable_capture_lead()->set_request(std::string(1500, 'x'));
  first.done = [&](std::vector<Outcome> outcomes) { answered.set_value(std::move(outcomes)); };
  bus.bus().Submit(std::move(first));
  EXPECT_EQ(ReasonOf(bus.Send(Capture(std::string(250, 'y')))), v1::TOO_MANY_COMMANDS);
  go_on.set_value();
  EXPECT_TRUE(answered.get_future().get()[0].status.ok());
}

TEST(CommandBusTest, RefusalWaitsForWhatItRead) {
  SlowDisk slow;
  {
    Bus bus(slow.Open());
    std::unique_lock slow_disk(slow.disk);
    std::promise<std::vector<Outcome>> accepted, refused;
    Submission first = bus.Prepare({Capture("1")});
    first.done = [&](std::vector<Outcome> outcomes) { accepted.set_value(std::move(outcomes)); };
    bus.bus().Submit(std::move(first));
    Submission second = bus.Prepare({Capture("1")});  // the external id is taken by a lead that may yet be lost
    second.done = [&](std::vector<Outcome> outcomes) { refused.set_value(std::move(outcomes)); };
    bus.bus().Submit(std::move(second));
    std::promise<void> decided;
    bus.bus().Run([&] { decided.set_value(); });
    decided.get_future().wait();
    auto refusal = refused.get_future();
    EXPECT_EQ(refusal.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    slow_disk.unlock();
    EXPECT_EQ(ReasonOf(refusal.get()[0]), v1::EXTERNAL_ID_TAKEN);
    EXPECT_TRUE(accepted.get_future().get()[0].status.ok());
  }
}

TEST(CommandBusTest, RulesAreToldWhenTheyAreDurable) {
  SlowDisk slow;
  Bus bus(slow.Open());
  Backend backend;
  backend.archive = bus.archive();
  backend.bus = &bus.bus();
  std::unique_lock slow_disk(slow.disk);
  v1::Command publish;
  publish.mutable_publish_rules()->add_rules()->mutable_content()->mutable_calendar()->set_zone("Asia/Jerusalem");
  std::promise<std::vector<Outcome>> published;
  Submission submission = bus.Prepare({publish});
  submission.done = [&](std::vector<Outcome> outcomes) { published.set_value(std::move(outcomes)); };
  bus.bus().Submit(std::move(submission));
  std::promise<void> decided;
  bus.bus().Run([&] { decided.set_value(); });
  decided.get_future().wait();
  auto rules = std::async(std::launch::async, [&] { return RecordReader(&backend).Rules(bus.tenant()); });
  EXPECT_EQ(rules.wait_for(kMoment), std::future_status::timeout);
  slow_disk.unlock();
  EXPECT_EQ((*rules.get())->position(), 2u);
  EXPECT_TRUE(published.get_future().get()[0].status.ok());
}

TEST(CommandBusTest, ReadersWaitUntilWhatIsDurableIsApplied) {
  Bus bus;
  const std::string name = bus.Send(Capture("1")).result.name();
  Backend backend;
  backend.archive = bus.archive();
  backend.bus = &bus.bus();
  const RecordReader reader(&backend);
  ASSERT_TRUE(reader.Read(bus.tenant(), name).ok());
  // As between the log's part of a commit and the cache's: the event is durable, the state is the one before.
  v1::EventPayload payload;
  payload.mutable_lead()->mutable_status_changed()->set_status("hot");
  std::promise<absl::Status> durable;
  bus.bus().Run([&] {
    eventstore::Proposal proposal;
    proposal.tenant = bus.tenant().number();
    storage::v1::StoredEvent* event = proposal.record.add_events();
    event->set_stream(name);
    event->set_type(domain::TypeOf(payload));
    event->set_payload(payload.lead().status_changed().SerializeAsString());
    ASSERT_TRUE(bus.log().Sequence(std::move(proposal), [&](absl::Status done) { durable.set_value(done); }).ok());
  });
  ASSERT_TRUE(durable.get_future().get().ok());
  const uint64_t position = bus.head();
  auto waited = std::async(std::launch::async, [&] {
    return reader.AwaitPosition(bus.tenant(), position, absl::InfiniteFuture());
  });
  auto read = std::async(std::launch::async, [&] { return reader.ReadAt(bus.tenant(), name, position); });
  EXPECT_EQ(waited.wait_for(kMoment), std::future_status::timeout);
  EXPECT_EQ(read.wait_for(kMoment), std::future_status::timeout);
  bus.bus().cache().Change(bus.tenant().number(), name, 1, position, [&](FoldedStream& folded) {
    std::get<domain::LeadState>(folded.state).lead.set_status("hot");
    folded.revision = 2;
    folded.position = position;
  });
  bus.tenant().SetApplied(position);
  EXPECT_TRUE(waited.get().ok());
  EXPECT_EQ((*read.get())->revision, 2u);
}

TEST(CommandBusTest, EndAnswersWhatWasAccepted) {
  Bus bus;
  std::promise<void> go_on, answered;
  bus.bus().Run([&] { go_on.get_future().wait(); });
  Submission submission = bus.Prepare({Capture("1")});
  submission.done = [&](std::vector<Outcome> outcomes) {
    EXPECT_TRUE(outcomes[0].status.ok()) << outcomes[0].status;
    answered.set_value();
  };
  bus.bus().Submit(std::move(submission));
  std::thread ending([&] { bus.bus().Drain(); });
  go_on.set_value();
  answered.get_future().wait();
  ending.join();
  EXPECT_EQ(ReasonOf(bus.Send(Capture("2"))), v1::SERVER_STOPPING);
}

}  // namespace
}  // namespace recount::services
