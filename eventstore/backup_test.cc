// Backups: incremental, verified byte by byte, interrupted, restored whole and to a past position.
#include "eventstore/backup.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "eventstore/backup_folder.h"
#include "eventstore/event_log_testing.h"
#include "eventstore/restore.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

absl::Status NoProgress(uint64_t, uint64_t) { return absl::OkStatus(); }

class BackupTest : public testing::Test {
 protected:
  ~BackupTest() override { std::filesystem::remove_all(root_); }

  // `count` commits of tenant 1 with 1 to 3 events, each recorded a second later.
  void Append(EventLog& log, int count) {
    for (int i = 0; i < count; ++i, ++commits_) {
      std::vector<std::string> streams;
      for (int event = 0; event <= commits_ % 3; ++event) streams.push_back(absl::StrCat("deals/", (commits_ + event) % 7));
      ASSERT_TRUE(AppendNow(log, 1, streams, 1'000'000 * (commits_ + 1)).ok());
    }
  }
  void MakeTenant(EventLog& log, TenantNumber number) {
    ASSERT_TRUE(AppendNow(log, 0, {absl::StrCat("tenants/", number)}, 1'000'000).ok());
  }

  absl::StatusOr<storage::v1::BackupManifest> BackUp(EventLog& log, const std::vector<BackupSource>& tenants = {{1, "acme"}}) {
    BackupOptions options;
    options.folder = backup_;
    options.segment_bytes = 512;
    options.free_space_reserve_bytes = 1;
    options.now_micros = ++now_;
    return BackUpLog(log, tenants, options, NoProgress);
  }
  std::vector<std::string> Verify() {
    auto findings = VerifyBackup(backup_, NoProgress);
    EXPECT_TRUE(findings.ok()) << findings.status();
    return findings.ok() ? *findings : std::vector<std::string>{"it could not be read"};
  }
  RestoreOptions Into(const std::string& name) {
    RestoreOptions options;
    options.backup = backup_;
    options.directory = root_ + "/" + name;
    return options;
  }
  absl::Status Restore(const RestoreOptions& options) {
    auto plan = PlanRestore(options);
    return plan.ok() ? RestoreLog(options, *plan, NoProgress) : plan.status();
  }
  // The restored log holds the commits of `log` up to a position, byte for byte.
  void ExpectPrefix(EventLog& log, const RestoreOptions& restored, TenantNumber tenant, uint64_t position) {
    RocksdbLogOptions options;
    options.directory = restored.directory;
    auto copy = OpenRocksdbEventLog(options);
    ASSERT_TRUE(copy.ok()) << copy.status();
    EXPECT_EQ((*copy)->DurableHead(tenant).position, position);
    const std::vector<StoredCommit> expected = ReadAll(log, tenant);
    const std::vector<StoredCommit> found = ReadAll(**copy, tenant);
    ASSERT_LE(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].bytes, expected[i].bytes);
      EXPECT_EQ(found[i].hash, expected[i].hash);
    }
    auto findings = (*copy)->Verify(tenant, nullptr);
    ASSERT_TRUE(findings.ok()) << findings.status();
    EXPECT_THAT(*findings, IsEmpty());
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(backup_)) {
      if (entry.is_regular_file() && entry.path().filename() != "LOCK") files.push_back(entry.path().string());
    }
    return files;
  }

  const std::string root_ = MakeTemporaryDirectory();
  const std::string backup_ = root_ + "/backup";
  std::unique_ptr<EventLog> log_ = NewMemoryEventLog();
  int commits_ = 0;
  int64_t now_ = 0;
};

void Flip(const std::string& path, size_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(at);
  file.put(byte);
}

