// Canaries: stores that do one thing wrong on their way to the disk. The power failures must find each of them, or finding
// nothing in the stores as they are (power_loss_test.cc) would mean nothing.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/disk/child_process.h"
#include "tests/disk/power_cuts.h"

namespace recount::disk {
namespace {

constexpr int kRoundsOnAFolder = 8;
constexpr uint64_t kMostRounds = 400;
constexpr unsigned kLimitSeconds = 250;

bool IsIn(const std::string& path, absl::string_view folder, absl::string_view name_part) {
  return absl::StrContains(path, folder) && absl::StrContains(path.substr(path.rfind('/')), name_part);
}

struct Fault {
  const char* name;
  LossyDisk::Lie lie;
  KeyFlush key_flush = KeyFlush::kBeforeLog;
};

// Without the sync in question.
Fault Without(const char* name, const char* folder, const char* file) {
  return {name, [=](Sync sync, const std::string& path) { return sync == Sync::kFile && IsIn(path, folder, file); }};
}

Fault WithoutFolders(const char* name, std::function<bool(const std::string&)> which) {
  return {name, [=](Sync sync, const std::string& path) { return sync == Sync::kFolder && which(path); }};
}

std::vector<Fault> Faults() {
  std::vector<Fault> faults = {
      Without("the log is acknowledged before its sync, but the mark waits for its own", "/data/log/", ".log"),
      {"the log and its mark are acknowledged before any sync",
       [](Sync sync, const std::string& path) { return IsIn(path, "/data/log/", ".log") || IsIn(path, "/data/", "HWM"); }},
      Without("the keys are not synced before the log", "/keys/db/", ".log"),
      {"the keys are written after the log", nullptr, KeyFlush::kAfterLog},
      Without("the mark of a new folder is renamed before its sync", "/data/", "HWM.new"),
      Without("the format of a new folder is renamed before its sync", "/data/", "FORMAT.new"),
      Without("the master key is renamed before its sync", "/keys/", "master.key.new"),
      Without("a table counts before its sync", "/data/log/", ".sst"),
      Without("a table counts before the MANIFEST that names it is synced", "/data/log/", "MANIFEST"),
      WithoutFolders("no folder is synced", [](const std::string& path) { return true; }),
      WithoutFolders("the log's folder is not synced", [](const std::string& path) { return absl::EndsWith(path, "/data/log"); }),
      WithoutFolders("the data folder is not synced", [](const std::string& path) { return absl::EndsWith(path, "/data"); }),
      WithoutFolders("the folder of the keys is not synced", [](const std::string& path) { return absl::EndsWith(path, "/keys"); }),
  };
  // One group of commits is acknowledged with the sync of the next.
  Fault late = {"every second sync of the log is late", nullptr};
  late.lie = [count = std::make_shared<std::atomic<int>>(0)](Sync sync, const std::string& path) {
    return IsIn(path, "/data/log/", ".log") && ++*count % 2 == 0;
  };
  faults.push_back(std::move(late));
  return faults;
}

// The first problem; empty: none was found.
std::string FindProblem(const Fault& fault, uint64_t seed) {
  std::mt19937_64 random(seed);
  PowerCutCounts counts;
  while (counts.rounds < kMostRounds) {
    const absl::Status status = LosePower({random(), fault.lie, fault.key_flush}, kRoundsOnAFolder, &counts);
    if (!status.ok()) return absl::StrCat("round ", counts.rounds, ", ", status.ToString());
  }
  return "";
}

TEST(PlantedFaultsTest, EveryFaultOnTheWayToTheDiskIsFound) {
  const char* given = std::getenv("RECOUNT_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "RECOUNT_SEED=" << seed << "\n";
  for (const Fault& fault : Faults()) {
    const ChildResult result = RunInChild([&](const Report& report) { report(FindProblem(fault, seed)); }, kLimitSeconds);
    const bool has_ended = result.end == ChildResult::End::kAborted;
    std::cout << fault.name << ": " << (has_ended ? "RocksDB ended the process" : result.text.substr(0, 160)) << "\n";
    EXPECT_TRUE(has_ended || !result.text.empty()) << fault.name << ": not found in " << kMostRounds << " power failures";
  }
}

}  // namespace
}  // namespace recount::disk
