#include "eventstore/backup.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/backup_folder.h"
#include "eventstore/commit_codec.h"
#include "eventstore/durable_file.h"
#include "eventstore/free_space.h"
#include "eventstore/log_verifier.h"

namespace recount::eventstore {
namespace {

using storage::v1::BackupManifest;
using storage::v1::BackupRun;
using storage::v1::BackupSegment;
using storage::v1::BackupTenant;

constexpr TenantNumber kSystem = 0;

absl::Status Mismatch(const std::string& folder, absl::string_view finding) {
  return absl::FailedPreconditionError(absl::StrCat("BACKUP_MISMATCH: the backup in ", folder, " is of another log: ", finding,
                                                    "; name another folder"));
}

// The part of a tenant in a manifest, put in at its place if it is not there.
BackupTenant* PlaceFor(const BackupSource& source, BackupManifest* manifest) {
  int index = 0;
  while (index < manifest->tenants_size() && manifest->tenants(index).number() < source.tenant) ++index;
  if (index == manifest->tenants_size() || manifest->tenants(index).number() != source.tenant) {
    manifest->add_tenants()->set_number(source.tenant);
    for (int i = manifest->tenants_size() - 1; i > index; --i) manifest->mutable_tenants()->SwapElements(i, i - 1);
  }
  BackupTenant* tenant = manifest->mutable_tenants(index);
  tenant->set_id(source.id);
  return tenant;
}

// One backup on its way into a folder.
class Making {
 public:
  Making(EventLog& log, const BackupOptions& options, const BackupProgress& progress)
      : log_(log), options_(options), progress_(progress), guard_(options.folder, options.free_space_reserve_bytes) {}

  absl::Status Open() {
    if (absl::Status status = MakeDirectory(options_.folder); !status.ok()) return status;
    if (!FileExists(options_.folder + "/MANIFEST")) {
      if (absl::Status status = CheckIsFree(options_.folder); !status.ok()) return status;
    }
    auto lock = DirectoryLock::Take(options_.folder);
    if (absl::IsFailedPrecondition(lock.status())) {
      return absl::AbortedError(absl::StrCat("BACKUP_RUNNING: a backup into ", options_.folder, " is being made"));
    }
    if (!lock.ok()) return lock.status();
    lock_ = *std::move(lock);
    absl::StatusOr<BackupManifest> manifest = ReadManifest(options_.folder);
    if (!manifest.ok() && !absl::IsNotFound(manifest.status())) return manifest.status();
    if (manifest.ok()) before_ = *std::move(manifest);
    manifest_ = before_;
    manifest_.set_simulated_clock(options_.simulated_clock);
    return RemoveLeftovers(options_.folder, before_);
  }

  // How far each log shall be in the backup, and that it goes on from what is there.
  absl::Status Plan(const std::vector<BackupSource>& sources) {
    for (const BackupSource& source : sources) {
      if (source.tenant == kSystem) continue;
      const Head head = log_.DurableHead(source.tenant);
      if (head.position > 0) plan_.emplace_back(source, head);
    }
    plan_.emplace_back(BackupSource{kSystem, ""}, log_.DurableHead(kSystem));
    size_t known = 0;
    for (const auto& [source, head] : plan_) {
      const BackupTenant* tenant = FindTenant(before_, source.tenant);
      const Head there = tenant == nullptr ? Head{} : HeadOf(*tenant);
      known += tenant != nullptr;
      if (there.position > head.position || (there.position == head.position && there.hash != head.hash)) {
        return Mismatch(options_.folder, absl::StrCat("of tenant ", source.tenant, " it holds position ", there.position,
                                                      ", and this log stands at ", head.position));
      }
      target_ += head.position - there.position;
    }
    if (known < static_cast<size_t>(before_.tenants_size())) {
      return Mismatch(options_.folder, "it holds tenants that are not here");
    }
    return CheckFilesAreThere();
  }

