// One bad bit, or a file that ends early, anywhere in the folders of log and keys: it is harmless, or it is said. Every place with
// RECOUNT_DEEP, else some. RECOUNT_DAMAGE names a part of the files' names, for those alone.
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <functional>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/disk/damage_sweep.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;

class DamageTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string path = testing::TempDir() + "recount_damage_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    top_ = new std::string(fs::canonical(path).string());
    closed_ = new ReferenceFolder(MakeClosedFolder(*top_));
    killed_ = new ReferenceFolder(MakeKilledFolder(*top_));
  }
  static void TearDownTestSuite() { fs::remove_all(*top_); }

  // About `places` places of each file that matches; all with RECOUNT_DEEP.
  static void Sweep(const ReferenceFolder& folder, size_t places, const std::function<bool(const std::string&)>& which) {
    ASSERT_FALSE(folder.saved.empty()) << "the reference folder was not made";
    const char* part = std::getenv("RECOUNT_DAMAGE");
    const auto files = FilesOf(folder.path, [&](const std::string& file) {
      return which(file) && (part == nullptr || absl::StrContains(file, part));
    });
    ASSERT_TRUE(part != nullptr || !files.empty());
    const Trial trial = [&](const std::string& copy, std::string* message) { return OpenAndCheck(folder, copy, message); };
    for (const auto& [file, size] : files) {
      const bool is_all = std::getenv("RECOUNT_DEEP") != nullptr && !absl::EndsWith(file, ".sst");
      const SweepResult sweep = TryAll(folder.path, DamageEvery(file, size, is_all ? 1 : size / places + 1), trial);
      std::cout << sweep.counts << std::endl;
      EXPECT_THAT(sweep.bad, testing::IsEmpty());
    }
  }

  static const std::string* top_;
  static const ReferenceFolder* closed_;
  static const ReferenceFolder* killed_;
};
const std::string* DamageTest::top_ = nullptr;
const ReferenceFolder* DamageTest::closed_ = nullptr;
const ReferenceFolder* DamageTest::killed_ = nullptr;

bool IsTable(const std::string& file) { return absl::EndsWith(file, ".sst"); }
bool IsIndex(const std::string& file) { return absl::StartsWith(file, "data/index/"); }
bool IsText(const std::string& file) { return absl::StrContains(file, "/LOG") || absl::StrContains(file, "/OPTIONS"); }

bool IsOfTheLog(const std::string& file) {
  return absl::StartsWith(file, "data/") && !IsTable(file) && !IsIndex(file) && !IsText(file);
}

TEST_F(DamageTest, OfAClosedLog) { Sweep(*closed_, 8, IsOfTheLog); }

TEST_F(DamageTest, OfAKilledLog) { Sweep(*killed_, 8, IsOfTheLog); }

TEST_F(DamageTest, OfTheKeys) {
  Sweep(*closed_, 8, [](const std::string& file) {
    return absl::StartsWith(file, "keys/") && !IsTable(file) && !IsText(file);
  });
}

// 500 places with RECOUNT_DEEP.
TEST_F(DamageTest, OfTables) {
  Sweep(*closed_, std::getenv("RECOUNT_DEEP") != nullptr ? 100 : 4,
        [](const std::string& file) { return IsTable(file) && !IsIndex(file); });
}

// It is made again from the log.
TEST_F(DamageTest, OfTheIndex) {
  Sweep(*closed_, 4, [](const std::string& file) { return IsIndex(file) && !IsText(file); });
}

}  // namespace
}  // namespace recount::disk
