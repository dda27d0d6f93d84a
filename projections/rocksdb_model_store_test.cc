#include "projections/rocksdb_model_store.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/read_models_fixture.h"

namespace recount::projections {
namespace {

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
