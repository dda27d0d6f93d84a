// What the embedded log does beyond the contract: restarts, its folder, failures of the disk, damage found by Verify().
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log_testing.h"
#include "eventstore/rocksdb_log_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Proposal FullProposal(int i) {
  Proposal proposal = MakeProposal(1, {absl::StrCat("deals/", i % 3), "deals/all"}, 100 * i);
  proposal.record.set_actor("users/ann");
  proposal.record.set_request_id(absl::StrCat("r", i));
  proposal.record.set_answer_name(absl::StrCat("deals/", i % 3));
  return WithClaim(std::move(proposal), absl::StrCat("k", i), absl::StrCat("deals/", i % 3));
}

void ExpectFull(EventLog& log, int commits) {
  EXPECT_EQ(log.DurableHead(1).position, 2u * commits);
  EXPECT_EQ(log.SequencedHead(1).hash, log.DurableHead(1).hash);
  EXPECT_EQ(log.SequencedHead(1).recorded_micros, 100 * (commits - 1));
  EXPECT_EQ(*log.SequencedRevision(1, "deals/all"), static_cast<uint64_t>(commits));
  EXPECT_EQ(StreamPositions(log, 1, "deals/all").size(), static_cast<size_t>(commits));
  for (int i = 0; i < commits; ++i) {
    EXPECT_EQ(*log.FindKey(1, absl::StrCat("k", i)), absl::StrCat("deals/", i % 3));
    auto request = *log.FindRequest(1, "users/ann", absl::StrCat("r", i));
    ASSERT_TRUE(request.has_value()) << i;
    EXPECT_EQ(request->last_position, 2u * i + 2);
    EXPECT_EQ(request->recorded_micros, 100 * i);
  }
  EXPECT_THAT(*log.Verify(1, nullptr), IsEmpty());
}

TEST(RocksdbEventLogTest, ReopenSeesEverything) {
  LogFolder folder;
  for (int round = 0; round < 3; ++round) {
    auto log = *folder.Open();
    if (round > 0) ExpectFull(*log, 10 * round);
    for (int i = 10 * round; i < 10 * round + 10; ++i) ASSERT_TRUE(AppendNow(*log, FullProposal(i)).ok());
    ASSERT_TRUE(AppendNow(*log, 2, {"deals/x"}).ok());
    EXPECT_EQ(log->DurableHead(2).position, round + 1u);
  }
}

TEST(RocksdbEventLogTest, ACopyAsAfterAKillHasEverythingAcknowledged) {
  LogFolder folder;
  LogFolder copy;
  auto log = *folder.Open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendNow(*log, FullProposal(i)).ok());
  folder.CopyTo(copy);
  ExpectFull(**copy.Open(), 10);
}

TEST(RocksdbEventLogTest, TheIndexIsMadeAgainFromTheLog) {
  LogFolder folder;
  auto log = *folder.Open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendNow(*log, FullProposal(i)).ok());
  log.reset();
  std::filesystem::remove_all(folder.data + "/index");
  ExpectFull(**folder.Open(), 10);
  // Damaged instead of missing.
  for (const auto& entry : std::filesystem::directory_iterator(folder.data + "/index")) {
    if (entry.is_regular_file()) std::ofstream(entry.path()) << "x";
  }
  ExpectFull(**folder.Open(), 10);
}

TEST(RocksdbEventLogTest, AnIndexOfAnotherLogIsMadeAgain) {
  LogFolder folder;
  LogFolder other;
  {
    auto log = *folder.Open();
    auto other_log = *other.Open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendNow(*log, FullProposal(i)).ok());
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(AppendNow(*other_log, 1, {"foreign", "foreign"}).ok());
  }
  std::filesystem::remove_all(folder.data + "/index");
  std::filesystem::copy(other.data + "/index", folder.data + "/index");
  auto log = *folder.Open();
  ExpectFull(*log, 10);
  EXPECT_EQ(*log->SequencedRevision(1, "foreign"), 0u);
}

