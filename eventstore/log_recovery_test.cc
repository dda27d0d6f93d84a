// A folder as a power failure or a bad disk may leave it: every damage is either refused or costs nothing that was
// acknowledged before the high-water mark. RocksDB alone opens many of these with data missing.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "eventstore/event_log_testing.h"
#include "eventstore/high_water_mark.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

namespace fs = std::filesystem;
constexpr int kCommits = 20;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

enum class Outcome { kComplete, kRefused, kSilentLoss, kWrong, kAborted };

// Opens in a process of its own, since RocksDB's own assertions may end it, which is loud and therefore allowed.
Outcome OpenAndLook(const LogFolder& folder, uint64_t acknowledged) {
  const pid_t child = fork();
  if (child == 0) {
    fclose(stderr);
    auto log = folder.OpenPacking();
    if (!log.ok()) _exit(absl::IsDataLoss(log.status()) ? 1 : 3);
    if ((*log)->DurableHead(1).position < acknowledged) _exit(2);
    uint64_t last = 0;
    absl::Status status = (*log)->ReadCommits(1, 0, Direction::kForward, [&](const StoredCommit& commit) {
      if (commit.record.events(0).stream() != absl::StrCat("deals/", last)) _exit(4);
      last = commit.last_position;
      return true;
    });
    _exit(absl::IsDataLoss(status) ? 1 : !status.ok() || last < acknowledged ? 2 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Outcome::kAborted;
  switch (WEXITSTATUS(status)) {
    case 0: return Outcome::kComplete;
    case 1: return Outcome::kRefused;
    case 2: return Outcome::kSilentLoss;
    default: return Outcome::kWrong;
  }
}

class LogRecoveryTest : public testing::Test {
 protected:
  LogRecoveryTest() {
    auto log = *folder_.Open();
    for (int i = 0; i < kCommits; ++i) EXPECT_TRUE(AppendNow(*log, 1, {absl::StrCat("deals/", i)}).ok());
  }

  fs::path OnlyFile(const std::string& prefix, const std::string& extension) const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder_.data + "/log")) {
      const fs::path path = entry.path();
      if (path.filename().string().rfind(prefix, 0) != 0 || path.extension() != extension) continue;
      EXPECT_TRUE(found.empty());
      found = path;
    }
    EXPECT_FALSE(found.empty());
    return found;
  }

  // The damaged folder, opened. The copy is made anew since an opening may change files.
  Outcome Try(const fs::path& file, const std::string& content, uint64_t acknowledged) const {
    LogFolder copy;
    folder_.CopyTo(copy);
    fs::remove_all(copy.data + "/index");
    Write(fs::path(copy.data) / fs::relative(file, folder_.data), content);
    return OpenAndLook(copy, acknowledged);
  }

  // Flips a bit in every `step`-th byte and cuts at every `step`-th length; at every one with RECOUNT_DEEP.
  void DamageEverywhere(const fs::path& file, size_t step) const {
    if (std::getenv("RECOUNT_DEEP") != nullptr) step = 1;
    const std::string original = Read(file);
    ASSERT_FALSE(original.empty());
    std::map<Outcome, int> flips, cuts;
    for (size_t at = 0; at < original.size(); at += step) {
      std::string changed = original;
      changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
      const Outcome flipped = Try(file, changed, kCommits);
      ++flips[flipped];
      EXPECT_TRUE(flipped != Outcome::kSilentLoss && flipped != Outcome::kWrong) << file << " flipped at " << at;
      const Outcome cut = Try(file, original.substr(0, at), kCommits);
      ++cuts[cut];
      EXPECT_TRUE(cut != Outcome::kSilentLoss && cut != Outcome::kWrong) << file << " cut at " << at;
    }
    std::cout << file.filename() << ", " << original.size() << " bytes: flips " << flips[Outcome::kRefused] << " refused, "
              << flips[Outcome::kComplete] << " harmless, " << flips[Outcome::kAborted] << " aborted; cuts "
              << cuts[Outcome::kRefused] << " refused, " << cuts[Outcome::kComplete] << " harmless, "
              << cuts[Outcome::kAborted] << " aborted\n";
  }

  LogFolder folder_;
};

TEST_F(LogRecoveryTest, NoDamageToTheWalLosesWhatWasAcknowledged) {
  const fs::path wal = OnlyFile("", ".log");
  DamageEverywhere(wal, Read(wal).size() / 40);
}

