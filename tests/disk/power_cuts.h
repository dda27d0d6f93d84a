// Rounds of: open what the last power failure left, check it, work on, and lose the power at a random moment.
#ifndef RECOUNT_TESTS_DISK_POWER_CUTS_H_
#define RECOUNT_TESTS_DISK_POWER_CUTS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "tests/disk/lossy_disk.h"
#include "tests/disk/store_history.h"

namespace recount::disk {

struct PowerCutOptions {
  uint64_t seed = 0;
  LossyDisk::Lie lie = nullptr;
  KeyFlush key_flush = KeyFlush::kBeforeLog;
};

// What rounds met, to show that they met everything.
struct PowerCutCounts {
  uint64_t rounds = 0;
  uint64_t commits = 0;
  uint64_t during_opening = 0;
  uint64_t during_work = 0;
  uint64_t at_rest = 0;  // after the last operation, or after closing
  uint64_t torn_wals = 0;
};

// One folder through `rounds` power failures. The status is that of StoreHistory::problem() with the round in front. A seed repeats
// operations and moments; the stores' own threads run as they like, so that not each run with it is the same.
absl::Status LosePower(const PowerCutOptions& options, int rounds, PowerCutCounts* counts);

}  // namespace recount::disk

#endif  // RECOUNT_TESTS_DISK_POWER_CUTS_H_
