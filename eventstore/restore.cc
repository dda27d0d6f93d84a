#include "eventstore/restore.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eventstore/backup_folder.h"
#include "eventstore/rocksdb_restore.h"

namespace recount::eventstore {
namespace {

using storage::v1::BackupManifest;
using storage::v1::BackupTenant;

constexpr uint64_t kCommitsBetweenProgress = 4096;

absl::Status CheckOptions(const RestoreOptions& options) {
  if (options.position.has_value() && options.recorded_micros.has_value()) {
    return absl::InvalidArgumentError("give a position or a time, not both");
  }
  if (options.position.has_value() && options.tenant.empty()) {
    return absl::InvalidArgumentError("every tenant has positions of its own: say of which tenant the position is");
  }
  if (!options.tenant.empty() && !options.position.has_value() && !options.recorded_micros.has_value()) {
    return absl::InvalidArgumentError("say up to which position or time of the tenant");
  }
  return absl::OkStatus();
}

absl::Status NoSuchTenant(const BackupManifest& manifest, const std::string& id) {
  std::vector<std::string> ids;
  for (const BackupTenant& tenant : manifest.tenants()) {
    if (!tenant.id().empty()) ids.push_back(tenant.id());
  }
  return absl::NotFoundError(
      absl::StrCat("there is no tenant ", id, " in the backup; there is: ", ids.empty() ? "none" : absl::StrJoin(ids, ", ")));
}

// The end of the commit that ends at `position`.
absl::StatusOr<Head> AtPosition(const std::string& folder, const BackupTenant& tenant, uint64_t position) {
  const uint64_t newest = HeadOf(tenant).position;
  if (position == 0 || position > newest) {
    return absl::OutOfRangeError(
        absl::StrCat("tenant ", tenant.id(), " has positions 1 to ", newest, " in the backup, not ", position));
  }
  int index = 0;
  while (tenant.segments(index).last_position() < position) ++index;
  StoredCommit found;
  absl::Status read = ReadBackupSegment(folder, tenant, index, [&](const StoredCommit& commit) {
    if (commit.last_position < position) return true;
    found = commit;
    return false;
  });
  if (!read.ok()) return read;
  if (found.last_position == position) return HeadAfter(found);
  const std::string before = found.first_position == 1 ? "" : absl::StrCat(found.first_position - 1, " or ");
  return absl::OutOfRangeError(absl::StrCat("position ", position, " lies within a commit, which has the positions ",
                                            found.first_position, " to ", found.last_position, "; restore up to ", before,
                                            found.last_position));
}

// The end of the last commit recorded by a time.
absl::StatusOr<Head> AtTime(const std::string& folder, const BackupTenant& tenant, int64_t recorded_micros) {
  int index = 0;
  while (index < tenant.segments_size() && tenant.segments(index).last_recorded_micros() <= recorded_micros) ++index;
  Head head = index == 0 ? Head{} : EndOf(tenant.segments(index - 1));
  if (index == tenant.segments_size()) return head;
  absl::Status read = ReadBackupSegment(folder, tenant, index, [&](const StoredCommit& commit) {
    if (commit.record.recorded_micros() > recorded_micros) return false;
    head = HeadAfter(commit);
    return true;
  });
  if (!read.ok()) return read;
  return head;
}

absl::StatusOr<Head> CutOf(const RestoreOptions& options, const BackupTenant& tenant) {
  const bool is_cut = options.tenant.empty() || options.tenant == tenant.id();
  if (is_cut && options.position.has_value()) return AtPosition(options.backup, tenant, *options.position);
  if (is_cut && options.recorded_micros.has_value()) return AtTime(options.backup, tenant, *options.recorded_micros);
  return HeadOf(tenant);
}

absl::Status VerifyRestored(const RestoreOptions& options, const std::vector<RestoredTenant>& plan) {
  RocksdbLogOptions log_options;
  log_options.directory = options.directory;
  log_options.unpacked_events = kNeverPack;  // the server will
  auto log = OpenRocksdbEventLog(log_options);
  if (!log.ok()) return log.status();
  std::vector<std::string> findings;
  for (const RestoredTenant& tenant : plan) {
    const Head head = (*log)->DurableHead(tenant.number);
    if (head.position != tenant.head.position || head.hash != tenant.head.hash) {
      findings.push_back(absl::StrCat("tenant ", tenant.number, " stands at position ", head.position, ", not at ",
                                      tenant.head.position));
    }
    auto found = (*log)->Verify(tenant.number, nullptr);
    if (!found.ok()) return found.status();
    for (std::string& finding : *found) findings.push_back(std::move(finding));
  }
  (*log)->Close();
  return findings.empty() ? absl::OkStatus() : absl::DataLossError(absl::StrJoin(findings, "\n"));
}

}  // namespace

absl::StatusOr<std::vector<RestoredTenant>> PlanRestore(const RestoreOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<BackupManifest> manifest = ReadManifest(options.backup);
  if (!manifest.ok()) return manifest.status();
  std::vector<RestoredTenant> plan;
  bool is_known = options.tenant.empty();
  for (const BackupTenant& tenant : manifest->tenants()) {
    is_known = is_known || tenant.id() == options.tenant;
    absl::StatusOr<Head> head = CutOf(options, tenant);
    if (!head.ok()) return head.status();
    if (tenant.id() == options.tenant && !options.tenant.empty() && head->position == 0) {
      return absl::OutOfRangeError(absl::StrCat("nothing of tenant ", tenant.id(), " was recorded by then"));
    }
    plan.push_back({tenant.number(), tenant.id(), *head, HeadOf(tenant).position});
  }
  if (!is_known) return NoSuchTenant(*manifest, options.tenant);
  if (plan.empty() || plan[0].head.position == 0) {
    return absl::OutOfRangeError("nothing of the backup was recorded by then");
  }
  return plan;
}

absl::Status RestoreLog(const RestoreOptions& options, const std::vector<RestoredTenant>& plan, const BackupProgress& progress) {
  absl::StatusOr<BackupManifest> manifest = ReadManifest(options.backup);
  if (!manifest.ok()) return manifest.status();
  uint64_t target = 0;
  for (const RestoredTenant& tenant : plan) target += tenant.head.position;
  uint64_t events = 0;
  uint64_t commits = 0;
  absl::Status status = RestoreRocksdbLog(options.directory, [&](const CommitTaker& take) {
    for (const RestoredTenant& tenant : plan) {
      if (tenant.head.position == 0) continue;
      absl::Status taken;
      const auto visit = [&](const StoredCommit& commit) {
        if (commit.last_position > tenant.head.position) return false;
        taken = take(tenant.number, commit);
        events += commit.last_position - commit.first_position + 1;
        if (taken.ok() && ++commits % kCommitsBetweenProgress == 0) taken = progress(events, target);
        return taken.ok() && commit.last_position < tenant.head.position;
      };
      absl::Status read = ReadBackup(options.backup, *FindTenant(*manifest, tenant.number), visit);
      if (!read.ok()) return read;
      if (!taken.ok()) return taken;
    }
    return absl::OkStatus();
  });
  return status.ok() ? VerifyRestored(options, plan) : status;
}

}  // namespace recount::eventstore
