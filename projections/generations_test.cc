// Generations in the store: the live one's checkpoints and a rebuild's candidate never touch each other, in whatever order they
// are written and wherever a crash comes between.
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/read_models_fixture.h"

namespace recount::projections {
namespace {

namespace fs = std::filesystem;

// What is written to a store, one step after the other: "checkpoint 1", "beside 2", "live 2" and so on.
class Steps {
 public:
  // A step waits for another one.
  void Hold(const std::string& step, const std::string& until) { held_[step] = until; }
  // A step fails until another one was tried, and is done or not.
  void Fail(const std::string& step, bool is_done, const std::string& until) { failing_[step] = {is_done, until}; }
  // Called before and after each step, while nobody writes.
  std::function<void(const std::string&)> look = [](const std::string&) {};

  absl::Status Do(const std::string& step, const std::function<absl::Status()>& write) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto held = held_.find(step);
    if (held != held_.end()) changed_.wait(lock, [&] { return tried_.count(held->second) > 0; });
    look("before " + step);
    const auto failing = failing_.find(step);
    const bool fails = failing != failing_.end() && tried_.count(failing->second.until) == 0;
    absl::Status written = fails ? absl::UnavailableError("failed on purpose") : absl::OkStatus();
    if (!fails || failing->second.is_done) written.Update(write());
    look("after " + step);
    tried_.insert(step);
    changed_.notify_all();
    return written;
  }

 private:
  struct Failure {
    bool is_done;
    std::string until;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> held_;
  std::map<std::string, Failure> failing_;
  std::set<std::string> tried_;
};

class SteppedStore final : public ModelStore {
 public:
  SteppedStore(std::unique_ptr<ModelStore> store, Steps* steps) : store_(std::move(store)), steps_(steps) {}

  uint64_t LiveGeneration() override { return store_->LiveGeneration(); }
  absl::Status DropUnfinished() override { return store_->DropUnfinished(); }
  absl::StatusOr<std::unique_ptr<FactTables>> Load(const std::vector<Subject>& subjects, ModelCursor* cursor) override {
    return store_->Load(subjects, cursor);
  }
  absl::Status Checkpoint(FactTables* tables, ModelCursor* cursor) override {
    return steps_->Do(absl::StrCat("checkpoint ", tables->generation), [&] { return store_->Checkpoint(tables, cursor); });
  }
  absl::Status WriteBeside(FactTables* tables, ModelCursor* cursor) override {
    return steps_->Do(absl::StrCat("beside ", tables->generation), [&] { return store_->WriteBeside(tables, cursor); });
  }
  absl::Status MakeLive(uint64_t generation) override {
    return steps_->Do(absl::StrCat("live ", generation), [&] { return store_->MakeLive(generation); });
  }
  absl::Status Flush() override { return store_->Flush(); }

 private:
  const std::unique_ptr<ModelStore> store_;
  Steps* const steps_;
};

class GenerationsTest : public ReadModelsTest {
 protected:
  GenerationsTest() { interval_ms_ = 0; }
  ~GenerationsTest() override {
    for (const auto& [moment, folder] : crashed_) fs::remove_all(folder);
  }

  std::unique_ptr<TenantReadModels> OpenInSteps(eventstore::EventLog* log, Steps* steps) {
    return Open(log, AllSubjects(),
                [steps](const std::string& directory,
                        eventstore::TenantNumber tenant) -> absl::StatusOr<std::unique_ptr<ModelStore>> {
                  auto store = ModelStore::Open(directory, tenant);
                  if (!store.ok()) return store.status();
                  return std::make_unique<SteppedStore>(*std::move(store), steps);
                });
  }

  // Keeps what a server that is killed at this moment leaves.
  void Crash(const std::string& moment) {
    std::string folder = absl::StrCat(directory_, "_crash_", crashed_.size());
    fs::remove_all(folder);
    fs::copy(directory_, folder, fs::copy_options::recursive);
    crashed_.emplace_back(moment, std::move(folder));
  }

