// Packing: readers notice nothing, and what is lost or damaged in packs is found as it is in single commits.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/log_pack.h"
#include "eventstore/rocksdb_log_start.h"
#include "eventstore/rocksdb_log_testing.h"
#include "eventstore/rocksdb_record_cursor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/convenience.h"
#include "rocksdb/sst_file_writer.h"

namespace recount::eventstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kCommits = 40;

// Commits of 1 to 4 events on few streams, in two tenants.
void Fill(EventLog& log, int commits = kCommits) {
  for (int i = 0; i < commits; ++i) {
    std::vector<std::string> streams;
    for (int k = 0; k <= i % 4; ++k) streams.push_back(absl::StrCat("deals/", (i + k) % 5));
    ASSERT_TRUE(AppendNow(log, 1, streams, 100 * i).ok());
    if (i % 10 == 0) {
      ASSERT_TRUE(AppendNow(log, 2, {"leads/a"}, i).ok());
    }
  }
}

// Every answer that a log gives, as text.
std::vector<std::string> Answers(EventLog& log) {
  std::vector<std::string> answers;
  const auto add = [&](auto&&... parts) { answers.push_back(absl::StrCat(parts...)); };
  for (TenantNumber tenant : {1, 2}) {
    const uint64_t head = log.DurableHead(tenant).position;
    add("head ", head);
    const auto visit = [&](const StoredCommit& commit) {
      add(commit.first_position, "-", commit.last_position, " ", commit.bytes,
          std::string(commit.hash.begin(), commit.hash.end()), commit.record.recorded_micros());
      return true;
    };
    for (uint64_t after = 0; after <= head + 1; ++after) {
      add("after ", after);
      EXPECT_TRUE(log.ReadCommits(tenant, after, Direction::kForward, visit).ok());
      EXPECT_TRUE(log.ReadCommits(tenant, after, Direction::kBackward, visit).ok());
      if (after <= head) add("end ", *log.CommitEnd(tenant, after));
    }
    for (int64_t micros = -1; micros < 100 * kCommits + 99; micros += 50) add("at ", *log.PositionAt(tenant, micros));
    for (const std::string& stream : StreamNames(log, tenant, "")) {
      for (Direction direction : {Direction::kForward, Direction::kBackward}) {
        for (uint64_t after : {0, 2, 7}) {
          add(stream, after);
          for (uint64_t position : StreamPositions(log, tenant, stream, after, direction)) add(position);
        }
      }
    }
    auto subscription = log.Subscribe(tenant, head / 3);
    for (uint64_t last = head / 3; last < head;) {
      auto commits = subscription->Next(3, 0);
      EXPECT_TRUE(commits.ok());
      for (const auto& commit : *commits) add("live ", last = commit->last_position);
    }
    EXPECT_THAT(*log.Verify(tenant, nullptr), IsEmpty());
  }
  return answers;
}

TEST(RocksdbLogPackingTest, ReadersNoticeNothing) {
  LogFolder folder;
  RocksdbLogOptions never = folder.Options();
  never.unpacked_events = kNeverPack;
  std::vector<std::string> before;
  {
    auto log = *OpenRocksdbEventLog(never);
    Fill(*log);
    ASSERT_TRUE(log->FinishUpkeep().ok());
    before = Answers(*log);
  }
  {
    RawLog raw(folder);
    EXPECT_THAT(raw.Keys(raw.packs(), 1), IsEmpty());
  }
  {
    auto log = *folder.OpenPacking();
    ASSERT_TRUE(log->FinishUpkeep().ok());
    EXPECT_EQ(Answers(*log), before) << "packed, and everything still in memory";
  }
  {
    RawLog raw(folder);
    EXPECT_THAT(raw.Keys(raw.packs(), 1), SizeIs(testing::Ge(9u)));
    EXPECT_THAT(raw.Keys(raw.singles(), 1), SizeIs(testing::Le(3u)));
    EXPECT_THAT(raw.Keys(raw.singles(), 2), SizeIs(4)) << "less than a pack";
  }
  EXPECT_EQ(Answers(**OpenRocksdbEventLog(never)), before) << "in tables, and by a log that packs no more";
  RawLog(folder).Compact();
  EXPECT_EQ(Answers(**folder.OpenPacking()), before) << "compacted";
}