  absl::Status CopyAll() {
    for (const auto& [source, head] : plan_) {
      if (head.position == 0) continue;
      if (absl::Status status = Copy(PlaceFor(source, &manifest_), head); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<BackupManifest> Finish() {
    run_.set_number(before_.runs().empty() ? 1 : before_.runs().rbegin()->number() + 1);
    run_.set_made_micros(options_.now_micros);
    *manifest_.add_runs() = run_;
    if (absl::Status status = WriteManifest(options_.folder, manifest_); !status.ok()) return status;
    return std::move(manifest_);
  }

  // Gives back the space of a backup that failed: of what the manifest that is there does not name. That may be the new one, if
  // it was put in its place and only then something failed.
  void GiveUp() {
    absl::StatusOr<BackupManifest> manifest = ReadManifest(options_.folder);
    if (absl::IsNotFound(manifest.status())) manifest = BackupManifest();
    if (manifest.ok()) RemoveLeftovers(options_.folder, *manifest).IgnoreError();
  }

 private:
  // Cheaply; VerifyBackup reads them.
  absl::Status CheckFilesAreThere() const {
    for (const BackupTenant& tenant : before_.tenants()) {
      for (const BackupSegment& segment : tenant.segments()) {
        const std::string path = SegmentPath(options_.folder, tenant.number(), segment.first_position());
        if (!FileExists(path)) {
          return DamagedBackup(path, absl::StrCat("tenant ", tenant.number(), ", positions ", segment.first_position(), " to ",
                                                  segment.last_position(),
                                                  ": the file is missing; make a new backup in another folder"));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status Copy(BackupTenant* tenant, const Head& head) {
    Head at = HeadOf(*tenant);
    if (at.position == head.position) return absl::OkStatus();
    auto builder = std::make_unique<SegmentBuilder>(tenant->number(), at);
    absl::Status copied;
    absl::Status read = log_.ReadCommits(tenant->number(), at.position, Direction::kForward, [&](const StoredCommit& commit) {
      if (commit.first_position != at.position + 1 || NextHash(at.hash, commit.bytes) != commit.hash) {
        copied = Mismatch(options_.folder, absl::StrCat("the commit of tenant ", tenant->number(), " at position ",
                                                        commit.first_position, " does not follow what is in it"));
        return false;
      }
      builder->Add(commit);
      at = HeadAfter(commit);
      run_.set_events(run_.events() + commit.last_position - commit.first_position + 1);
      const bool is_last = at.position >= head.position;
      if (!is_last && builder->bytes() < options_.segment_bytes) return true;
      copied = Write(*builder, tenant);
      builder = std::make_unique<SegmentBuilder>(tenant->number(), at);
      return copied.ok() && !is_last;
    });
    if (!read.ok()) return read;
    if (copied.ok() && at.position < head.position) {
      return absl::InternalError(absl::StrCat("the log of tenant ", tenant->number(), " ends at ", at.position, ", not at ",
                                              head.position));
    }
    return copied;
  }

  absl::Status Write(SegmentBuilder& builder, BackupTenant* tenant) {
    if (absl::Status status = guard_.Check(); !status.ok()) return status;
    absl::StatusOr<BackupSegment> segment = builder.Write(options_.folder);
    if (!segment.ok()) return segment.status();
    run_.set_segments(run_.segments() + 1);
    run_.set_bytes(run_.bytes() + segment->bytes());
    *tenant->add_segments() = *std::move(segment);
    return progress_(run_.events(), target_);
  }

  EventLog& log_;
  const BackupOptions& options_;
  const BackupProgress& progress_;
  FreeSpaceGuard guard_;
  std::unique_ptr<DirectoryLock> lock_;
  BackupManifest before_;
  BackupManifest manifest_;
  std::vector<std::pair<BackupSource, Head>> plan_;
  uint64_t target_ = 0;
  BackupRun run_;
};

// Positions and chain, from one commit to the next.
absl::Status Decode(TenantNumber tenant, const CommitParts& parts, Head* at, StoredCommit* commit) {
  absl::Status status = DecodeCommit(tenant, at->position + 1, parts, at->hash, commit);
  if (status.ok()) *at = HeadAfter(*commit);
  return status;
}

}  // namespace

absl::StatusOr<BackupManifest> BackUpLog(EventLog& log, const std::vector<BackupSource>& tenants, const BackupOptions& options,
                                         const BackupProgress& progress) {
  Making making(log, options, progress);
  if (absl::Status status = making.Open(); !status.ok()) return status;
  absl::Status status = making.Plan(tenants);
  if (status.ok()) status = making.CopyAll();
  if (status.ok()) {
    absl::StatusOr<BackupManifest> manifest = making.Finish();
    if (manifest.ok()) return manifest;
    status = manifest.status();
  }
  making.GiveUp();
  return status;
}

absl::Status ReadBackupSegment(const std::string& folder, const BackupTenant& tenant, int index, const CommitVisitor& visit) {
  const BackupSegment& segment = tenant.segments(index);
  Head at = index == 0 ? Head{} : EndOf(tenant.segments(index - 1));
  StoredCommit commit;
  bool is_ended = false;
  absl::Status read = ReadSegment(folder, tenant.number(), segment, [&](const CommitParts& parts) {
    if (is_ended) return absl::OkStatus();
    absl::Status status = Decode(tenant.number(), parts, &at, &commit);
    is_ended = status.ok() && !visit(commit);
    return status;
  });
  if (!read.ok() || is_ended) return read;
  const Head expected = EndOf(segment);
  if (at.position == expected.position && at.hash == expected.hash) return absl::OkStatus();
  return DamagedBackup(SegmentPath(folder, tenant.number(), segment.first_position()),
                       absl::StrCat("tenant ", tenant.number(), ": it ends at position ", at.position, ", not at ",
                                    expected.position, " with the hash of the manifest"));
}

absl::Status ReadBackup(const std::string& folder, const BackupTenant& tenant, const CommitVisitor& visit) {
  bool is_ended = false;
  for (int i = 0; i < tenant.segments_size() && !is_ended; ++i) {
    absl::Status status = ReadBackupSegment(folder, tenant, i, [&](const StoredCommit& commit) {
      is_ended = !visit(commit);
      return !is_ended;
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> VerifyBackup(const std::string& folder, const BackupProgress& progress) {
  absl::StatusOr<BackupManifest> manifest = ReadManifest(folder);
  if (absl::IsDataLoss(manifest.status())) return std::vector<std::string>{std::string(manifest.status().message())};
  if (!manifest.ok()) return manifest.status();
  std::vector<std::string> findings;
  uint64_t events = 0;
  const uint64_t target = EventsIn(*manifest);
  for (const BackupTenant& tenant : manifest->tenants()) {
    LogVerifier verifier(tenant.number());
    for (const BackupSegment& segment : tenant.segments()) {
      uint64_t position = segment.first_position();
      Head end;
      absl::Status read = ReadSegment(folder, tenant.number(), segment, [&](const CommitParts& parts) {
        verifier.Check(position, parts);
        position = verifier.position() + 1;
        end.hash = parts.hash;
        return absl::OkStatus();
      });
      if (!read.ok() && !absl::IsDataLoss(read)) return read;
      if (!read.ok()) verifier.AddLoss(std::string(read.message()));
      const bool ends_right = position == segment.last_position() + 1 && end.hash == EndOf(segment).hash;
      if (read.ok() && !ends_right) {
        verifier.AddFinding(absl::StrCat(SegmentPath(folder, tenant.number(), segment.first_position()),
                                         ": it does not end as the manifest says"));
      }
      events += segment.last_position() - segment.first_position() + 1;
      if (absl::Status status = progress(events, target); !status.ok()) return status;
    }
    for (std::string& finding : verifier.TakeFindings()) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace recount::eventstore
