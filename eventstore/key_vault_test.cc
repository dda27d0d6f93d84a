#include "eventstore/key_vault.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/event_log_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class VaultFolder {
 public:
  ~VaultFolder() { std::filesystem::remove_all(path); }
  absl::StatusOr<std::unique_ptr<KeyVault>> Open(const std::string& master = "master.key") const {
    return OpenRocksdbKeyVault({path + "/keys", path + "/" + master});
  }
  const std::string path = MakeTemporaryDirectory();
};

std::vector<std::string> Lookup(KeyVault& vault, uint32_t tenant, absl::string_view kind, absl::string_view value) {
  std::vector<std::string> streams;
  const absl::Status visited = vault.VisitLookup(tenant, kind, value, [&](absl::string_view stream) {
    streams.emplace_back(stream);
    return true;
  });
  EXPECT_TRUE(visited.ok()) << visited;
  return streams;
}

// What both vaults do.
class KeyVaultTest : public testing::TestWithParam<bool> {
 protected:
  KeyVaultTest() {
    if (GetParam()) {
      auto vault = folder_.Open();
      EXPECT_TRUE(vault.ok()) << vault.status();
      vault_ = *std::move(vault);
    } else {
      vault_ = NewMemoryKeyVault();
    }
  }
  VaultFolder folder_;
  std::unique_ptr<KeyVault> vault_;
};

TEST_P(KeyVaultTest, MintsAndFindsKeysByTenant) {
  EXPECT_TRUE(absl::IsNotFound(vault_->Find(1, "s1").status()));
  const DataKey key = *vault_->Mint(1, "s1");
  EXPECT_EQ(*vault_->Find(1, "s1"), key);
  EXPECT_TRUE(absl::IsNotFound(vault_->Find(2, "s1").status()));
  EXPECT_NE(*vault_->Mint(2, "s1"), key);
  EXPECT_TRUE(absl::IsAlreadyExists(vault_->Mint(1, "s1").status()));
  ASSERT_TRUE(vault_->Flush().ok());
  EXPECT_EQ(*vault_->Find(1, "s1"), key);
  EXPECT_TRUE(absl::IsAlreadyExists(vault_->Mint(1, "s1").status()));
}

TEST_P(KeyVaultTest, MintsForANewId) {
  const DataKey key = *vault_->MintForNewId(1, "s1");
  EXPECT_EQ(*vault_->Find(1, "s1"), key);
  EXPECT_TRUE(absl::IsAlreadyExists(vault_->Mint(1, "s1").status()));
  ASSERT_TRUE(vault_->Flush().ok());
  EXPECT_EQ(*vault_->Find(1, "s1"), key);
}

TEST_P(KeyVaultTest, LooksUpByKindAndValue) {
  ASSERT_TRUE(vault_->AddLookup(1, "phone", "+97235550100", "persons/b").ok());
  ASSERT_TRUE(vault_->Flush().ok());
  ASSERT_TRUE(vault_->AddLookup(1, "phone", "+97235550100", "leads/a").ok());
  ASSERT_TRUE(vault_->AddLookup(1, "phone", "+97235550100", "persons/b").ok());
  ASSERT_TRUE(vault_->AddLookup(1, "email", "a@example.org", "persons/c").ok());
  EXPECT_THAT(Lookup(*vault_, 1, "phone", "+97235550100"), ElementsAre("leads/a", "persons/b"));
  EXPECT_THAT(Lookup(*vault_, 1, "email", "a@example.org"), ElementsAre("persons/c"));
  EXPECT_THAT(Lookup(*vault_, 1, "email", "+97235550100"), IsEmpty());
  EXPECT_THAT(Lookup(*vault_, 2, "phone", "+97235550100"), IsEmpty());
}