TEST_F(BackupTest, AnIncrementalOneAddsOnlyWhatCame) {
  MakeTenant(*log_, 1);
  Append(*log_, 30);
  auto first = BackUp(*log_);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::vector<std::string> files = Files();
  Append(*log_, 10);
  auto second = BackUp(*log_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->runs_size(), 2);
  EXPECT_EQ(second->runs(1).number(), 2);
  EXPECT_EQ(second->runs(0).events() + second->runs(1).events(), EventsIn(*second));
  EXPECT_EQ(HeadOf(*FindTenant(*second, 1)).hash, log_->DurableHead(1).hash);
  EXPECT_EQ(Files().size(), files.size() + second->runs(1).segments());
  EXPECT_GT(second->runs(1).segments(), 1);
  EXPECT_THAT(Verify(), IsEmpty());

  auto third = BackUp(*log_);  // nothing new
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->runs(2).segments(), 0);
  EXPECT_EQ(third->runs_size(), 3);
}

TEST_F(BackupTest, RestoresWholeAndToAPastPosition) {
  MakeTenant(*log_, 1);
  Append(*log_, 40);
  ASSERT_TRUE(BackUp(*log_).ok());
  ASSERT_TRUE(Restore(Into("whole")).ok());
  ExpectPrefix(*log_, Into("whole"), 1, log_->DurableHead(1).position);
  ExpectPrefix(*log_, Into("whole"), 0, 1);

  const std::vector<StoredCommit> commits = ReadAll(*log_, 1);
  for (int i : {0, 1, 17, 39}) {
    RestoreOptions options = Into(absl::StrCat("position-", i));
    options.tenant = "acme";
    options.position = commits[i].last_position;
    ASSERT_TRUE(Restore(options).ok()) << i;
    ExpectPrefix(*log_, options, 1, commits[i].last_position);
    ExpectPrefix(*log_, options, 0, 1);

    options = Into(absl::StrCat("time-", i));
    options.recorded_micros = commits[i].record.recorded_micros() + 5;
    ASSERT_TRUE(Restore(options).ok()) << i;
    ExpectPrefix(*log_, options, 1, commits[i].last_position);
  }
}

