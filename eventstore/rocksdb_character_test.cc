// What RocksDB 7.8.3 does by itself, and why the stores here do more. If one of these fails after an upgrade, RocksDB has changed:
// look whether the protection against it is still needed, and still works.
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/event_log_testing.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"

namespace recount::eventstore {
namespace {

namespace fs = std::filesystem;
using rocksdb::WALRecoveryMode;

constexpr int kKeys = 20;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

class RocksdbCharacterTest : public testing::Test {
 protected:
  ~RocksdbCharacterTest() override { fs::remove_all(top_); }

  static std::unique_ptr<rocksdb::DB> Open(const std::string& path, bool read_only = false,
                                           WALRecoveryMode mode = WALRecoveryMode::kPointInTimeRecovery) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.wal_recovery_mode = mode;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        read_only ? rocksdb::DB::OpenForReadOnly(options, path, &db) : rocksdb::DB::Open(options, path, &db);
    return std::unique_ptr<rocksdb::DB>(status.ok() ? db : nullptr);
  }

  // kKeys synced puts.
  void Fill() {
    auto db = Open(path_);
    ASSERT_NE(db, nullptr);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(db->Put(synced, absl::StrCat("key", i), "value of a key").ok());
  }

  static int CountKeys(rocksdb::DB& db) {
    int keys = 0;
    std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}));
    for (it->SeekToFirst(); it->Valid(); it->Next()) ++keys;
    return keys;
  }

  static int CountFiles(const std::string& path, const std::string& extension) {
    int files = 0;
    for (const auto& entry : fs::directory_iterator(path)) files += entry.path().extension() == extension;
    return files;
  }

  fs::path FileNamed(const std::function<bool(const fs::path&)>& is_it) const {
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (is_it(entry.path())) return entry.path().filename();
    }
    ADD_FAILURE() << "no such file";
    return "";
  }

  // A copy of the database with other content of one file.
  std::string CopyWith(const fs::path& name, const std::string& content) {
    const std::string copy = top_ + "/copy";
    fs::remove_all(copy);
    fs::copy(path_, copy, fs::copy_options::recursive);
    Write(fs::path(copy) / name, content);
    return copy;
  }

  bool AnyFileHolds(const std::string& text) const {
    for (const auto& entry : fs::directory_iterator(path_)) {
      const bool is_data = entry.path().extension() == ".log" || entry.path().extension() == ".sst";
      if (is_data && absl::StrContains(Read(entry.path()), text)) return true;
    }
    return false;
  }

  const std::string top_ = MakeTemporaryDirectory();
  const std::string path_ = top_ + "/db";
};

// F1. Hence the mark (HWM), which says whether what is missing had been acknowledged.
TEST_F(RocksdbCharacterTest, ADamagedWalLosesSyncedWritesSilently) {
  Fill();
  const fs::path wal = FileNamed([](const fs::path& path) { return path.extension() == ".log"; });
  const std::string whole = Read(fs::path(path_) / wal);
  int opened_with_loss = 0, refused = 0, torn_refused = 0, places = 0;
  for (size_t at = 3; at < whole.size(); at += whole.size() / 25, ++places) {
    std::string flipped = whole;
    flipped[at] ^= 1;
    const auto silent = Open(CopyWith(wal, flipped));
    opened_with_loss += silent != nullptr && CountKeys(*silent) < kKeys;
    refused += Open(CopyWith(wal, flipped), false, WALRecoveryMode::kAbsoluteConsistency) == nullptr;
    torn_refused += Open(CopyWith(wal, whole.substr(0, at)), false, WALRecoveryMode::kAbsoluteConsistency) == nullptr;
  }
  EXPECT_EQ(opened_with_loss, places) << "the default mode";
  EXPECT_EQ(refused, places) << "the strict mode sees every flip";
  EXPECT_GT(torn_refused, places * 3 / 4) << "but refuses also what a crash leaves";
}

// F2. Hence every database that must not lose anything is opened for reading first.
TEST_F(RocksdbCharacterTest, ACutManifestLosesTablesAndDeletesThem) {
  Fill();
  { ASSERT_NE(Open(path_), nullptr); }  // the WAL goes into a table
  const fs::path manifest = FileNamed([](const fs::path& path) {
    return absl::StartsWith(path.filename().string(), "MANIFEST-");
  });
  const std::string whole = Read(fs::path(path_) / manifest);
  int deleted = 0;
  for (size_t size = whole.size() - 1; size > 0 && deleted == 0; --size) {
    const std::string copy = CopyWith(manifest, whole.substr(0, size));
    const auto looked_at = Open(copy, /*read_only=*/true);
    if (looked_at == nullptr || CountKeys(*looked_at) == kKeys) continue;
    EXPECT_EQ(CountFiles(copy, ".sst"), 1) << "looking changes nothing, and shows the loss";
    const auto opened = Open(copy);
    if (opened == nullptr) continue;
    EXPECT_EQ(CountKeys(*opened), 0);
    deleted += CountFiles(copy, ".sst") == 0;
  }
  EXPECT_GT(deleted, 0) << "opened without a word, without the keys, and the table deleted";
}

// F10. Hence destroying a key needs more than deleting it.
TEST_F(RocksdbCharacterTest, ADeletedValueStaysInTheFilesUntilAForcedCompaction) {
  const std::string secret = "a secret of 24 bytes ...";
  auto db = Open(path_);
  ASSERT_NE(db, nullptr);
  ASSERT_TRUE(db->Put({}, "key", secret).ok());
  ASSERT_TRUE(db->Delete({}, "key").ok());
  EXPECT_TRUE(AnyFileHolds(secret)) << "in the WAL";
  ASSERT_TRUE(db->Put({}, "key", secret).ok());
  ASSERT_TRUE(db->Flush({}).ok());
  ASSERT_TRUE(db->Delete({}, "key").ok());
  ASSERT_TRUE(db->Flush({}).ok());
  EXPECT_TRUE(AnyFileHolds(secret)) << "in a table";
  rocksdb::CompactRangeOptions forced;
  forced.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Snapshot* snapshot = db->GetSnapshot();
  ASSERT_TRUE(db->Put({}, "key", secret).ok());
  const rocksdb::Snapshot* later = db->GetSnapshot();
  ASSERT_TRUE(db->Delete({}, "key").ok());
  ASSERT_TRUE(db->CompactRange(forced, nullptr, nullptr).ok());
  EXPECT_TRUE(AnyFileHolds(secret)) << "kept for a snapshot";
  db->ReleaseSnapshot(later);
  db->ReleaseSnapshot(snapshot);
  ASSERT_TRUE(db->CompactRange(forced, nullptr, nullptr).ok());
  EXPECT_FALSE(AnyFileHolds(secret));
}

}  // namespace
}  // namespace recount::eventstore