// A pack may be made, beside a reader, of commits on both sides of what was durable when the reader began.
TEST(RocksdbLogPackingTest, AReaderSeesNothingBeyondItsEndInAPack) {
  LogFolder folder;
  {
    auto log = *folder.OpenPacking();
    Fill(*log);
    ASSERT_TRUE(log->FinishUpkeep().ok());
  }
  auto opened = OpenLogFolder(folder.Options().directory, rocksdb::NewLRUCache(1 << 20));
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (uint64_t end = 2; end <= 2 * kCommits; end += 2) {
    RecordCursor records(opened->database.get(), 1, end, CursorUse::kScan);
    uint64_t last = 0;
    for (absl::Status status = records.SeekToFirst(); records.is_valid(); status = records.Next()) {
      ASSERT_TRUE(status.ok()) << status;
      last = records.first_position();
      ASSERT_LE(last, end);
    }
    EXPECT_GT(last + 10, end) << "up to the last commit";
  }
}

TEST(RocksdbLogPackingTest, ALogMayBePackedToItsEnd) {
  LogFolder folder;
  RocksdbLogOptions options = folder.PackingOptions();
  options.events_a_pack = 1;
  Head head;
  {
    auto log = *OpenRocksdbEventLog(options);
    Fill(*log);
    ASSERT_TRUE(log->FinishUpkeep().ok());
    head = log->DurableHead(1);
  }
  {
    RawLog raw(folder);
    EXPECT_THAT(raw.Keys(raw.singles(), 1), IsEmpty());
    EXPECT_THAT(raw.Keys(raw.packs(), 1), SizeIs(kCommits));
  }
  auto log = *OpenRocksdbEventLog(options);
  EXPECT_EQ(log->SequencedHead(1).position, head.position);
  EXPECT_EQ(log->SequencedHead(1).hash, head.hash);
  EXPECT_EQ(log->SequencedHead(1).recorded_micros, head.recorded_micros);
  ASSERT_TRUE(AppendNow(*log, 1, {"deals/0"}).ok());
  EXPECT_THAT(*log->Verify(1, nullptr), IsEmpty());
}

TEST(RocksdbLogPackingTest, TheNewestEventsStaySingle) {
  LogFolder folder;
  uint64_t head;
  {
    auto log = *OpenRocksdbEventLog(folder.PackingOptions(30));
    Fill(*log);
    ASSERT_TRUE(log->FinishUpkeep().ok());
    head = log->DurableHead(1).position;
  }
  RawLog raw(folder);
  const uint64_t first_single = raw.Keys(raw.singles(), 1).front();
  EXPECT_LE(first_single, head - 30 + 1);
  EXPECT_GT(first_single, head - 30 - 8 - 3);
}

