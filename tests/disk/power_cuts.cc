#include "tests/disk/power_cuts.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostSteps = 200;
// Calls that opening a folder takes at most, and those of the work.
constexpr uint64_t kOpeningLog2 = 8;
constexpr uint64_t kWorkLog2 = 9;

class Rounds {
 public:
  Rounds(const PowerCutOptions& options, PowerCutCounts* counts)
      : options_(options), random_(options.seed), history_(random_(), options.key_flush), counts_(counts) {
    char path[] = "/tmp/recount_power_XXXXXX";
    top_ = fs::canonical(mkdtemp(path)).string();
    fs::create_directory(Folder());
  }
  ~Rounds() { fs::remove_all(top_); }

  absl::Status Run(int rounds) {
    for (int round = 0; round < rounds && history_.is_sound(); ++round) One();
    if (history_.is_sound()) OpenAndCheck();  // on a disk that keeps everything
    history_.Close();
    counts_->commits += history_.commits();
    const absl::Status& problem = history_.problem();
    if (problem.ok()) return problem;
    return absl::Status(problem.code(), absl::StrCat("opening ", number_, " of ", top_, ": ", problem.message()));
  }

 private:
  std::string Folder() const { return absl::StrCat(top_, "/", number_); }
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  void OpenAndCheck() {
    history_.Open(Folder());
    if (history_.is_sound()) history_.Check();
  }

  void One() {
    ++counts_->rounds;
    const std::string here = Folder();
    LossyDisk disk(here, random_(), options_.lie);
    StoreHistory::Counts acknowledged = {};
    const auto cut_within = [&](uint64_t most_calls_log2) {
      const uint64_t calls = 1 + Below(1ull << (1 + Below(most_calls_log2)));  // few and many are equally likely
      disk.CutAt(calls, absl::StrCat(top_, "/", number_ + 1), [&] { acknowledged = history_.acknowledged(); });
    };
    const bool is_early = Below(3) == 0;
    if (is_early) cut_within(kOpeningLog2);
    OpenAndCheck();
    counts_->torn_wals += fs::exists(here + "/data/torn-wal") || fs::exists(here + "/keys/torn-wal");
    uint64_t* moment = disk.is_cut() ? &counts_->during_opening : &counts_->during_work;
    if (!is_early) cut_within(kWorkLog2);
    for (uint64_t step = Below(kMostSteps); step > 0 && !disk.is_cut() && history_.is_sound(); --step) history_.Step();
    if (!disk.is_cut()) {
      moment = &counts_->at_rest;
      if (Below(2)) history_.Close();
      disk.CutNow();
    }
    ++*moment;
    history_.Close();
    history_.ExpectAtLeast(acknowledged);
    ++number_;
    fs::remove_all(here);
  }

  const PowerCutOptions options_;
  std::mt19937_64 random_;
  StoreHistory history_;
  PowerCutCounts* const counts_;
  std::string top_;
  uint64_t number_ = 0;  // of power failures; names the folder
};

}  // namespace

absl::Status LosePower(const PowerCutOptions& options, int rounds, PowerCutCounts* counts) {
  return Rounds(options, counts).Run(rounds);
}

}  // namespace recount::disk
