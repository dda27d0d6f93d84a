#include "services/backup_methods.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/backup.h"
#include "eventstore/backup_folder.h"
#include "eventstore/durable_file.h"
#include "eventstore/key_backup.h"
#include "recount/v1/admin.pb.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

namespace fs = std::filesystem;

bool LiesWithin(const fs::path& inner, const fs::path& outer) {
  const fs::path relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

// Without symbolic links as far as it exists.
absl::StatusOr<fs::path> Resolve(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::weakly_canonical(fs::absolute(path), error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot look at ", path.string(), ": ", error.message()));
  return resolved.filename().empty() ? resolved.parent_path() : resolved;
}

struct Folders {
  std::string log;
  std::string keys;  // empty: not asked for
};

absl::StatusOr<Folders> FoldersOf(const Backend* backend, const v1::BackUpRequest& request) {
  if (backend->backups_folder.empty()) {
    return domain::Refuse(v1::BACKUPS_OFF, "the server was started without --backups FOLDER, so that it makes no backups");
  }
  if (request.folder().empty()) return domain::Refuse(v1::FIELD_REQUIRED, "name the folder of the backup", "folder");
  Folders folders;
  auto log = FolderWithin(backend->backups_folder, request.folder(), "folder");
  if (!log.ok()) return log.status();
  folders.log = *std::move(log);
  if (request.keys_folder().empty()) return folders;
  auto keys = FolderWithin(backend->backups_folder, request.keys_folder(), "keys_folder");
  if (!keys.ok()) return keys.status();
  folders.keys = *std::move(keys);
  if (LiesWithin(folders.keys, folders.log) || LiesWithin(folders.log, folders.keys)) {
    return domain::Refuse(v1::BACKUP_FOLDER_INVALID,
                          "the copy of the keys must lie apart from the backup, so that it can be destroyed without it",
                          "keys_folder");
  }
  return folders;
}

v1::BackUpProgress ShowBackup(const storage::v1::BackupManifest& manifest) {
  v1::BackUpProgress shown;
  const storage::v1::BackupRun& run = *manifest.runs().rbegin();
  shown.set_done(true);
  shown.set_number(run.number());
  shown.set_events(run.events());
  shown.set_target_events(run.events());
  shown.set_segments(run.segments());
  shown.set_bytes(run.bytes());
  for (const storage::v1::BackupTenant& tenant : manifest.tenants()) {
    const eventstore::Head head = eventstore::HeadOf(tenant);
    v1::BackedUpTenant* line = shown.add_tenants();
    if (!tenant.id().empty()) line->set_tenant("tenants/" + tenant.id());
    line->set_position(head.position);
    line->set_hash(absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(head.hash.data()), head.hash.size())));
  }
  return shown;
}

absl::StatusOr<storage::v1::BackupManifest> BackUpLogs(const Backend* backend, const std::string& folder,
                                                       StreamWriter& writer) {
  std::vector<eventstore::BackupSource> sources;
  for (const Tenant* tenant : backend->tenants->All()) sources.push_back({tenant->number(), std::string(tenant->id())});
  eventstore::BackupOptions options;
  options.folder = folder;
  options.simulated_clock = backend->clock->simulated();
  options.now_micros = backend->clock->NowMicros();
  // A reader who goes away does not stop a backup; the end of the server does.
  return eventstore::BackUpLog(*backend->archive.log, sources, options, [&](uint64_t events, uint64_t target) {
    v1::BackUpProgress progress;
    progress.set_events(events);
    progress.set_target_events(target);
    writer.WriteIfFree(progress);
    return backend->stopping ? domain::Refuse(v1::SERVER_STOPPING, "the server is ending; the backup is as it was before")
                             : absl::OkStatus();
  });
}

absl::Status BackUp(const Backend* backend, const v1::BackUpRequest& request, StreamWriter& writer) {
  auto folders = FoldersOf(backend, request);
  if (!folders.ok()) return folders.status();
  // Before the log, which may take long: what is refused leaves no backup half asked for.
  if (!folders->keys.empty()) {
    if (absl::Status fits = eventstore::CheckKeysFolder(folders->keys); !fits.ok()) return WithReason(fits);
  }
  auto manifest = BackUpLogs(backend, folders->log, writer);
  if (!manifest.ok()) return WithReason(manifest.status());
  v1::BackUpProgress last = ShowBackup(*manifest);
  last.set_folder(folders->log);
  // After the log: so the copy holds the key of every event that is backed up.
  if (!folders->keys.empty()) {
    auto keys = eventstore::BackUpKeys(*backend->archive.vault, {folders->keys, backend->clock->NowMicros()});
    if (!keys.ok()) return WithReason(keys.status());
    for (const auto& part : keys->parts()) last.set_keys(last.keys() + part.entries());
  }
  return writer.Write(last);
}

}  // namespace

absl::StatusOr<std::string> PrepareBackupsFolder(const std::string& backups, const std::string& data) {
  if (absl::Status made = eventstore::MakeDirectory(fs::absolute(backups).lexically_normal().string()); !made.ok()) return made;
  auto resolved = Resolve(backups);
  if (!resolved.ok()) return resolved.status();
  if (data.empty()) return resolved->string();
  auto resolved_data = Resolve(data);
  if (!resolved_data.ok()) return resolved_data.status();
  if (LiesWithin(*resolved, *resolved_data) || LiesWithin(*resolved_data, *resolved)) {
    return absl::InvalidArgumentError(absl::StrCat("the folder for backups, ", resolved->string(),
                                                   ", and the data folder must not lie within one another: what destroys one "
                                                   "would take the other with it"));
  }
  return resolved->string();
}

absl::StatusOr<std::string> FolderWithin(const std::string& backups, const std::string& asked, absl::string_view field) {
  auto resolved = Resolve(fs::path(backups) / asked);
  if (resolved.ok() && LiesWithin(*resolved, backups)) return resolved->string();
  return domain::Refuse(v1::BACKUP_FOLDER_INVALID,
                        absl::StrCat(asked, " does not lie within ", backups, ", where this server may write backups"), field);
}

void AddBackup(const Backend* backend, MethodTable* table) {
  Method back_up;
  back_up.access = Access::kOperate;
  back_up.stream = [backend](const Call&, const Message& request, StreamWriter& writer) {
    return BackUp(backend, static_cast<const v1::BackUpRequest&>(request), writer);
  };
  table->Add("recount.v1.AdminService.BackUp", std::move(back_up));
}

}  // namespace recount::services
