#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "eventstore/backup.h"
#include "eventstore/backup_folder.h"
#include "eventstore/key_backup.h"
#include "tools/cli/commands.h"
#include "tools/cli/report_render.h"
#include "tools/cli/value_text.h"

namespace recount::tools {
namespace {

using storage::v1::BackupManifest;
using storage::v1::BackupRun;
using storage::v1::BackupTenant;

std::string UtcTime(int64_t micros) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(micros), absl::UTCTimeZone());
}

std::string Plural(int64_t count, const std::string& noun) { return absl::StrCat(Grouped(count), " ", noun, count == 1 ? "" : "s"); }

TextTable TenantTable() {
  TextTable table;
  table.AddColumn("log");
  table.AddColumn("position", TextTable::Align::kRight);
  table.AddColumn("hash");
  return table;
}

void PrintCreated(const api::BackUpProgress& made, Session& session) {
  session.out << "backup " << made.number() << " in " << made.folder() << ": " << Plural(made.events(), "new event") << ", "
              << Plural(made.bytes(), "byte") << "\n\n";
  TextTable table = TenantTable();
  for (const api::BackedUpTenant& tenant : made.tenants()) {
    table.AddRow({tenant.tenant().empty() ? "system" : tenant.tenant(), Grouped(tenant.position()), tenant.hash().substr(0, 16)});
  }
  table.Print(session.out, session.look);
  if (made.keys() > 0) session.out << "\n" << Plural(made.keys(), "key") << " and look-ups copied\n";
}

void PrintManifest(const BackupManifest& manifest, Session& session) {
  TextTable runs;
  runs.AddColumn("backup", TextTable::Align::kRight);
  runs.AddColumn("made");
  for (const char* header : {"events", "segments", "bytes"}) runs.AddColumn(header, TextTable::Align::kRight);
  for (const BackupRun& run : manifest.runs()) {
    runs.AddRow({absl::StrCat(run.number()), UtcTime(run.made_micros()), Grouped(run.events()), Grouped(run.segments()),
                 Grouped(run.bytes())});
  }
  runs.Print(session.out, session.look);
  session.out << "\n";
  TextTable table = TenantTable();
  table.AddColumn("recorded");
  for (const BackupTenant& tenant : manifest.tenants()) {
    const eventstore::Head head = eventstore::HeadOf(tenant);
    const absl::string_view hash(reinterpret_cast<const char*>(head.hash.data()), 8);
    table.AddRow({tenant.id().empty() ? "system" : "tenants/" + tenant.id(), Grouped(head.position), absl::BytesToHexString(hash),
                  UtcTime(head.recorded_micros)});
  }
  table.Print(session.out, session.look);
}

// Adds what is wrong with a copy of the keys; the number of entries.
absl::StatusOr<uint64_t> VerifyKeys(const std::string& folder, std::vector<std::string>* findings) {
  uint64_t entries = 0;
  absl::Status status = eventstore::ReadKeyBackup(folder, [&](absl::string_view, absl::string_view) {
    ++entries;
    return absl::OkStatus();
  });
  if (absl::IsDataLoss(status)) {
    findings->push_back(std::string(status.message()));
  } else if (!status.ok()) {
    return status;
  }
  return entries;
}

}  // namespace

absl::Status CreateBackup(Session& session, const std::string& folder, const std::string& keys_folder) {
  api::BackUpRequest request;
  request.set_folder(folder);
  request.set_keys_folder(keys_folder);
  api::BackUpProgress last;
  absl::Status status;
  {
    Progress progress(session);
    status = session.client->BackUp(request, [&](const api::BackUpProgress& message) {
      last = message;
      progress.Show(absl::StrCat("backing up: ", Grouped(message.events()), " of ", Plural(message.target_events(), "event")));
      return true;
    });
  }
  if (!status.ok()) return status;
  if (!last.done()) return absl::UnavailableError("the server stopped before the backup was finished");
  if (session.format == Format::kJson) {
    session.out << ToJson(last);
  } else {
    PrintCreated(last, session);
  }
  return absl::OkStatus();
}

absl::Status ListBackup(Session& session, const std::string& folder) {
  absl::StatusOr<BackupManifest> manifest = eventstore::ReadManifest(folder);
  if (!manifest.ok()) return manifest.status();
  if (session.format == Format::kJson) {
    session.out << ToJson(*manifest);
  } else {
    PrintManifest(*manifest, session);
  }
  return absl::OkStatus();
}

absl::Status VerifyBackup(Session& session, const std::string& folder, const std::string& keys_folder) {
  absl::StatusOr<std::vector<std::string>> findings;
  {
    Progress progress(session);
    findings = eventstore::VerifyBackup(folder, [&](uint64_t events, uint64_t target) {
      progress.Show(absl::StrCat("verifying: ", Grouped(events), " of ", Plural(target, "event")));
      return absl::OkStatus();
    });
  }
  if (!findings.ok()) return findings.status();
  absl::StatusOr<uint64_t> keys = 0;
  if (!keys_folder.empty()) keys = VerifyKeys(keys_folder, &*findings);
  if (!keys.ok()) return keys.status();
  if (!findings->empty()) return absl::DataLossError(absl::StrJoin(*findings, "\n  "));
  absl::StatusOr<BackupManifest> manifest = eventstore::ReadManifest(folder);
  if (!manifest.ok()) return manifest.status();
  session.out << "verified " << Plural(eventstore::EventsIn(*manifest), "event") << " of " << Plural(manifest->tenants_size(), "log");
  if (!keys_folder.empty()) session.out << " and " << Plural(*keys, "key") << " and look-ups";
  session.out << ": nothing is wrong\n";
  return absl::OkStatus();
}

}  // namespace recount::tools
