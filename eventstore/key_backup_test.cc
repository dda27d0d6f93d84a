// A copy of the keys: complete, wrapped, replaced by the next one.
#include "eventstore/key_backup.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/backup_folder.h"
#include "eventstore/durable_file.h"
#include "eventstore/event_log_testing.h"
#include "eventstore/rocksdb_restore.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KeyBackupTest : public testing::Test {
 protected:
  ~KeyBackupTest() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<KeyVault> OpenVault(const std::string& name) {
    auto vault = OpenRocksdbKeyVault({root_ + "/" + name, master_});
    EXPECT_TRUE(vault.ok()) << vault.status();
    return vault.ok() ? *std::move(vault) : nullptr;
  }
  absl::StatusOr<storage::v1::KeyBackupManifest> BackUp(KeyVault& vault) { return BackUpKeys(vault, {copy_, 1, 256}); }
  absl::Status Restore(const std::string& name) {
    return RestoreRocksdbKeyVault(root_ + "/" + name,
                                  [&](const StoredKeyVisitor& take) { return ReadKeyBackup(copy_, take); });
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(copy_)) files.push_back(entry.path().string());
    return files;
  }

  const std::string root_ = MakeTemporaryDirectory();
  const std::string master_ = root_ + "/master.key";
  const std::string copy_ = root_ + "/copy";
};

TEST_F(KeyBackupTest, RestoresEveryKeyAndLookup) {
  auto vault = OpenVault("vault");
  std::vector<DataKey> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(*vault->Mint(1, absl::StrCat("subject-", i)));  // not flushed yet
  ASSERT_TRUE(vault->AddLookup(1, "phone", "+97231234567", "leads/1").ok());
  auto manifest = BackUp(*vault);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_GT(manifest->parts_size(), 3);
  vault.reset();

  ASSERT_TRUE(Restore("restored").ok());
  EXPECT_EQ(Restore("restored").code(), absl::StatusCode::kFailedPrecondition);
  auto restored = OpenVault("restored");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(*restored->Find(1, absl::StrCat("subject-", i)), keys[i]);
  std::vector<std::string> streams;
  ASSERT_TRUE(restored->VisitLookup(1, "phone", "+97231234567", [&](absl::string_view stream) {
    streams.emplace_back(stream);
    return true;
  }).ok());
  EXPECT_THAT(streams, ElementsAre("leads/1"));
  for (const std::string& path : Files()) {
    const std::string content = *ReadFile(path);
    for (const DataKey& key : keys) {
      EXPECT_FALSE(absl::StrContains(content, std::string(key.begin(), key.end()))) << path << " holds a key in clear";
    }
  }
}

TEST_F(KeyBackupTest, TheNextOneReplacesIt) {
  auto vault = OpenVault("vault");
  ASSERT_TRUE(vault->Mint(1, "subject").ok());
  ASSERT_TRUE(BackUp(*vault).ok());
  std::ofstream(copy_ + "/keys-2-1") << "of one that was interrupted";
  auto second = BackUp(*vault);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->number(), 2);
  EXPECT_FALSE(FileExists(copy_ + "/keys-1-1"));
  int entries = 0;
  ASSERT_TRUE(ReadKeyBackup(copy_, [&](absl::string_view, absl::string_view) { return ++entries, absl::OkStatus(); }).ok());
  EXPECT_EQ(entries, 2);  // the key, and the check of the master key
}

TEST_F(KeyBackupTest, DamageIsFound) {
  auto vault = OpenVault("vault");
  ASSERT_TRUE(vault->Mint(1, "subject").ok());
  ASSERT_TRUE(BackUp(*vault).ok());
  for (const char* name : {"/MANIFEST", "/keys-1-1"}) {
    const std::string whole = *ReadFile(copy_ + name);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string flipped = whole;
      flipped[at] ^= 1;
      std::ofstream(copy_ + name, std::ios::binary) << flipped;
      const absl::Status status = ReadKeyBackup(copy_, [](absl::string_view, absl::string_view) { return absl::OkStatus(); });
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << name << " at " << at;
      ASSERT_THAT(std::string(status.message()), HasSubstr(name));
    }
    std::ofstream(copy_ + name, std::ios::binary) << whole;
  }
}

TEST_F(KeyBackupTest, AnotherFolderIsLeftAlone) {
  std::filesystem::create_directories(copy_);
  std::ofstream(copy_ + "/letter.txt") << "not ours";
  auto vault = OpenVault("vault");
  EXPECT_THAT(std::string(BackUp(*vault).status().message()), HasSubstr("BACKUP_MISMATCH: "));
  EXPECT_EQ(Files().size(), 1);
  EXPECT_EQ(BackUpKeys(*NewMemoryKeyVault(), {root_ + "/memory", 1}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(KeyBackupTest, ABackupOfTheLogIsNoDamagedCopyOfKeys) {
  auto vault = OpenVault("vault");
  ASSERT_TRUE(vault->Mint(1, "subject").ok());
  ASSERT_TRUE(BackUp(*vault).ok());
  const std::string of_log = root_ + "/log";
  ASSERT_TRUE(MakeDirectory(of_log).ok());
  ASSERT_TRUE(WriteManifest(of_log, storage::v1::BackupManifest()).ok());
  for (const absl::Status& status :
       {BackUpKeys(*vault, {of_log, 1}).status(), CheckKeysFolder(of_log), ReadManifest(copy_).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("BACKUP_MISMATCH: "));
  }
  EXPECT_TRUE(CheckKeysFolder(copy_).ok());
  EXPECT_TRUE(CheckKeysFolder(root_ + "/missing").ok());
}

}  // namespace
}  // namespace recount::eventstore