// What comes next is single when the reader starts, and packed when it gets there.
TEST(RocksdbLogPackingTest, AReaderGoesOnWhilePacksAreMade) {
  for (Direction direction : {Direction::kForward, Direction::kBackward}) {
    LogFolder folder;
    auto log = *OpenRocksdbEventLog(folder.PackingOptions(60));
    Fill(*log);
    ASSERT_TRUE(log->FinishUpkeep().ok());
    const auto before = FirstPositions(*log, 1, 0, direction);
    std::vector<uint64_t> read;
    absl::Status status = log->ReadCommits(1, 0, direction, [&](const StoredCommit& commit) {
      if (read.empty()) {
        Fill(*log);
        EXPECT_TRUE(log->FinishUpkeep().ok());
      }
      read.push_back(commit.first_position);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(read, before);
  }
}

TEST(RocksdbLogPackingTest, WithoutRoomOnTheDiskPackingWaits) {
  LogFolder folder;
  RocksdbLogOptions options = folder.PackingOptions();
  options.unpacked_events = kNeverPack;
  Fill(**OpenRocksdbEventLog(options));
  options.unpacked_events = 0;
  options.free_space_reserve_bytes = UINT64_MAX;
  auto log = *OpenRocksdbEventLog(options);
  EXPECT_TRUE(absl::IsResourceExhausted(log->FinishUpkeep()));
  EXPECT_THAT(ReadAll(*log, 1), SizeIs(kCommits));
}

// A log as the first version wrote it: half of it in a table, half in the WAL.
TEST(RocksdbLogPackingTest, ALogOfFormat1IsOpenedAndBroughtToThisFormat) {
  const char* source = std::getenv("RECOUNT_SOURCE");
  ASSERT_NE(source, nullptr) << "RECOUNT_SOURCE names the top of the repository";
  LogFolder folder;
  std::filesystem::copy(absl::StrCat(source, "/eventstore/testdata/log_format_1"), folder.data,
                        std::filesystem::copy_options::recursive);
  for (int round = 0; round < 2; ++round) {
    auto log = *folder.OpenPacking();
    const auto commits = ReadAll(*log, 1);
    ASSERT_THAT(commits, SizeIs(20));
    EXPECT_EQ(commits[7].record.events(0).stream(), "deals/1");
    EXPECT_EQ(commits[7].record.request_id(), "r7");
    EXPECT_EQ(*log->SequencedRevision(1, "deals/all"), 20u);
    EXPECT_EQ(*log->FindKey(1, "k19"), "deals/1");
    EXPECT_EQ(log->DurableHead(2).position, 2u);
    EXPECT_THAT(*log->Verify(1, nullptr), IsEmpty());
    ASSERT_TRUE(log->FinishUpkeep().ok());
  }
  std::ifstream format(folder.data + "/FORMAT");
  std::string title, version;
  std::getline(format, title);
  std::getline(format, version);
  EXPECT_EQ(version, "format 2");
}

// ---- Damage, made through RocksDB itself. ----

class DamagedPacksTest : public testing::Test {
 protected:
  DamagedPacksTest() {
    auto log = *folder_.OpenPacking();
    Fill(*log);
    EXPECT_TRUE(log->FinishUpkeep().ok());
    commits_ = ReadAll(*log, 1);
    log.reset();
    RawLog raw(folder_);
    packs_ = raw.Keys(raw.packs(), 1);
  }

  void ExpectRefused(const std::string& why) const {
    absl::Status status = folder_.OpenPacking().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_THAT(std::string(status.message()), HasSubstr("restore a backup"));
  }

  std::string PackAt(uint64_t first_position) const {
    std::string value;
    RawLog raw(folder_);
    EXPECT_TRUE(raw->Get({}, raw.packs(), LogKey(1, first_position), &value).ok());
    return value;
  }

  // Puts another value in the place of a pack, and keeps the count of writes as it was.
  void Replace(uint64_t first_position, const std::string& value) const {
    RawLog raw(folder_);
    raw.Compact();
    rocksdb::Options options = LogDatabaseOptions(nullptr);
    static_cast<rocksdb::ColumnFamilyOptions&>(options) = PackFamilyOptions(nullptr);
    const std::string table = folder_.root + "/table";
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
    ASSERT_TRUE(writer.Open(table).ok());
    std::unique_ptr<rocksdb::Iterator> it(raw->NewIterator({}, raw.packs()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ASSERT_TRUE(writer.Put(it->key(), it->key() == LogKey(1, first_position) ? value : it->value()).ok());
    }
    it.reset();
    ASSERT_TRUE(writer.Finish().ok());
    ASSERT_TRUE(rocksdb::DeleteFilesInRange(raw.operator->(), raw.packs(), nullptr, nullptr).ok());
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    ASSERT_TRUE(raw->IngestExternalFile(raw.packs(), {table}, ingest).ok());
  }

  // The pack with one commit changed, checksum and all.
  std::string Rebuilt(uint64_t first_position, size_t changed) const {
    const std::string bytes = PackAt(first_position);
    PackView pack;
    EXPECT_TRUE(pack.Open(1, first_position, bytes).ok());
    PackBuilder builder(pack.place());
    for (size_t i = 0; i < pack.commits(); ++i) {
      StoredCommit commit;
      commit.first_position = pack.FirstPositionOf(i);
      commit.last_position = i + 1 < pack.commits() ? pack.FirstPositionOf(i + 1) - 1 : pack.last_position();
      commit.hash = pack.PartsOf(i).hash;
      EXPECT_TRUE(commit.record.ParseFromArray(pack.PartsOf(i).record_bytes.data(), pack.PartsOf(i).record_bytes.size()));
      if (i == changed) commit.record.set_actor("users/eve");
      commit.bytes = commit.record.SerializeAsString();
      builder.Add(commit);
    }
    return builder.Finish();
  }

  LogFolder folder_;
  std::vector<StoredCommit> commits_;
  std::vector<uint64_t> packs_;  // their first positions
};

TEST_F(DamagedPacksTest, ADamagedPackIsFoundAndTheRestIsRead) {
  const uint64_t first = packs_[3];
  std::string bytes = PackAt(first);
  bytes[bytes.size() / 2] ^= 4;
  Replace(first, bytes);
  auto opened = folder_.OpenPacking();
  ASSERT_TRUE(opened.ok()) << opened.status();
  auto log = *std::move(opened);
  EXPECT_THAT(*log->Verify(1, nullptr), ElementsAre(HasSubstr(absl::StrCat("position ", first, ": the pack"))));
  std::vector<uint64_t> read;
  const auto visit = [&](const StoredCommit& commit) {
    read.push_back(commit.first_position);
    return true;
  };
  absl::Status status = log->ReadCommits(1, 0, Direction::kForward, visit);
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("tenant 1, position ", first)));
  EXPECT_THAT(std::string(status.message()), HasSubstr("does not fit its checksum"));
  EXPECT_LT(read.back(), first);
  read.clear();
  EXPECT_TRUE(absl::IsDataLoss(log->ReadCommits(1, 0, Direction::kBackward, visit)));
  EXPECT_EQ(read.back(), packs_[4]);
  EXPECT_TRUE(absl::IsDataLoss(log->CommitEnd(1, first + 1).status()));
  EXPECT_TRUE(log->ReadCommits(1, packs_[4] - 1, Direction::kForward, visit).ok()) << "the rest is still to be had";
}

TEST_F(DamagedPacksTest, AChangedCommitInAPackBreaksTheChain) {
  const uint64_t first = packs_[3];
  Replace(first, Rebuilt(first, 1));
  PackView pack;
  const std::string bytes = PackAt(first);
  ASSERT_TRUE(pack.Open(1, first, bytes).ok());
  const std::string place = absl::StrCat("tenant 1, position ", pack.FirstPositionOf(1), ":");
  auto log = *folder_.OpenPacking();
  EXPECT_THAT(*log->Verify(1, nullptr), ElementsAre(HasSubstr(place)));
  absl::Status status = log->ReadCommits(1, 0, Direction::kForward, [](const StoredCommit&) { return true; });
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(place));
  EXPECT_TRUE(absl::IsDataLoss(log->CommitEnd(1, pack.FirstPositionOf(1)).status()));
}