TEST_F(BackupTest, APositionIsTheEndOfACommit) {
  MakeTenant(*log_, 1);
  Append(*log_, 40);
  ASSERT_TRUE(BackUp(*log_).ok());
  RestoreOptions options = Into("data");
  options.tenant = "acme";
  options.position = 5;  // commits: 1, 2..3, 4..6
  EXPECT_THAT(std::string(PlanRestore(options).status().message()), HasSubstr("positions 4 to 6; restore up to 3 or 6"));
  options.position = 1000;
  EXPECT_THAT(std::string(PlanRestore(options).status().message()), HasSubstr("has positions 1 to 79"));
  options.position = 0;
  EXPECT_EQ(PlanRestore(options).status().code(), absl::StatusCode::kOutOfRange);
  options.tenant = "acne";
  EXPECT_THAT(std::string(PlanRestore(options).status().message()), HasSubstr("there is: acme"));
  options.tenant = "";
  EXPECT_EQ(PlanRestore(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.position.reset();
  options.recorded_micros = 1;
  EXPECT_THAT(std::string(PlanRestore(options).status().message()), HasSubstr("nothing of the backup was recorded by then"));
  EXPECT_FALSE(std::filesystem::exists(options.directory));
}

TEST_F(BackupTest, EveryFlippedByteAndEveryCutIsFound) {
  MakeTenant(*log_, 1);
  Append(*log_, 12);
  ASSERT_TRUE(BackUp(*log_).ok());
  for (const std::string& path : Files()) {
    const size_t size = std::filesystem::file_size(path);
    for (size_t at = 0; at < size; ++at) {
      Flip(path, at);
      ASSERT_THAT(Verify(), ElementsAre(HasSubstr(path))) << at;
      Flip(path, at);
    }
    std::filesystem::copy_file(path, root_ + "/kept");
    for (size_t length = 0; length < size; ++length) {
      std::filesystem::resize_file(path, length);
      ASSERT_THAT(Verify(), ElementsAre(HasSubstr(path))) << length;
      std::filesystem::copy_file(root_ + "/kept", path, std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove(root_ + "/kept");
  }
  EXPECT_THAT(Verify(), IsEmpty());
}

TEST_F(BackupTest, DamageIsNamedWithItsPositionsAndIsNotRestored) {
  MakeTenant(*log_, 1);
  Append(*log_, 40);
  auto manifest = BackUp(*log_);
  ASSERT_TRUE(manifest.ok());
  const auto& segments = FindTenant(*manifest, 1)->segments();
  ASSERT_GT(segments.size(), 4);
  Flip(SegmentPath(backup_, 1, segments[1].first_position()), 60);
  std::filesystem::remove(SegmentPath(backup_, 1, segments[3].first_position()));
  const auto names = [&](int i) {
    return HasSubstr(absl::StrCat("positions ", segments[i].first_position(), " to ", segments[i].last_position(), ": "));
  };
  EXPECT_THAT(Verify(), ElementsAre(names(1), AllOf(names(3), HasSubstr("the file is missing"))));

  absl::Status restored = Restore(Into("data"));
  EXPECT_EQ(restored.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(restored.message()), names(1));
  // What lies before the damage can be had.
  RestoreOptions before = Into("before");
  before.tenant = "acme";
  before.position = segments[0].last_position();
  ASSERT_TRUE(Restore(before).ok());
  ExpectPrefix(*log_, before, 1, segments[0].last_position());

  absl::Status again = BackUp(*log_).status();
  EXPECT_EQ(again.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(again.message()), names(3));
}

TEST_F(BackupTest, AnotherLogIsRefused) {
  MakeTenant(*log_, 1);
  Append(*log_, 10);
  ASSERT_TRUE(BackUp(*log_).ok());
  const auto expect_refused = [&](EventLog& other) {
    const absl::Status status = BackUp(other).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("BACKUP_MISMATCH: "));
    EXPECT_THAT(Verify(), IsEmpty());
  };
  commits_ = 0;
  auto shorter = NewMemoryEventLog();
  MakeTenant(*shorter, 1);
  Append(*shorter, 9);
  expect_refused(*shorter);
  ASSERT_TRUE(AppendNow(*shorter, 1, {"deals/other"}).ok());  // as long, but another way
  expect_refused(*shorter);
  Append(*shorter, 40);  // longer
  expect_refused(*shorter);
  expect_refused(*NewMemoryEventLog());
  ASSERT_TRUE(BackUp(*log_).ok());
}

TEST_F(BackupTest, AnInterruptedOneLeavesTheFormer) {
  MakeTenant(*log_, 1);
  Append(*log_, 10);
  ASSERT_TRUE(BackUp(*log_).ok());
  const std::vector<std::string> files = Files();
  Append(*log_, 30);
  BackupOptions options{backup_, false, 0, 512, 1};
  int left = 3;
  auto stopped = BackUpLog(*log_, {{1, "acme"}}, options, [&](uint64_t events, uint64_t target) {
    EXPECT_LE(events, target);
    return --left > 0 ? absl::OkStatus() : absl::CancelledError("enough");
  });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Files(), files);  // nothing is left of it
  // As after a kill: a whole segment that nobody names, and half of one.
  std::filesystem::copy_file(files.back(), SegmentPath(backup_, 1, 9999));
  std::ofstream(SegmentPath(backup_, 1, 8888) + ".new") << "half";
  EXPECT_THAT(Verify(), IsEmpty());
  ASSERT_TRUE(BackUp(*log_).ok());
  EXPECT_FALSE(std::filesystem::exists(SegmentPath(backup_, 1, 9999)));
  EXPECT_FALSE(std::filesystem::exists(SegmentPath(backup_, 1, 8888) + ".new"));
  EXPECT_THAT(Verify(), IsEmpty());
  ASSERT_TRUE(Restore(Into("data")).ok());
  ExpectPrefix(*log_, Into("data"), 1, log_->DurableHead(1).position);
}

TEST_F(BackupTest, TheFolderHoldsNothingElse) {
  MakeTenant(*log_, 1);
  std::filesystem::create_directories(backup_);
  std::ofstream(backup_ + "/letter.txt") << "not ours";
  EXPECT_THAT(std::string(BackUp(*log_).status().message()), HasSubstr("holds letter.txt and no backup"));
  EXPECT_THAT(Files(), SizeIs(1));
  EXPECT_EQ(PlanRestore(Into("data")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(BackupTest, APackedLogIsBackedUpAsItWasWritten) {
  LogFolder folder;
  auto log = folder.OpenPacking();
  ASSERT_TRUE(log.ok()) << log.status();
  MakeTenant(**log, 1);
  Append(**log, 40);
  ASSERT_TRUE((*log)->FinishUpkeep().ok());
  ASSERT_TRUE(BackUp(**log).ok());
  Append(**log, 20);
  ASSERT_TRUE((*log)->FinishUpkeep().ok());
  ASSERT_TRUE(BackUp(**log).ok());
  EXPECT_THAT(Verify(), IsEmpty());
  ASSERT_TRUE(Restore(Into("data")).ok());
  ExpectPrefix(**log, Into("data"), 1, (*log)->DurableHead(1).position);
}

TEST_F(BackupTest, OneTenantIsCutAndTheOthersAreWhole) {
  MakeTenant(*log_, 1);
  Append(*log_, 20);
  ASSERT_TRUE(AppendNow(*log_, 0, {"tenants/2"}, 50'000'000).ok());
  ASSERT_TRUE(AppendNow(*log_, 2, {"deals/1", "deals/2"}, 50'000'000).ok());
  // 3 has nothing durable yet: its log is left out, as if it had been made after the backup.
  const std::vector<BackupSource> tenants = {{2, "other"}, {1, "acme"}, {3, "newest"}};
  auto manifest = BackUp(*log_, tenants);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->tenants_size(), 3);

  RestoreOptions options = Into("position");
  options.tenant = "acme";
  options.position = 3;
  ASSERT_TRUE(Restore(options).ok());
  ExpectPrefix(*log_, options, 0, 2);
  ExpectPrefix(*log_, options, 1, 3);
  ExpectPrefix(*log_, options, 2, 2);

  options = Into("time");
  options.recorded_micros = 49'999'999;
  ASSERT_TRUE(Restore(options).ok());
  ExpectPrefix(*log_, options, 0, 1);
  ExpectPrefix(*log_, options, 1, log_->DurableHead(1).position);
  ExpectPrefix(*log_, options, 2, 0);
  options.tenant = "other";
  EXPECT_THAT(std::string(PlanRestore(options).status().message()), HasSubstr("nothing of tenant other was recorded by then"));

  // A tenant that the log does not have any more: the backup is of another one.
  EXPECT_EQ(BackUp(*log_, {{1, "acme"}}).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(AppendNow(*log_, 3, {"deals/1"}, 60'000'000).ok());
  ASSERT_TRUE(BackUp(*log_, tenants).ok());
  EXPECT_THAT(Verify(), IsEmpty());
}

TEST_F(BackupTest, ARestoredLogHasItsHighWaterMark) {
  MakeTenant(*log_, 1);
  Append(*log_, 20);
  ASSERT_TRUE(BackUp(*log_).ok());
  ASSERT_TRUE(Restore(Into("data")).ok());
  std::filesystem::remove_all(Into("data").directory + "/log");
  RocksdbLogOptions options;
  options.directory = Into("data").directory;
  EXPECT_EQ(OpenRocksdbEventLog(options).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(BackupTest, ARestoredLogGoesOnAndIsNotOverwritten) {
  MakeTenant(*log_, 1);
  Append(*log_, 20);
  ASSERT_TRUE(BackUp(*log_).ok());
  ASSERT_TRUE(Restore(Into("data")).ok());
  EXPECT_EQ(Restore(Into("data")).code(), absl::StatusCode::kFailedPrecondition);
  RocksdbLogOptions options;
  options.directory = Into("data").directory;
  auto log = OpenRocksdbEventLog(options);
  ASSERT_TRUE(log.ok()) << log.status();
  Append(**log, 5);
  EXPECT_THAT(*(*log)->Verify(1, nullptr), IsEmpty());
  ASSERT_TRUE(BackUp(**log).ok());  // its own log goes on from the same chain
  EXPECT_EQ(BackUp(*log_).status().code(), absl::StatusCode::kFailedPrecondition);  // and is ahead of the original now
}

}  // namespace
}  // namespace recount::eventstore