TEST(RocksdbEventLogTest, OneProcessHasTheFolder) {
  LogFolder folder;
  auto log = *folder.Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open().status()));
  log.reset();
  EXPECT_TRUE(folder.Open().ok());
}

TEST(RocksdbEventLogTest, ANewerFormatIsRefusedWithASentence) {
  LogFolder folder;
  (void)*folder.Open();
  std::ofstream(folder.data + "/FORMAT") << "recount event log\nformat 3\nsomething new\n";
  absl::Status status = folder.Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Use a newer version of the program"));
}

TEST(RocksdbEventLogTest, AMissingFormatOrMarkBesideALogIsRefused) {
  LogFolder folder;
  ASSERT_TRUE(AppendNow(**folder.Open(), 1, {"a"}).ok());
  std::filesystem::rename(folder.data + "/FORMAT", folder.root + "/FORMAT");
  EXPECT_TRUE(absl::IsDataLoss(folder.Open().status()));
  std::filesystem::rename(folder.root + "/FORMAT", folder.data + "/FORMAT");
  std::filesystem::rename(folder.data + "/HWM", folder.root + "/HWM");
  EXPECT_TRUE(absl::IsDataLoss(folder.Open().status()));
  std::filesystem::rename(folder.root + "/HWM", folder.data + "/HWM");
  EXPECT_TRUE(folder.Open().ok());
}

TEST(RocksdbEventLogTest, AFullDiskRefusesCommitsAndGoesOnReading) {
  LogFolder folder;
  ASSERT_TRUE(AppendNow(**folder.Open(), 1, {"a"}).ok());
  RocksdbLogOptions options = folder.Options();
  options.free_space_reserve_bytes = UINT64_MAX;
  auto log = *OpenRocksdbEventLog(options);
  absl::Status status = AppendNow(*log, 1, {"a"}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), StartsWith("DISK_FULL: "));
  EXPECT_TRUE(absl::IsResourceExhausted(log->CheckOpen()));
  EXPECT_THAT(ReadAll(*log, 1), SizeIs(1));
}

TEST(RocksdbEventLogTest, AnIndexThatCannotBeWrittenStopsTheLogAndNobodyWaitsForIt) {
  LogFolder folder;
  RocksdbLogOptions options = folder.Options();
  options.index_memory_bytes = 0;  // every commit is a tail of its own
  ASSERT_TRUE(AppendNow(**OpenRocksdbEventLog(options), 1, {"a"}).ok());
  const std::string index = folder.data + "/index";
  const std::string in_the_way = index + "/tail.next";
  std::filesystem::copy(index, folder.root + "/old-index");
  {
    auto log = *OpenRocksdbEventLog(options);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendNow(*log, 1, {"a"}).ok());
    std::filesystem::remove(in_the_way);
    std::filesystem::create_directory(in_the_way);
    absl::Status status;
    while (status.ok()) status = log->Sequence(MakeProposal(1, {"a"}), [](absl::Status) {}).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  }
  // Nor at the start, when it is to catch up.
  std::filesystem::remove_all(index);
  std::filesystem::rename(folder.root + "/old-index", index);
  std::filesystem::create_directory(in_the_way);
  EXPECT_TRUE(absl::IsUnavailable(OpenRocksdbEventLog(options).status()));
  std::filesystem::remove(in_the_way);
  auto log = OpenRocksdbEventLog(options);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_TRUE(AppendNow(**log, 1, {"a"}).ok());
}

TEST(RocksdbEventLogTest, BeforeSyncComesBeforeEveryAcknowledgement) {
  LogFolder folder;
  std::atomic<int> flushes{0};
  RocksdbLogOptions options = folder.Options();
  options.before_sync = [&] {
    ++flushes;
    return absl::OkStatus();
  };
  auto log = *OpenRocksdbEventLog(options);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(AppendNow(*log, 1, {"a"}).ok());
    EXPECT_EQ(flushes, i + 1);
  }
}

