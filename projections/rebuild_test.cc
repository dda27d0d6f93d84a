// Rebuilds beside the live generation, and what they find.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/read_models_fixture.h"

namespace recount::projections {
namespace {

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

// Asks something each time that it is given an event.
class AskingFold : public Fold {
 public:
  void Apply(const FoldEvent&) override { ask(); }
  void Emit(RowSink&) const override {}
  static inline std::function<void()> ask;
};

TEST_F(ReadModelsTest, ARebuildTellsHowLongItTakes) {
  is_kept_ = false;
  AskingFold::ask = [] {};
  const std::vector<Subject> subjects = {
      {"asking", "deals", "", {}, {}, [](FactColumns*) -> std::unique_ptr<Fold> { return std::make_unique<AskingFold>(); }}};
  auto log = RandomLog(17, 1000);
  auto models = Open(log.get(), subjects);
  ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  std::vector<RebuildState> states;
  AskingFold::ask = [&] { states.push_back(models->LastRebuild()); };
  ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
  AskingFold::ask = [] {};
  ASSERT_FALSE(states.empty());
  EXPECT_EQ(states.front().left, absl::ZeroDuration());  // nothing is known
  EXPECT_GT(states.back().left, absl::ZeroDuration());
  EXPECT_GT(states.back().elapsed, states.front().elapsed);
  EXPECT_EQ(models->LastRebuild().left, absl::ZeroDuration());
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

TEST_F(ReadModelsTest, LongWorkEndsWhileReadersGoOn) {
  auto log = RandomLog(16, 100);
  auto models = Open(log.get());
  const uint64_t head = log->DurableHead(kTestTenant).position;
  ReadAt(models.get(), head);
  models->EndLongWork();
  EXPECT_TRUE(absl::IsAborted(models->Rebuild([](const RebuildState&) {})));
  EXPECT_TRUE(absl::IsCancelled(models->Verify().status()));
  ReadAt(models.get(), head);
}

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

}  // namespace
}  // namespace recount::projections