TEST_P(KeyVaultTest, ALookUpMergesWhatIsNotWrittenYet) {
  for (const char* stream : {"leads/b", "leads/d"}) ASSERT_TRUE(vault_->AddLookup(1, "phone", "+1", stream).ok());
  ASSERT_TRUE(vault_->Flush().ok());
  for (const char* stream : {"leads/e", "leads/d", "leads/a", "leads/c"}) {
    ASSERT_TRUE(vault_->AddLookup(1, "phone", "+1", stream).ok());
  }
  EXPECT_THAT(Lookup(*vault_, 1, "phone", "+1"), ElementsAre("leads/a", "leads/b", "leads/c", "leads/d", "leads/e"));
  std::vector<std::string> two;
  ASSERT_TRUE(vault_->VisitLookup(1, "phone", "+1", [&](absl::string_view stream) {
    two.emplace_back(stream);
    return two.size() < 2;
  }).ok());
  EXPECT_THAT(two, ElementsAre("leads/a", "leads/b"));
}

// The sequencer's thread mints: it must not wait for a look-up of a phone that thousands have.
TEST_P(KeyVaultTest, NobodyWaitsForALookUp) {
  ASSERT_TRUE(vault_->AddLookup(1, "phone", "+1", "leads/a").ok());
  ASSERT_TRUE(vault_->Flush().ok());
  ASSERT_TRUE(vault_->AddLookup(1, "phone", "+1", "leads/b").ok());
  std::vector<std::future<bool>> mints;
  ASSERT_TRUE(vault_->VisitLookup(1, "phone", "+1", [&](absl::string_view stream) {
    mints.push_back(std::async(std::launch::async, [this, id = std::string(stream)] { return vault_->Mint(1, id).ok(); }));
    // Never waits so long unless the look-up holds what Mint() needs.
    EXPECT_EQ(mints.back().wait_for(std::chrono::seconds(20)), std::future_status::ready) << stream;
    return true;
  }).ok());
  ASSERT_EQ(mints.size(), 2u);
  for (std::future<bool>& minted : mints) EXPECT_TRUE(minted.get());
}

INSTANTIATE_TEST_SUITE_P(Vaults, KeyVaultTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "rocksdb" : "memory"; });

TEST(RocksdbKeyVaultTest, FlushedKeysSurviveARestart) {
  VaultFolder folder;
  auto vault = *folder.Open();
  const DataKey key = *vault->Mint(1, "s1");
  ASSERT_TRUE(vault->AddLookup(1, "phone", "+1", "leads/a").ok());
  ASSERT_TRUE(vault->Flush().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open().status())) << "held by one process";
  vault.reset();
  vault = *folder.Open();
  EXPECT_EQ(*vault->Find(1, "s1"), key);
  EXPECT_THAT(Lookup(*vault, 1, "phone", "+1"), ElementsAre("leads/a"));
}

TEST(RocksdbKeyVaultTest, WhatIsFlushedIsOnTheDisk) {
  VaultFolder folder;
  VaultFolder copy;
  auto vault = *folder.Open();
  const DataKey key = *vault->Mint(1, "s1");
  ASSERT_TRUE(vault->Flush().ok());
  // As after a kill: a copy of the files while the vault is open.
  std::filesystem::copy(folder.path, copy.path, std::filesystem::copy_options::recursive);
  EXPECT_EQ(*(*copy.Open())->Find(1, "s1"), key);
}

TEST(RocksdbKeyVaultTest, MasterKeyIsGuarded) {
  VaultFolder folder;
  const std::string master = folder.path + "/master.key";
  auto vault = *folder.Open();
  ASSERT_TRUE(vault->Mint(1, "s1").ok());
  vault.reset();
  struct stat info;
  ASSERT_EQ(stat(master.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  chmod(master.c_str(), 0640);
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open().status())) << "others may read it";
  chmod(master.c_str(), 0600);
  EXPECT_TRUE(folder.Open().ok());
  std::filesystem::rename(master, folder.path + "/away");
  EXPECT_TRUE(absl::IsDataLoss(folder.Open().status())) << "missing, and not made anew";
  EXPECT_FALSE(std::filesystem::exists(master));
  std::ofstream(master) << std::string(64, 'a') << "\n";
  chmod(master.c_str(), 0600);
  EXPECT_TRUE(absl::IsDataLoss(folder.Open().status())) << "another key";
  std::ofstream(master) << "short";
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open().status()));
}