// A failed write stops the log for good; what waited is unknown, and a restart tells.
TEST(RocksdbEventLogTest, AFailedWriteStopsTheLog) {
  LogFolder folder;
  std::mutex gate;  // holds the committer, so that several commits wait
  std::atomic<bool> fail{false};
  RocksdbLogOptions options = folder.Options();
  options.before_sync = [&] {
    std::lock_guard lock(gate);
    return fail ? absl::UnavailableError("the disk is gone") : absl::OkStatus();
  };
  auto log = *OpenRocksdbEventLog(options);
  ASSERT_TRUE(AppendNow(*log, 1, {"a"}).ok());
  std::vector<absl::Status> outcomes;
  fail = true;
  gate.lock();
  for (int i = 0; i < 5; ++i) {
    auto sequenced = log->Sequence(MakeProposal(1, {"a"}), [&](absl::Status status) { outcomes.push_back(status); });
    ASSERT_TRUE(sequenced.ok());
  }
  std::promise<absl::Status> after;
  log->AfterPending(1, [&](absl::Status status) { after.set_value(status); });
  gate.unlock();
  EXPECT_TRUE(absl::IsUnavailable(after.get_future().get()));
  fail = false;  // the disk is back, and the log does not go on all the same
  EXPECT_TRUE(absl::IsUnavailable(log->Sequence(MakeProposal(1, {"a"}), nullptr).status()));
  log->Close();
  ASSERT_THAT(outcomes, SizeIs(5));
  for (const absl::Status& outcome : outcomes) {
    EXPECT_TRUE(absl::IsUnavailable(outcome));
    EXPECT_THAT(std::string(outcome.message()), StartsWith("OUTCOME_UNKNOWN: "));
  }
  EXPECT_EQ(log->DurableHead(1).position, 1u);
  EXPECT_THAT(ReadAll(*log, 1), SizeIs(1));
  log.reset();
  log = *folder.Open();
  EXPECT_EQ(log->SequencedHead(1).position, 1u);
  EXPECT_EQ(*log->SequencedRevision(1, "a"), 1u);
  EXPECT_TRUE(AppendNow(*log, 1, {"a"}).ok());
}

// ---- Damage inside the database, made through RocksDB itself. ----

class TamperedLogTest : public testing::Test {
 protected:
  using Edit = std::function<void(storage::v1::CommitRecord*)>;

  TamperedLogTest() {
    auto log = *folder_.Open();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(AppendNow(*log, FullProposal(i)).ok());
  }

  RawLog OpenRaw() const { return RawLog(folder_); }

  // Changes the stored commit that begins at a position, and its hash to fit if `rehash`.
  void Change(uint64_t first_position, const Edit& edit, bool rehash) {
    auto db = OpenRaw();
    std::string stored;
    ASSERT_TRUE(db->Get({}, LogKey(1, first_position), &stored).ok());
    storage::v1::CommitRecord record;
    ASSERT_TRUE(record.ParseFromString(stored.substr(32)));
    edit(&record);
    std::string hash = stored.substr(0, 32);
    const std::string bytes = record.SerializeAsString();
    if (rehash) {
      std::string before;
      ASSERT_TRUE(db->Get({}, LogKey(1, first_position - 2), &before).ok());
      const ChainHash fresh = NextHash(SplitStoredCommit(1, 1, before)->hash, bytes);
      hash.assign(fresh.begin(), fresh.end());
    }
    ASSERT_TRUE(db->Put({}, LogKey(1, first_position), hash + bytes).ok());
  }

  LogFolder folder_;
};