  // Starts on a folder of read models: what is kept there is whole, or not there. Ends in order.
  void StartsWhole(std::string folder, eventstore::EventLog* log, const std::vector<std::string>& digests) {
    const std::string own = std::exchange(directory_, std::move(folder));
    testing::internal::CaptureStderr();
    {
      auto models = Open(log);
      EXPECT_EQ(Digests(models.get(), log), digests);
      EXPECT_TRUE(models->Close().ok());
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    directory_ = own;
  }
  // The same, and nothing is counted again.
  void StartsAtTheHead(const std::string& folder, eventstore::EventLog* log, const std::vector<std::string>& digests) {
    CountingLog counting(log);
    StartsWhole(folder, &counting, digests);
    EXPECT_EQ(counting.subscribed_after, log->DurableHead(kTestTenant).position);
  }

  std::vector<std::pair<std::string, std::string>> crashed_;  // moment and folder
};

// The first checkpoint of the first generation and a rebuild at the same time.
class FirstCheckpointTest : public GenerationsTest, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(FirstCheckpointTest, AndARebuildDoNotTouchEachOther) {
  Steps steps;
  for (size_t i = 1; i < GetParam().size(); ++i) steps.Hold(GetParam()[i], GetParam()[i - 1]);
  steps.look = [this](const std::string& moment) { Crash(moment); };
  auto log = RandomLog(31, 80);
  auto models = OpenInSteps(log.get(), &steps);
  ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
  EXPECT_TRUE(models->LastRebuild().digests_agree);
  AddDeal(log.get(), 1);
  const std::vector<std::string> digests = Digests(models.get(), log.get());
  ASSERT_TRUE(models->Close().ok());
  models.reset();
  StartsAtTheHead(directory_, log.get(), digests);
  EXPECT_GE(crashed_.size(), 10u);
  for (const auto& [moment, folder] : crashed_) {
    SCOPED_TRACE(absl::StrCat("killed ", moment));
    StartsWhole(folder, log.get(), digests);
    StartsAtTheHead(folder, log.get(), digests);
  }
}

INSTANTIATE_TEST_SUITE_P(AnyOrder, FirstCheckpointTest,
                         testing::Values(std::vector<std::string>{"checkpoint 1", "live 1", "beside 2"},
                                         std::vector<std::string>{"checkpoint 1", "beside 2", "live 1"},
                                         std::vector<std::string>{"beside 2", "checkpoint 1", "live 1"}));

// Killed before its first checkpoint is live, a server may come less far the next time.
TEST_F(GenerationsTest, AFirstCheckpointThatIsNotLiveIsForgotten) {
  Steps steps;
  steps.look = [this](const std::string& moment) {
    if (moment == "before live 1") Crash(moment);
  };
  auto log = eventstore::NewMemoryEventLog(), shorter = eventstore::NewMemoryEventLog();
  for (int i = 0; i < 20; ++i) AddDeal(log.get(), i), AddDeal(shorter.get(), i);
  AppendCommit(log.get(), {{"deals/n1", "deal { stage_changed { stage: 'b' } }", 1000}}, 22'000 * kDayMicros);
  {
    auto models = OpenInSteps(log.get(), &steps);
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    ASSERT_TRUE(models->Close().ok());
  }
  ASSERT_EQ(crashed_.size(), 1u);
  is_kept_ = false;
  const std::vector<std::string> digests = Digests(Open(shorter.get()).get(), shorter.get());
  is_kept_ = true;
  StartsWhole(crashed_[0].second, shorter.get(), digests);
  StartsAtTheHead(crashed_[0].second, shorter.get(), digests);
}

TEST_F(GenerationsTest, ARebuildThatFailsLeavesNothingToTheNextOne) {
  for (const bool is_done : {false, true}) {
    fs::remove_all(directory_);
    Steps steps;
    steps.Fail("beside 2", is_done, "beside 2");
    auto log = RandomLog(33, 60);
    auto models = OpenInSteps(log.get(), &steps);
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    EXPECT_FALSE(models->Rebuild([](const RebuildState&) {}).ok());
    AddDeal(log.get(), 1);
    ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
    EXPECT_EQ(Generation(models.get()), 3u);
    const std::vector<std::string> digests = Digests(models.get(), log.get());
    ASSERT_TRUE(models->Close().ok());
    models.reset();
    StartsAtTheHead(directory_, log.get(), digests);
  }
}

// After an error a generation may be live or not.
TEST_F(GenerationsTest, AFailedSwapLeavesTheLiveGenerationWhole) {
  for (const bool is_kept_live : {true, false}) {
    for (const bool is_done : {false, true}) {
      fs::remove_all(directory_);
      Steps steps;
      if (!is_kept_live) steps.Fail("live 1", false, "live 2");
      steps.Fail("live 2", is_done, "live 2");
      steps.Hold("checkpoint 1", "beside 2");
      auto log = RandomLog(34, 60);
      auto models = OpenInSteps(log.get(), &steps);
      ReadAt(models.get(), log->DurableHead(kTestTenant).position);
      testing::internal::CaptureStderr();
      EXPECT_FALSE(models->Rebuild([](const RebuildState&) {}).ok());
      AddDeal(log.get(), 1);
      const std::vector<std::string> digests = Digests(models.get(), log.get());
      ASSERT_TRUE(models->Close().ok());
      models.reset();
      testing::internal::GetCapturedStderr();
      StartsAtTheHead(directory_, log.get(), digests);
    }
  }
}

// The server ends when a rebuild is written and not swapped in yet.
TEST_F(GenerationsTest, ACandidateThatIsNotSwappedInIsForgotten) {
  for (const char* held : {"checkpoint 1", "live 1"}) {
    fs::remove_all(directory_);
    Steps steps;
    steps.Hold(held, "beside 2");
    auto log = RandomLog(35, 60);
    std::unique_ptr<TenantReadModels> models;
    steps.look = [&](const std::string& moment) {
      if (moment == "after beside 2") models->EndLongWork();
    };
    models = OpenInSteps(log.get(), &steps);
    ReadAt(models.get(), log->DurableHead(kTestTenant).position);
    EXPECT_FALSE(models->Rebuild([](const RebuildState&) {}).ok());
    const std::vector<std::string> digests = Digests(models.get(), log.get());
    ASSERT_TRUE(models->Close().ok());
    models.reset();
    StartsAtTheHead(directory_, log.get(), digests);
  }
}

}  // namespace
}  // namespace recount::projections