TEST_F(DamagedPacksTest, APackInAnothersPlaceIsFound) {
  Replace(packs_[3], PackAt(packs_[2]));
  auto log = *folder_.OpenPacking();
  EXPECT_THAT(*log->Verify(1, nullptr), ElementsAre(HasSubstr(absl::StrCat("belongs to tenant 1, position ", packs_[2]))));
}

TEST_F(DamagedPacksTest, ALostPackIsRefusedAtTheStart) {
  {
    RawLog raw(folder_);
    ASSERT_TRUE(raw->Delete({}, raw.packs(), LogKey(1, packs_[2])).ok());
  }
  ExpectRefused("packs of old commits out of");
  RawLog(folder_).Compact();
  ExpectRefused("packs of old commits out of");
}

TEST_F(DamagedPacksTest, TheLossOfTheNewestPacksIsRefusedAtTheStart) {
  {
    RawLog raw(folder_);
    ASSERT_TRUE(raw->Delete({}, raw.packs(), LogKey(1, packs_.back())).ok());
    raw.Compact();
  }
  ExpectRefused("commits out of");
}

TEST_F(DamagedPacksTest, TheLossOfAllPacksIsRefusedAtTheStart) {
  {
    RawLog raw(folder_);
    raw.Compact();
    ASSERT_TRUE(rocksdb::DeleteFilesInRange(raw.operator->(), raw.packs(), nullptr, nullptr).ok());
  }
  ExpectRefused("commits out of");
}

// As when a table is lost that held the deletion of an old commit and a new commit: the counts would fit.
TEST_F(DamagedPacksTest, ACommitBothPackedAndSingleIsRefusedAtTheStart) {
  const StoredCommit& commit = commits_[5];
  {
    RawLog raw(folder_);
    const std::string hash(commit.hash.begin(), commit.hash.end());
    ASSERT_TRUE(raw->Put({}, LogKey(1, commit.first_position), hash + commit.bytes).ok());
  }
  ExpectRefused(absl::StrCat("position ", commit.first_position, " is not there in its pack alone"));
}

TEST_F(DamagedPacksTest, ALostSingleCommitIsRefusedAtTheStart) {
  {
    RawLog raw(folder_);
    ASSERT_TRUE(raw->SingleDelete({}, LogKey(2, raw.Keys(raw.singles(), 2).back())).ok());
    raw.Compact();
  }
  ExpectRefused("commits out of");
}

}  // namespace
}  // namespace recount::eventstore
