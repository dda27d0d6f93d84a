// Making and checking a backup of a log, while the log goes on (docs/adr/0007). Reads commits through EventLog alone, so that it
// is the same for every implementation.
#ifndef RECOUNT_EVENTSTORE_BACKUP_H_
#define RECOUNT_EVENTSTORE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/event_log.h"
#include "recount/storage/v1/backup.pb.h"

namespace recount::eventstore {

struct BackupSource {
  TenantNumber tenant = 0;
  std::string id;  // for people
};

struct BackupOptions {
  std::string folder;  // made if missing
  bool simulated_clock = false;
  int64_t now_micros = 0;
  size_t segment_bytes = 16 << 20;  // a segment ends with the commit that brings it there
  uint64_t free_space_reserve_bytes = 0;  // as in RocksdbLogOptions
};

// Told now and then how many events are there and how many there will be; an error ends the backup.
using BackupProgress = std::function<absl::Status(uint64_t events, uint64_t target)>;

// Adds to the backup in the folder what the logs have more, or makes the first one; the system log (0) is always in it, and read
// last, so that it names every tenant whose log is there. Returns the manifest, whose last run is this one. On any error the
// backup stays as it was.
//
// FAILED_PRECONDITION (`BACKUP_MISMATCH: `): the folder holds something else, or the backup of another log, or one that is past
// this log. ABORTED (`BACKUP_RUNNING: `). RESOURCE_EXHAUSTED (`DISK_FULL: `). DATA_LOSS: what is there is damaged; names the file.
absl::StatusOr<storage::v1::BackupManifest> BackUpLog(EventLog& log, const std::vector<BackupSource>& tenants,
                                                      const BackupOptions& options, const BackupProgress& progress);

// Reads every byte: checksums, hash chain, positions, revisions, recorded times. Findings are sentences that name file and
// positions; none means that all of it can be restored.
absl::StatusOr<std::vector<std::string>> VerifyBackup(const std::string& folder, const BackupProgress& progress);

// The commits of a tenant in order, each checked against the chain; `visit` returns false to stop.
absl::Status ReadBackup(const std::string& folder, const storage::v1::BackupTenant& tenant, const CommitVisitor& visit);

// The commits of one segment, where only that matters; the chain is checked within it.
absl::Status ReadBackupSegment(const std::string& folder, const storage::v1::BackupTenant& tenant, int index,
                               const CommitVisitor& visit);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_BACKUP_H_