TEST_F(LogRecoveryTest, NoDamageToTheManifestLosesWhatWasAcknowledged) {
  { auto log = *folder_.Open(); }  // the WAL's content goes into a table, which the MANIFEST names
  fs::path manifest;
  for (const auto& entry : fs::directory_iterator(folder_.data + "/log")) {
    if (entry.path().filename().string().rfind("MANIFEST-", 0) == 0) manifest = entry.path();
  }
  DamageEverywhere(manifest, Read(manifest).size() / 40 + 1);
}

// Every state in which a power failure may leave the write of a pack: all its commits are single, or all are in it.
TEST_F(LogRecoveryTest, APackIsThereWholeOrNotAtAll) {
  LogFolder packed;
  {
    auto log = *folder_.OpenPacking();
    ASSERT_TRUE(log->FinishUpkeep().ok());
    folder_.CopyTo(packed);  // the packs are in the WAL
  }
  fs::path wal;
  for (const auto& entry : fs::directory_iterator(packed.data + "/log")) {
    if (entry.path().extension() == ".log" && fs::file_size(entry) > 0) wal = entry.path();
  }
  const std::string content = Read(wal);
  const fs::path relative = fs::relative(wal, packed.data);
  const size_t step = std::getenv("RECOUNT_DEEP") != nullptr ? 1 : content.size() / 20;
  ASSERT_GT(step, 0u);
  for (size_t length = 0; length <= content.size(); length += length + step <= content.size() ? step : 1) {
    LogFolder copy;
    packed.CopyTo(copy);
    Write(fs::path(copy.data) / relative, content.substr(0, length));
    EXPECT_EQ(OpenAndLook(copy, kCommits), Outcome::kComplete) << "cut at " << length;
    if (length == content.size()) continue;
    std::string changed = content;
    changed[length] ^= 16;
    LogFolder flipped;
    packed.CopyTo(flipped);
    Write(fs::path(flipped.data) / relative, changed);
    EXPECT_EQ(OpenAndLook(flipped, kCommits), Outcome::kComplete) << "flipped at " << length;
  }
}

TEST_F(LogRecoveryTest, NoDamageToPackedTablesLosesWhatWasAcknowledged) {
  {
    auto log = *folder_.OpenPacking();
    ASSERT_TRUE(log->FinishUpkeep().ok());
  }
  { auto log = *folder_.OpenPacking(); }  // the WAL's content goes into tables
  int tables = 0;
  for (const auto& entry : fs::directory_iterator(folder_.data + "/log")) {
    const fs::path path = entry.path();
    const bool is_manifest = path.filename().string().rfind("MANIFEST-", 0) == 0;
    if (path.extension() != ".sst" && !is_manifest) continue;
    tables += !is_manifest;
    DamageEverywhere(path, fs::file_size(path) / 20 + 1);
    LogFolder copy;
    folder_.CopyTo(copy);
    fs::remove(fs::path(copy.data) / "log" / path.filename());
    EXPECT_TRUE(absl::IsDataLoss(copy.OpenPacking().status())) << path << " is gone";
  }
  EXPECT_GE(tables, 2);
}

TEST_F(LogRecoveryTest, SmallFilesMayNotLieEither) {
  DamageEverywhere(fs::path(folder_.data) / "log" / "CURRENT", 5);
  DamageEverywhere(fs::path(folder_.data) / "FORMAT", 7);
  DamageEverywhere(fs::path(folder_.data) / "HWM", 61);
}

// What was written and not acknowledged may be torn: the log opens with everything before it, and keeps the torn file.
TEST_F(LogRecoveryTest, ATornTailPastTheMarkIsCutOff) {
  const fs::path wal = OnlyFile("", ".log");
  const std::string mark = Read(folder_.data + "/HWM");
  {
    auto log = *folder_.Open();
    ASSERT_TRUE(AppendNow(*log, 1, {"deals/torn"}).ok());
  }
  Write(folder_.data + "/HWM", mark);  // the crash came before the mark was raised
  const fs::path torn = OnlyFile("", ".log");
  const std::string original = Read(torn);
  int opened = 0;
  for (size_t length = 1; length < original.size(); length += 13) {
    opened += Try(torn, original.substr(0, length), kCommits) == Outcome::kComplete;
  }
  EXPECT_EQ(opened, static_cast<int>((original.size() + 11) / 13));
  Write(torn, original.substr(0, original.size() - 3));
  auto log = folder_.Open();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ((*log)->DurableHead(1).position, static_cast<uint64_t>(kCommits));
  EXPECT_EQ(Read(fs::path(folder_.data) / "torn-wal" / torn.filename()).size(), original.size() - 3);
  EXPECT_TRUE(AppendNow(**log, 1, {"deals/after"}).ok());
}

