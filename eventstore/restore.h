// A new data folder from a backup, whole or as it stood in the past, without a server.
#ifndef RECOUNT_EVENTSTORE_RESTORE_H_
#define RECOUNT_EVENTSTORE_RESTORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/backup.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

struct RestoreOptions {
  std::string backup;     // folder of the backup
  std::string directory;  // holds no log yet
  // Where to cut, at most one of the two. With a tenant that tenant alone; the others are restored whole.
  std::string tenant;                      // id
  std::optional<uint64_t> position;        // a commit's end; needs a tenant
  std::optional<int64_t> recorded_micros;  // the last commit recorded by then
};

struct RestoredTenant {
  TenantNumber number = 0;
  std::string id;
  Head head;                    // 0: nothing of it was there by then, and it is left out
  uint64_t backed_up_position = 0;
};

// What a restore with these options makes; reads as little of the backup as that takes. NOT_FOUND: no backup, no such tenant.
// OUT_OF_RANGE: no such position, or within a commit; names those that are near. DATA_LOSS: damage, with file and positions.
absl::StatusOr<std::vector<RestoredTenant>> PlanRestore(const RestoreOptions& options);

// Writes the log of a plan, then opens and verifies it as a server would. `progress` as for a backup.
absl::Status RestoreLog(const RestoreOptions& options, const std::vector<RestoredTenant>& plan, const BackupProgress& progress);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_RESTORE_H_