TEST_F(TamperedLogTest, AChangedCommitIsFoundAndNotRead) {
  Change(9, [](storage::v1::CommitRecord* record) { record->set_actor("users/eve"); }, /*rehash=*/false);
  auto log = *folder_.Open();
  EXPECT_THAT(*log->Verify(1, nullptr), ElementsAre(HasSubstr("position 9")));
  int visits = 0;
  absl::Status status = log->ReadCommits(1, 0, Direction::kForward, [&](const StoredCommit&) { return ++visits > 0; });
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("position 9"));
  EXPECT_EQ(visits, 4);
  status = log->ReadStream(1, "deals/all", 4, Direction::kForward, [&](const StreamEvent&) { return true; });
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_TRUE(log->ReadCommits(1, 10, Direction::kForward, [](const StoredCommit&) { return true; }).ok())
      << "the rest is still to be had";
}

TEST_F(TamperedLogTest, AChangedCommitWithAFittingHashBreaksTheChain) {
  Change(9, [](storage::v1::CommitRecord* record) { record->set_actor("users/eve"); }, /*rehash=*/true);
  EXPECT_THAT(*(*folder_.Open())->Verify(1, nullptr), ElementsAre(HasSubstr("position 11")));
}

TEST_F(TamperedLogTest, AWrongRevisionOrTimeIsFound) {
  Change(9, [](storage::v1::CommitRecord* record) { record->mutable_events(1)->set_revision(7); }, /*rehash=*/true);
  Change(13, [](storage::v1::CommitRecord* record) { record->set_recorded_micros(5); }, /*rehash=*/true);
  const auto findings = *(*folder_.Open())->Verify(1, nullptr);
  EXPECT_THAT(findings, Contains(HasSubstr("deals/all goes from revision 4 to 7")));
  EXPECT_THAT(findings, Contains(HasSubstr("position 13: the recorded time is before")));
}

TEST_F(TamperedLogTest, AMissingCommitIsFound) {
  ASSERT_TRUE(OpenRaw()->Delete({}, LogKey(1, 9)).ok());
  auto log = *folder_.Open();
  EXPECT_THAT(*log->Verify(1, nullptr), Contains(HasSubstr("after position 8 comes a commit at position 11")));
  EXPECT_TRUE(absl::IsDataLoss(log->ReadCommits(1, 0, Direction::kForward, [](const StoredCommit&) { return true; })));
  EXPECT_TRUE(absl::IsDataLoss(log->CommitEnd(1, 9).status()));
}

TEST_F(TamperedLogTest, ADroppedCommitIsRefusedAtTheStart) {
  {
    RawLog raw = OpenRaw();
    ASSERT_TRUE(raw->Delete({}, LogKey(1, 9)).ok());
    raw.Compact();
  }
  absl::Status status = folder_.Open().status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("commits out of 11"));
}

TEST_F(TamperedLogTest, AnotherLogUnderTheMarkIsRefused) {
  LogFolder other;
  {
    auto log = *other.Open();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(AppendNow(*log, FullProposal(i + 1)).ok());
  }
  std::filesystem::remove_all(folder_.data + "/log");
  std::filesystem::copy(other.data + "/log", folder_.data + "/log");
  absl::Status status = folder_.Open().status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not the one that was acknowledged"));
}

TEST_F(TamperedLogTest, AFlippedBitInATableIsNeverReadAsData) {
  ASSERT_TRUE(OpenRaw()->Flush({}).ok());
  std::filesystem::path table;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.data + "/log")) {
    if (entry.path().extension() == ".sst") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(40);
  const char old = static_cast<char>(file.get());
  file.seekp(40);
  file.put(static_cast<char>(old ^ 4));
  file.close();
  auto log = folder_.Open();
  if (!log.ok()) {
    EXPECT_TRUE(absl::IsDataLoss(log.status())) << log.status();
    return;
  }
  EXPECT_THAT(*(*log)->Verify(1, nullptr), Not(IsEmpty()));
  EXPECT_TRUE(absl::IsDataLoss((*log)->ReadCommits(1, 0, Direction::kForward, [](const StoredCommit&) { return true; })));
}

}  // namespace
}  // namespace recount::eventstore