TEST_F(LogRecoveryTest, AMissingFileIsRefused) {
  for (const char* name : {"log/CURRENT", "HWM"}) {
    LogFolder copy;
    folder_.CopyTo(copy);
    fs::remove(fs::path(copy.data) / name);
    absl::Status status = copy.Open().status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << name << ": " << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(name));
  }
  LogFolder copy;
  folder_.CopyTo(copy);
  fs::remove(fs::path(copy.data) / "log" / OnlyFile("", ".log").filename());
  EXPECT_TRUE(absl::IsDataLoss(copy.Open().status()));
}

// kill -9 in the middle of writing: everything that was told to be durable is there afterwards.
void KillWritersOf(const LogFolder& folder, const RocksdbLogOptions& options, bool packs_all_the_time) {
  uint64_t before = 0;
  for (int round = 0; round < 5; ++round) {
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto log = OpenRocksdbEventLog(options);
      if (!log.ok()) _exit(1);
      std::thread packer([&] {
        while (packs_all_the_time && (*log)->FinishUpkeep().ok()) {
        }
      });
      for (int i = 0;; ++i) {
        auto sequenced = (*log)->Sequence(MakeProposal(1, {"a", absl::StrCat("b", i % 50)}), [&](absl::Status status) {
          const uint64_t position = (*log)->DurableHead(1).position;
          if (status.ok()) (void)!write(channel[1], &position, sizeof(position));
        });
        if (!sequenced.ok()) _exit(1);
      }
    }
    close(channel[1]);
    uint64_t acknowledged = 0;
    for (int i = 0; i < 200 + 300 * round; ++i) {
      ASSERT_EQ(read(channel[0], &acknowledged, sizeof(acknowledged)), static_cast<ssize_t>(sizeof(acknowledged)));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    uint64_t more = 0;
    while (read(channel[0], &more, sizeof(more)) == sizeof(more)) acknowledged = more;
    close(channel[0]);
    auto log = OpenRocksdbEventLog(options);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_GE((*log)->DurableHead(1).position, acknowledged);
    EXPECT_GT(acknowledged, before);
    before = (*log)->DurableHead(1).position;
    EXPECT_EQ(*(*log)->SequencedRevision(1, "a") * 2, before);
    EXPECT_THAT(*(*log)->Verify(1, nullptr), testing::IsEmpty());
  }
}

TEST(LogCrashTest, AKilledWriterLosesNothingAcknowledged) {
  LogFolder folder;
  KillWritersOf(folder, folder.Options(), /*packs_all_the_time=*/false);
}

TEST(LogCrashTest, AKilledPackerLosesNothingAcknowledged) {
  LogFolder folder;
  KillWritersOf(folder, folder.PackingOptions(), /*packs_all_the_time=*/true);
}

TEST(HighWaterMarkTest, TheNewerWholeSlotCounts) {
  LogFolder folder;
  const std::string path = folder.root + "/HWM";
  const std::string id(16, 'i');
  ASSERT_TRUE(HighWaterMarkFile::Create(path, id).ok());
  auto file = *HighWaterMarkFile::Open(path, id);
  EXPECT_EQ(file->mark().sequence, 0u);
  for (uint64_t i = 1; i <= 5; ++i) {
    HighWaterMark mark;
    mark.sequence = i;
    mark.tenant = 3;
    mark.first_position = 10 * i;
    mark.last_position = 10 * i + 1;
    mark.hash[0] = static_cast<uint8_t>(i);
    ASSERT_TRUE(file->Write(mark).ok());
    file = *HighWaterMarkFile::Open(path, id);
    EXPECT_EQ(file->mark().sequence, i);
    EXPECT_EQ(file->mark().last_position, 10 * i + 1);
    EXPECT_EQ(file->mark().hash[0], i);
  }
  const std::string whole = Read(path);
  EXPECT_EQ(whole.size(), 1024u);
  for (size_t slot : {0, 1}) {
    std::string torn = whole;
    torn[512 * slot + 100] ^= 1;
    Write(path, torn);
    auto read = HighWaterMarkFile::Open(path, id);
    ASSERT_TRUE(read.ok());
    EXPECT_GE((*read)->mark().sequence, 4u);
  }
  std::string both = whole;
  both[100] ^= 1;
  both[700] ^= 1;
  Write(path, both);
  EXPECT_TRUE(absl::IsDataLoss(HighWaterMarkFile::Open(path, id).status()));
  Write(path, whole);
  EXPECT_TRUE(absl::IsDataLoss(HighWaterMarkFile::Open(path, std::string(16, 'j')).status()));
}

}  // namespace
}  // namespace recount::eventstore