TEST(RocksdbKeyVaultTest, MasterKeyMustNotLieInALogOrDatabase) {
  VaultFolder folder;
  std::filesystem::create_directories(folder.path + "/log");
  std::ofstream(folder.path + "/FORMAT") << "x";
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open("log/master.key").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open("master.key").status()));
  EXPECT_TRUE(folder.Open("keys/master.key").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(folder.Open("keys/db/master.key").status()));
}

TEST(RocksdbKeyVaultTest, NothingLiesInClear) {
  VaultFolder folder;
  auto vault = *folder.Open();
  const DataKey key = *vault->Mint(1, "s1");
  ASSERT_TRUE(vault->AddLookup(1, "phone", "+97235550100", "leads/a").ok());
  ASSERT_TRUE(vault->Flush().ok());
  vault.reset();
  const std::string key_bytes(key.begin(), key.end());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream content;
    content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    EXPECT_FALSE(absl::StrContains(content.str(), key_bytes)) << entry.path();
    EXPECT_FALSE(absl::StrContains(content.str(), "97235550100")) << entry.path();
  }
}

// RocksDB alone would open each of these with keys missing, which would look as if people had been erased.
TEST(RocksdbKeyVaultTest, ADamagedWalIsRefused) {
  VaultFolder folder;
  {
    auto vault = *folder.Open();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(vault->Mint(1, absl::StrCat("s", i)).ok());
      ASSERT_TRUE(vault->Flush().ok());
    }
  }
  std::filesystem::path wal;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path + "/keys/db")) {
    if (entry.path().extension() == ".log") wal = entry.path();
  }
  const auto size = std::filesystem::file_size(wal);
  for (uintmax_t at = 0; at < size; at += size / 16) {
    VaultFolder copy;
    std::filesystem::copy(folder.path, copy.path, std::filesystem::copy_options::recursive);
    const auto copied = std::filesystem::path(copy.path) / "keys" / "db" / wal.filename();
    std::filesystem::resize_file(copied, at);
    EXPECT_TRUE(absl::IsDataLoss(copy.Open().status())) << "cut at " << at;
    std::filesystem::copy_file(wal, copied, std::filesystem::copy_options::overwrite_existing);
    std::fstream file(copied, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char old = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(old ^ 1));
    file.close();
    EXPECT_TRUE(absl::IsDataLoss(copy.Open().status())) << "flipped at " << at;
  }
}

// Of the newest tables a cut MANIFEST knows nothing; what the WAL holds after them must not hide that.
TEST(RocksdbKeyVaultTest, ACutManifestIsRefused) {
  VaultFolder folder;
  for (int session = 0; session < 3; ++session) {
    auto vault = *folder.Open();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(vault->Mint(1, absl::StrCat("s", session, "-", i)).ok());
      ASSERT_TRUE(vault->Flush().ok());
    }
  }
  std::filesystem::path manifest;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path + "/keys/db")) {
    if (absl::StartsWith(entry.path().filename().string(), "MANIFEST-")) manifest = entry.path();
  }
  int refused = 0;
  for (uintmax_t size = 0; size < std::filesystem::file_size(manifest); size += 5) {
    VaultFolder copy;
    std::filesystem::copy(folder.path, copy.path, std::filesystem::copy_options::recursive);
    std::filesystem::resize_file(std::filesystem::path(copy.path) / "keys" / "db" / manifest.filename(), size);
    auto vault = copy.Open();
    refused += absl::IsDataLoss(vault.status());
    for (int key = 0; key < 9 && vault.ok(); ++key) {
      EXPECT_TRUE((*vault)->Find(1, absl::StrCat("s", key / 3, "-", key % 3)).ok()) << "cut at " << size;
    }
  }
  EXPECT_GT(refused, 40);
  EXPECT_TRUE(folder.Open().ok());
}

TEST(RocksdbKeyVaultTest, ThreadsMintFindAndFlush) {
  VaultFolder folder;
  auto vault = *folder.Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string id = absl::StrCat(t, "-", i);
        const DataKey key = *vault->Mint(1, id);
        EXPECT_TRUE(vault->Flush().ok());
        EXPECT_EQ(*vault->Find(1, id), key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace recount::eventstore
