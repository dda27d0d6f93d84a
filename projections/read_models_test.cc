#include "projections/read_models.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/tenant_read_models.h"
#include "projections/test_history.h"

namespace recount::projections {
namespace {

class ReadModelsTest : public testing::Test {
 protected:
  ReadModelsTest() {
    directory_ = testing::TempDir() + "/read_models_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
  }
  ~ReadModelsTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<TenantReadModels> Open(eventstore::EventLog* log, const std::vector<Subject>& subjects = AllSubjects()) {
    ReadModelOptions options;
    options.tenant = kTestTenant;
    options.directory = is_kept_ ? directory_ : "";
    options.checkpoint_interval_ms = interval_ms_;
    auto models = std::make_unique<TenantReadModels>(options, log, subjects);
    const absl::Status started = models->Start();
    EXPECT_TRUE(started.ok()) << started;
    return models;
  }

  std::unique_ptr<Snapshot> ReadAt(ReadModels* models, uint64_t position) {
    auto snapshot = models->Read(position, absl::Now() + absl::Seconds(60));
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *std::move(snapshot) : nullptr;
  }

  // Digests by subject at the head of the log.
  std::vector<std::string> Digests(ReadModels* models, eventstore::EventLog* log) {
    ReadAt(models, log->DurableHead(kTestTenant).position);
    std::vector<std::string> digests;
    for (const SubjectStatus& status : models->Status()) digests.push_back(status.subject + " " + status.digest);
    return digests;
  }

  uint64_t Generation(ReadModels* models) { return models->Status().front().generation; }

