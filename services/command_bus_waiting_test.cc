// Many at once: threads, full queues, what waits for durability, and the end.
#include "services/command_bus_testing.h"

namespace recount::services {
namespace {

TEST(CommandBusWaitingTest, ManyThreadsLoseNothingAndDoNothingTwice) {
  CommandBusOptions options;
  options.cached.streams = 32;  // far too few: states are loaded again and again
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
  EXPECT_TRUE(bus.log().Verify(bus.tenant().number(), nullptr)->empty());
}

TEST(CommandBusWaitingTest, FullQueueRefuses) {
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

TEST(CommandBusWaitingTest, OneTenantHasHalfOfTheBytes) {
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

TEST(CommandBusWaitingTest, RefusalWaitsForWhatItRead) {
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

TEST(CommandBusWaitingTest, RulesAreToldWhenTheyAreDurable) {
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

TEST(CommandBusWaitingTest, ReadersWaitUntilWhatIsDurableIsApplied) {
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

TEST(CommandBusWaitingTest, EndAnswersWhatWasAccepted) {
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
