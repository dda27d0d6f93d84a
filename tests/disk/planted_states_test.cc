// Canaries: folders as faulty stores would leave them or take them. The check must find each, or the sweep's "harmless"
// (damage_test.cc) would mean nothing.
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "eventstore/durable_file.h"
#include "eventstore/event_log.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/rocksdb_index_writer.h"
#include "eventstore/rocksdb_key_vault.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "tests/disk/child_process.h"
#include "tests/disk/damage_sweep.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;
using namespace eventstore;  // NOLINT: this is all about it
using testing::HasSubstr;
using testing::StartsWith;

class PlantedStatesTest : public testing::Test {
 protected:
  PlantedStatesTest() {
    std::string path = testing::TempDir() + "recount_planted_XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    top_ = fs::canonical(path).string();
    folder_ = MakeClosedFolder(top_);
    EXPECT_FALSE(folder_.saved.empty());
  }
  ~PlantedStatesTest() override { fs::remove_all(top_); }

  // The outcome's name and the message, of a copy that `plant` has changed.
  std::string Plant(const std::function<void(const std::string& copy)>& plant) const {
    const std::string copy = top_ + "/copy";
    return RunInChild([&](const Report& report) {
      fs::remove_all(copy);
      fs::copy(folder_.path, copy, fs::copy_options::recursive);
      plant(copy);
      std::string message;
      const Outcome outcome = OpenAndCheck(folder_, copy, &message);
      report(std::string(NameOf(outcome)) + ": " + message);
    }, 100).text;
  }

  static void CutWals(const std::string& folder, uintmax_t part) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".log") fs::resize_file(entry.path(), entry.file_size() / part);
    }
  }

  // As if nobody had asked the mark: an empty one, which any folder satisfies.
  static void ForgetMark(const std::string& path, absl::string_view log_id) {
    if (!HighWaterMarkFile::Create(path, log_id).ok()) abort();
  }
  static std::string LogId(const std::string& copy) {
    const std::string format = *ReadFile(copy + "/data/FORMAT");
    return absl::HexStringToBytes(format.substr(format.find("id ") + 3, 32));
  }

  std::string top_;
  ReferenceFolder folder_;
};

TEST_F(PlantedStatesTest, NothingPlantedIsHarmless) {
  EXPECT_THAT(Plant([](const std::string&) {}), StartsWith("harmless"));
}

TEST_F(PlantedStatesTest, ARecoveryThatTrustsRocksdbLosesCommits) {
  const auto cut = [](const std::string& copy) { CutWals(copy + "/data/log", 2); };
  EXPECT_THAT(Plant(cut), StartsWith("refused"));
  EXPECT_THAT(Plant([&](const std::string& copy) {
    cut(copy);
    ForgetMark(copy + "/data/HWM", LogId(copy));
  }), testing::AllOf(StartsWith("WRONG"), HasSubstr("that were acknowledged")));
}

TEST_F(PlantedStatesTest, ARecoveryThatTrustsRocksdbLosesKeys) {
  const auto cut = [](const std::string& copy) { CutWals(copy + "/keys/db", 2); };
  EXPECT_THAT(Plant(cut), StartsWith("refused"));
  EXPECT_THAT(Plant([&](const std::string& copy) {
    cut(copy);
    ForgetMark(copy + "/keys/HWM", kVaultMarkId);
  }), testing::AllOf(StartsWith("WRONG"), HasSubstr("is gone")));
}

// The watermark says that everything is in the index, and nothing is.
TEST_F(PlantedStatesTest, AWatermarkAheadOfTheIndexGivesOtherAnswers) {
  EXPECT_THAT(Plant([](const std::string& copy) {
    RocksdbLogOptions options;
    options.directory = copy + "/data";
    std::map<TenantNumber, Head> heads;
    {
      auto log = *OpenRocksdbEventLog(options);
      for (TenantNumber tenant = 1; tenant <= StoreHistory::kTenants; ++tenant) heads[tenant] = log->DurableHead(tenant);
    }
    fs::remove_all(copy + "/data/index");
    rocksdb::DB* opened = nullptr;
    if (!rocksdb::DB::Open(IndexDatabaseOptions(nullptr), copy + "/data/index", &opened).ok()) abort();
    const std::unique_ptr<rocksdb::DB> index(opened);
    index->Put({}, IndexKey(kNoTenant, IndexKind::kFormat, ""), kIndexFormat);
    for (const auto& [tenant, head] : heads) {
      index->Put({}, IndexKey(tenant, IndexKind::kWatermark, ""), EncodeWatermark(head));
    }
  }), StartsWith("WRONG"));
}

// ---- What a backup tool or a person may do with the folders. ----

class OtherDaysTest : public PlantedStatesTest {
 protected:
  // A copy in which `names` are those of a day with more commits.
  std::string With(const std::vector<std::string>& names) const {
    return Plant([&](const std::string& copy) {
      const std::string later = top_ + "/later";
      fs::remove_all(later);
      fs::copy(folder_.path, later, fs::copy_options::recursive);
      StoreHistory history(7);
      history.Load(folder_.saved);
      history.Open(later);
      for (int i = 0; i < 20; ++i) history.Append();
      history.Settle();
      history.Close();
      for (const std::string& name : names) {
        fs::remove_all(copy + "/" + name);
        fs::copy(later + "/" + name, copy + "/" + name, fs::copy_options::recursive);
      }
    });
  }
};

TEST_F(OtherDaysTest, TheLogOfYesterdayIsRefusedBesideTheMarkOfToday) {
  EXPECT_THAT(With({"data/HWM"}), StartsWith("refused"));
  EXPECT_THAT(With({"keys/HWM"}), StartsWith("refused"));
}

TEST_F(OtherDaysTest, AnIndexOfAnotherDayIsMadeAgain) { EXPECT_THAT(With({"data/index"}), StartsWith("harmless")); }

TEST_F(OtherDaysTest, MoreKeysThanEventsAreHarmless) { EXPECT_THAT(With({"keys"}), StartsWith("harmless")); }

}  // namespace
}  // namespace recount::disk