  std::string directory_;
  bool is_kept_ = true;
  int64_t interval_ms_ = 3'600'000;  // checkpoints only where a test asks for them
};

uint64_t AddDeal(eventstore::EventLog* log, int number) {
  return AppendCommit(log, {{absl::StrCat("deals/n", number), "deal { created { pipeline: 'p' stage: 'a' } }", number + 1}},
                      21'000 * kDayMicros + number);
}

TEST_F(ReadModelsTest, FollowsTheLogAndWaitsForAPosition) {
  is_kept_ = false;
  auto log = RandomLog(1, 20);
  auto models = Open(log.get());
  const uint64_t head = log->DurableHead(kTestTenant).position;
  {
    auto snapshot = ReadAt(models.get(), head);
    EXPECT_EQ(snapshot->position(), head);
    EXPECT_EQ(snapshot->generation(), 1u);
    EXPECT_EQ(snapshot->recorded_micros(), log->DurableHead(kTestTenant).recorded_micros);
    EXPECT_NE(snapshot->table("deal"), nullptr);
    EXPECT_EQ(snapshot->table("no_such_subject"), nullptr);
  }
  EXPECT_EQ(FindSubject("no_such_subject"), nullptr);

  const auto behind = models->Read(head + 1, absl::Now());
  EXPECT_EQ(domain::ReasonOf(behind.status()), v1::READ_MODEL_BEHIND);
  EXPECT_EQ(behind.status().code(), absl::StatusCode::kDeadlineExceeded);

  std::atomic<bool> has_read = false;
  std::thread reader([&] {
    auto snapshot = models->Read(head + 1, absl::InfiniteFuture());
    EXPECT_TRUE(snapshot.ok() && (*snapshot)->position() >= head + 1);
    has_read = true;
  });
  EXPECT_FALSE(has_read);
  AddDeal(log.get(), 1);
  reader.join();
  EXPECT_TRUE(has_read);
}

TEST_F(ReadModelsTest, LiveRebuiltRestartedAndCountedAtOnceAgree) {
  auto log = eventstore::NewMemoryEventLog();
  auto live = Open(log.get());
  RandomHistory history(11);
  for (int i = 0; i < 150; ++i) {
    const uint64_t position = AppendCommit(log.get(), history.Next(), history.now());
    ReadAt(live.get(), position);  // event by event
  }
  const std::vector<std::string> digests = Digests(live.get(), log.get());
  EXPECT_THAT(*live->Verify(), testing::IsEmpty());

  uint64_t last_progress = 0;
  ASSERT_TRUE(live->Rebuild([&](const RebuildState& state) { last_progress = state.position; }).ok());
  EXPECT_EQ(last_progress, log->DurableHead(kTestTenant).position);
  EXPECT_TRUE(live->LastRebuild().digests_agree);
  EXPECT_FALSE(live->LastRebuild().running);
  EXPECT_EQ(live->LastRebuild().digests.size(), AllSubjects().size());
  EXPECT_EQ(Generation(live.get()), 2u);
  EXPECT_EQ(Digests(live.get(), log.get()), digests);
  ASSERT_TRUE(live->Close().ok());
  live.reset();

  auto restarted = Open(log.get());
  EXPECT_EQ(Generation(restarted.get()), 2u);
  EXPECT_EQ(Digests(restarted.get(), log.get()), digests);
  restarted.reset();

  is_kept_ = false;
  auto at_once = Open(log.get());
  EXPECT_EQ(Digests(at_once.get(), log.get()), digests);
}

// A log that says how much of it is read forward.
class CountingLog final : public eventstore::EventLog {
 public:
  explicit CountingLog(eventstore::EventLog* log) : log_(log) {}
  uint64_t subscribed_after = 0;

  absl::StatusOr<eventstore::Sequenced> Sequence(eventstore::Proposal proposal,
                                                 std::function<void(absl::Status)> durable) override {
    return log_->Sequence(std::move(proposal), std::move(durable));
  }
  void AfterPending(eventstore::TenantNumber tenant, std::function<void(absl::Status)> done) override {
    log_->AfterPending(tenant, std::move(done));
  }
  absl::StatusOr<uint64_t> SequencedRevision(eventstore::TenantNumber tenant, absl::string_view stream) override {
    return log_->SequencedRevision(tenant, stream);
  }
  absl::StatusOr<std::optional<std::string>> FindKey(eventstore::TenantNumber tenant, absl::string_view key) override {
    return log_->FindKey(tenant, key);
  }
  absl::StatusOr<std::optional<eventstore::RememberedRequest>> FindRequest(eventstore::TenantNumber tenant,
                                                                           absl::string_view actor,
                                                                           absl::string_view id) override {
    return log_->FindRequest(tenant, actor, id);
  }
  eventstore::Head SequencedHead(eventstore::TenantNumber tenant) override { return log_->SequencedHead(tenant); }
  eventstore::Head DurableHead(eventstore::TenantNumber tenant) override { return log_->DurableHead(tenant); }
  absl::Status ReadCommits(eventstore::TenantNumber tenant, uint64_t after, eventstore::Direction direction,
                           const eventstore::CommitVisitor& visit) override {
    return log_->ReadCommits(tenant, after, direction, visit);
  }
  absl::Status ReadStream(eventstore::TenantNumber tenant, absl::string_view stream, uint64_t after,
                          eventstore::Direction direction, const eventstore::StreamVisitor& visit) override {
    return log_->ReadStream(tenant, stream, after, direction, visit);
  }
  absl::Status ListStreams(eventstore::TenantNumber tenant, absl::string_view prefix,
                           const std::function<bool(absl::string_view)>& visit) override {
    return log_->ListStreams(tenant, prefix, visit);
  }
  absl::StatusOr<uint64_t> PositionAt(eventstore::TenantNumber tenant, int64_t recorded_micros) override {
    return log_->PositionAt(tenant, recorded_micros);
  }
  absl::StatusOr<uint64_t> CommitEnd(eventstore::TenantNumber tenant, uint64_t position) override {
    return log_->CommitEnd(tenant, position);
  }
  std::unique_ptr<eventstore::Subscription> Subscribe(eventstore::TenantNumber tenant, uint64_t after) override {
    subscribed_after = after;
    return log_->Subscribe(tenant, after);
  }
  absl::StatusOr<std::vector<std::string>> Verify(eventstore::TenantNumber tenant,
                                                  const std::function<void(uint64_t, uint64_t)>& progress) override {
    return log_->Verify(tenant, progress);
  }
  void Close() override { log_->Close(); }

 private:
  eventstore::EventLog* log_;
};

TEST_F(ReadModelsTest, ARestartFoldsOnlyTheTail) {
  auto log = RandomLog(12, 100);
  const uint64_t kept_at = log->DurableHead(kTestTenant).position;
  AppendCommit(log.get(), {{"rules/reasons", "rule { published { rule { content { reasons { reasons { id: 'price' } } } } } }",
                            0}}, 20'500 * kDayMicros);
  const uint64_t rule_at = log->DurableHead(kTestTenant).position;
  {
    auto models = Open(log.get());
    ReadAt(models.get(), rule_at);
    ASSERT_TRUE(models->Close().ok());
  }
  for (int i = 0; i < 10; ++i) AddDeal(log.get(), i);
  AppendCommit(log.get(), {{"deals/n1", "deal { stage_changed { stage: 'b' } }", 1}}, 21'001 * kDayMicros);  // late
  CountingLog counting(log.get());
  auto models = Open(&counting);
  EXPECT_GT(counting.subscribed_after, kept_at);
  EXPECT_EQ(counting.subscribed_after, rule_at);
  EXPECT_EQ(ReadAt(models.get(), 0)->rulebook().position(), rule_at);
  const std::vector<std::string> digests = Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
  models.reset();
  is_kept_ = false;
  auto fresh = Open(log.get());
  EXPECT_EQ(Digests(fresh.get(), log.get()), digests);
}

// Checkpoints all the time; the object is dropped without Close, as in a crash, at many places.
TEST_F(ReadModelsTest, ACrashAnywhereLeavesAWholeCheckpoint) {
  interval_ms_ = 0;
  auto log = eventstore::NewMemoryEventLog();
  RandomHistory history(13);
  for (int crash = 0; crash < 12; ++crash) {
    auto models = Open(log.get());
    for (int i = 0; i < 25; ++i) AppendCommit(log.get(), history.Next(), history.now());
    if (crash % 3 == 0) ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  }
  auto models = Open(log.get());
  const std::vector<std::string> digests = Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
  EXPECT_EQ(Generation(models.get()), 1u);
}

TEST_F(ReadModelsTest, ManyCheckpointsOfLargeTablesGiveTheSameRows) {
  interval_ms_ = 0;
  auto log = eventstore::NewMemoryEventLog();
  auto models = Open(log.get());
  for (int i = 0; i < 5000; ++i) AddDeal(log.get(), i);
  for (int i = 0; i < 5000; i += 7) {
    AppendCommit(log.get(), {{absl::StrCat("deals/n", i), "deal { stage_changed { stage: 'b' } }", 20'000 * kDayMicros + i}},
                 22'000 * kDayMicros);
  }
  const std::vector<std::string> digests = Digests(models.get(), log.get());
  ASSERT_TRUE(models->Close().ok());
  models.reset();
  CountingLog counting(log.get());
  models = Open(&counting);
  EXPECT_EQ(counting.subscribed_after, log->DurableHead(kTestTenant).position);
  EXPECT_EQ(Digests(models.get(), log.get()), digests);
}

TEST_F(ReadModelsTest, RebuildsWhileCommitsGoOn) {
  auto log = RandomLog(14, 200);
  auto models = Open(log.get());
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int i = 0; i < 20'000 && !is_done; ++i) AddDeal(log.get(), i);
  });
  std::thread reader([&] {
    while (!is_done) {
      auto snapshot = models->Read(0, absl::InfiniteFuture());
      ASSERT_TRUE(snapshot.ok());
      const IntervalTable* table = (*snapshot)->table("deal");
      EXPECT_EQ(table->digest(), table->DigestAt((*snapshot)->position()));
    }
  });
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
    EXPECT_TRUE(models->LastRebuild().digests_agree);
  }
  is_done = true;
  writer.join();
  reader.join();
  EXPECT_EQ(Generation(models.get()), 4u);
  Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
}

TEST_F(ReadModelsTest, OneRebuildAtATimeAlsoWhilePaused) {
  is_kept_ = false;
  auto log = RandomLog(15, 50);
  auto models = Open(log.get());
  const uint64_t head = log->DurableHead(kTestTenant).position;
  ReadAt(models.get(), head);
  models->Pause(true);
  AddDeal(log.get(), 1);
  EXPECT_FALSE(models->Read(head + 1, absl::Now()).ok());
  absl::Status second;
  ASSERT_TRUE(models->Rebuild([&](const RebuildState&) {
                      if (second.ok()) second = models->Rebuild([](const RebuildState&) {});
                    }).ok());
  EXPECT_EQ(domain::ReasonOf(second), v1::REBUILD_RUNNING);
  EXPECT_EQ(models->LastRebuild().position, head);
  EXPECT_FALSE(models->Read(head + 1, absl::Now()).ok());
  models->Pause(false);
  ReadAt(models.get(), head + 1);
}

TEST_F(ReadModelsTest, ClosingEndsARebuild) {
  auto log = RandomLog(16, 100);
  auto models = Open(log.get());
  ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  std::atomic<bool> has_begun = false;
  absl::Status result;
  std::thread rebuild([&] { result = models->Rebuild([&](const RebuildState&) { has_begun = true; }); });
  while (!has_begun) std::this_thread::yield();
  EXPECT_TRUE(models->Close().ok());
  rebuild.join();
  EXPECT_TRUE(result.ok() || absl::IsAborted(result)) << result;
  models.reset();
  models = Open(log.get());
  Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
}

TEST_F(ReadModelsTest, ACheckpointAheadOfTheLogOrOfAnotherLogIsCountedAgain) {
  auto log = RandomLog(17, 60);
  {
    auto models = Open(log.get());
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    ASSERT_TRUE(models->Close().ok());
  }
  auto shorter = RandomLog(17, 30);
  {
    testing::internal::CaptureStderr();
    auto models = Open(shorter.get());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("ahead of the log"));
    EXPECT_EQ(Generation(models.get()), 2u);
    Digests(models.get(), shorter.get());
    EXPECT_THAT(*models->Verify(), testing::IsEmpty());
    ASSERT_TRUE(models->Close().ok());
  }
  auto other = RandomLog(18, 200);
  testing::internal::CaptureStderr();
  auto models = Open(other.get());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("this log does not have"));
  EXPECT_EQ(Generation(models.get()), 3u);
  Digests(models.get(), other.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
}

// Wrong on purpose: counts in a state that outlives the fold.
class CanaryFold : public Fold {
 public:
  void Apply(const FoldEvent&) override { ++applied; }
  void Emit(RowSink& sink) const override { sink.Put(0, {applied}); }
  static inline int64_t applied = 0;
};

TEST_F(ReadModelsTest, VerifyAndRebuildCatchAFoldThatIsWrongOnPurpose) {
  is_kept_ = false;
  const std::vector<Subject> subjects = {{"canary", "deals", "", {{"applied", ColumnKind::kInteger, "", ""}}, {},
                                          [](FactColumns*) -> std::unique_ptr<Fold> { return std::make_unique<CanaryFold>(); }}};
  auto log = RandomLog(19, 30);
  auto models = Open(log.get(), subjects);
  ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  EXPECT_THAT(*models->Verify(), testing::ElementsAre(testing::HasSubstr("subject canary")));
  testing::internal::CaptureStderr();
  ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("differ"));
  EXPECT_FALSE(models->LastRebuild().digests_agree);
}

TEST_F(ReadModelsTest, TablesOfOtherFoldsAreCountedAgain) {
  auto log = RandomLog(20, 30);
  std::vector<Subject> fewer(AllSubjects().begin(), AllSubjects().end() - 1);
  {
    auto models = Open(log.get(), fewer);
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    ASSERT_TRUE(models->Close().ok());
  }
  testing::internal::CaptureStderr();
  auto models = Open(log.get());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("made by other folds"));
  Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
}

// Flips one byte in the middle of the largest kept file.
TEST_F(ReadModelsTest, DamagedTablesAreCountedAgain) {
  auto log = RandomLog(21, 300);
  {
    auto models = Open(log.get());
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    ASSERT_TRUE(models->Close().ok());
  }
  std::filesystem::path largest;
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    if (file.path().extension() != ".sst") continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) largest = file.path();
  }
  ASSERT_FALSE(largest.empty());
  {
    std::fstream bytes(largest, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2);
    bytes.seekg(middle);
    const char byte = static_cast<char>(bytes.get());
    bytes.seekp(middle);
    bytes.put(static_cast<char>(byte ^ 0x55));
  }
  testing::internal::CaptureStderr();
  auto models = Open(log.get());
  const std::string said = testing::internal::GetCapturedStderr();
  Digests(models.get(), log.get());
  EXPECT_THAT(*models->Verify(), testing::IsEmpty());
  EXPECT_THAT(said, testing::HasSubstr("discarded"));
}

}  // namespace
}  // namespace recount::projections
