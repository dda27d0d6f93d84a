#include "projections/read_models.h"

#include <atomic>
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

}  // namespace
}  // namespace recount::projections
