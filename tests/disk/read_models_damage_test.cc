// Read models are derived: damaged anywhere they are counted again or refused, and never answer wrongly. Every place with
// RECOUNT_DEEP, else some.
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/tenant_read_models.h"
#include "projections/test_history.h"
#include "rocksdb/db.h"
#include "tests/disk/child_process.h"
#include "tests/disk/damage_sweep.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;
using namespace projections;  // NOLINT: this is all about it

constexpr int kCommits = 60;

std::unique_ptr<eventstore::EventLog> TheLog(int commits) { return RandomLog(23, commits); }

// Digests of all subjects at the end of the log, or why there are none.
absl::StatusOr<std::string> Digests(eventstore::EventLog* log, const std::string& directory) {
  ReadModelOptions options;
  options.tenant = kTestTenant;
  options.directory = directory;
  options.checkpoint_interval_ms = 3'600'000;
  TenantReadModels models(options, log, AllSubjects());
  if (absl::Status started = models.Start(); !started.ok()) return started;
  const auto read = models.Read(log->DurableHead(kTestTenant).position, absl::Now() + absl::Seconds(60));
  if (!read.ok()) return read.status();
  std::string digests;
  for (const SubjectStatus& status : models.Status()) absl::StrAppend(&digests, status.subject, " ", status.digest, "\n");
  if (directory.empty()) return digests;
  if (absl::Status closed = models.Close(); !closed.ok()) return closed;
  return digests;
}

class ReadModelsDamageTest : public testing::Test {
 protected:
  ReadModelsDamageTest() {
    std::string path = testing::TempDir() + "recount_models_XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    top_ = fs::canonical(path).string();
    expected_ = *Digests(TheLog(kCommits).get(), "");
    EXPECT_EQ(Keep(kCommits / 2, "early"), "");
    EXPECT_EQ(Keep(kCommits, "models"), "");  // in two checkpoints: tables and a WAL
  }
  ~ReadModelsDamageTest() override { fs::remove_all(top_); }

  // Makes or goes on with the folder of read models.
  std::string Keep(int commits, const std::string& name) const {
    return RunInChild([&](const Report& report) {
      const auto kept = Digests(TheLog(commits).get(), top_ + "/" + name);
      if (!kept.ok()) report(kept.status().ToString());
    }, 100).text;
  }

  Outcome Look(const std::string& copy, std::string* message) const {
    const auto log = TheLog(kCommits);
    const auto digests = Digests(log.get(), copy);
    if (digests.ok()) return *digests == expected_ ? Outcome::kHarmless : Outcome::kWrong;
    *message = digests.status().ToString();
    return absl::StrContains(*message, copy) ? Outcome::kRefused : Outcome::kUnclear;
  }

  std::string top_;
  std::string expected_;
};

TEST_F(ReadModelsDamageTest, IsCountedAgainOrRefused) {
  const std::string folder = top_ + "/models";
  const auto files = FilesOf(folder, [](const std::string& file) {
    return !absl::StartsWith(file, "LOG") && !absl::StartsWith(file, "OPTIONS");
  });
  ASSERT_FALSE(files.empty());
  const size_t places = std::getenv("RECOUNT_DEEP") != nullptr ? 200 : 5;
  for (const auto& [file, size] : files) {
    const SweepResult sweep = TryAll(folder, DamageEvery(file, size, size / places + 1),
                                     [&](const std::string& copy, std::string* message) { return Look(copy, message); });
    std::cout << sweep.counts << std::endl;
    EXPECT_THAT(sweep.bad, testing::IsEmpty());
  }
}

// A checkpoint that is not written in one batch: the parts of a newer one beside the rest of an older one.
TEST_F(ReadModelsDamageTest, AHalfCheckpointIsCountedAgain) {
  for (const bool takes_manifest : {true, false}) {
    const std::string said = RunInChild([&](const Report& report) {
      const std::string copy = top_ + "/copy";
      fs::remove_all(copy);
      fs::copy(top_ + "/early", copy, fs::copy_options::recursive);
      rocksdb::DB *later = nullptr, *early = nullptr;
      if (!rocksdb::DB::Open({}, top_ + "/models", &later).ok() || !rocksdb::DB::Open({}, copy, &early).ok()) abort();
      int taken = 0;
      std::unique_ptr<rocksdb::Iterator> it(later->NewIterator({}));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        const bool is_manifest = it->key().size() == 13 && it->key()[12] == 'm';
        if (is_manifest != takes_manifest || it->key().size() <= 12) continue;
        std::string old;
        taken += early->Get({}, it->key(), &old).ok() && it->value() != old;
        if (!early->Put({}, it->key(), it->value()).ok()) abort();
      }
      it.reset();
      delete later;
      delete early;
      std::string message;
      report(absl::StrCat(taken > 0 ? "" : "nothing was changed ", NameOf(Look(copy, &message)), message));
    }, 100).text;
    EXPECT_EQ(said, "harmless") << (takes_manifest ? "manifest first" : "manifest last");
  }
}

}  // namespace
}  // namespace recount::disk
