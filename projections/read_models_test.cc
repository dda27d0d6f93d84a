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

// Of what a question reads: the rows of a subject by record, with what is open at the snapshot's position.
std::vector<std::string> Seen(const Snapshot& snapshot, absl::string_view subject) {
  std::vector<std::string> rows = RowsAsText(*snapshot.table(subject), snapshot.position());
  for (const int64_t record : snapshot.table(subject)->record()) {
    const absl::string_view name = snapshot.dictionary().Text(record);
    EXPECT_EQ(snapshot.dictionary().Find(name), record);
    for (const uint32_t row : snapshot.table(subject)->RowsOf(record)) rows.push_back(absl::StrCat(name, " in ", row));
  }
  return rows;
}

TEST_F(ReadModelsTest, ASlowReaderHoldsUpNobody) {
  is_kept_ = false;
  auto log = RandomLog(1, 20);
  auto models = Open(log.get());
  auto slow = ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  const std::vector<std::string> before = Seen(*slow, "deal");
  // The slow reader still stands in its tables: a commit is applied, and others see it.
  const uint64_t position = AddDeal(log.get(), 1);
  EXPECT_EQ(ReadAt(models.get(), position)->position(), position);
  EXPECT_EQ(Seen(*slow, "deal"), before);
  EXPECT_EQ(slow->dictionary().Find("deals/n1"), kNull);
  // Nor does it hold up a rebuild, which takes the tables away that it reads.
  ASSERT_TRUE(models->Rebuild([](const RebuildState&) {}).ok());
  EXPECT_EQ(Generation(models.get()), 2u);
  ASSERT_TRUE(models->Close().ok());
  models.reset();
  EXPECT_EQ(Seen(*slow, "deal"), before);
}

// Readers read while the projector writes: with a sanitizer of threads this is a proof, without one an attempt.
TEST_F(ReadModelsTest, ReadersSeeTheirPositionWhileTheTablesGrow) {
  is_kept_ = false;
  auto log = eventstore::NewMemoryEventLog();
  auto models = Open(log.get());
  std::atomic<bool> ended = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      do {
        auto snapshot = ReadAt(models.get(), 0);
        for (const char* subject : {"deal", "deal_state", "stage_visit"}) {
          const std::vector<std::string> first = Seen(*snapshot, subject);
          EXPECT_EQ(Seen(*snapshot, subject), first);
          const IntervalTable& table = *snapshot->table(subject);
          EXPECT_EQ(table.DigestAt(snapshot->position()), table.digest());
        }
      } while (!ended);
    });
  }
  RandomHistory history(5);
  for (int i = 0; i < 200; ++i) AppendCommit(log.get(), history.Next(), history.now());
  ReadAt(models.get(), log->DurableHead(kTestTenant).position);
  ended = true;
  for (std::thread& reader : readers) reader.join();
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
