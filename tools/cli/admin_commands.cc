#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/arguments.h"
#include "tools/cli/commands.h"
#include "tools/cli/report_render.h"
#include "tools/cli/text_width.h"
#include "tools/cli/value_text.h"

namespace recount::tools {
namespace {

// `is_past`: as they stood at a past position, which is not being behind.
void PrintReadModels(const api::Status& status, bool is_past, Session& session) {
  TextTable table;
  table.AddColumn("read model");
  for (const char* header : {"position", "behind", "rows", "current"}) table.AddColumn(header, TextTable::Align::kRight);
  for (const char* header : {"generation", "digest", "reports"}) table.AddColumn(header);
  for (const api::ReadModelStatus& model : status.read_models()) {
    const uint64_t behind = status.head() > model.position() ? status.head() - model.position() : 0;
    table.AddRow({model.subject(), Grouped(model.position()), is_past ? "–" : Grouped(behind), Grouped(model.rows()), Grouped(model.current_rows()),
                  absl::StrCat(model.generation()), model.digest().substr(0, 12), absl::StrJoin(model.reports(), ", ")});
  }
  if (!table.empty()) table.Print(session.out, session.look);
}

// `, about 90 s left`; of nothing known nothing.
std::string LeftText(int64_t micros) {
  if (micros <= 0) return "";
  constexpr int64_t kSecond = 1000000, kMinutesFrom = 180;
  const int64_t seconds = (micros + kSecond - 1) / kSecond;
  return seconds < kMinutesFrom ? absl::StrCat(", about ", seconds, " s left") : absl::StrCat(", about ", (seconds + 30) / 60, " min left");
}

void PrintMemory(const api::MemoryStatus& memory, Session& session) {
  const auto megabytes = [](int64_t bytes) { return absl::StrCat(Grouped(bytes >> 20), " MB"); };
  session.out << "memory    " << megabytes(memory.resident()) << " of " << megabytes(memory.limit()) << "; read models "
              << megabytes(memory.arrays_in_memory()) << " in memory, " << megabytes(memory.arrays_in_files()) << " in files";
  if (memory.arrays_without_room() > 0) {
    session.out << "; " << megabytes(memory.arrays_without_room()) << " should lie in files, but the disk has no room to spare";
  }
  session.out << "\n";
}

void PrintStatus(const api::Status& status, bool is_past, Session& session) {
  const api::Tenant& tenant = status.tenant();
  session.out << "server    " << session.client->connection().server << ", version " << status.version() << ", clock "
              << IsoTime(status.time()) << (status.simulated_clock() ? " (simulated)" : "") << "\n";
  session.out << "tenant    " << tenant.name() << " (" << ForTerminal(tenant.display_name()) << "), zone " << tenant.zone() << ", currency "
              << tenant.currency() << (tenant.synthetic() ? ", synthetic: its recorded times are invented" : "") << "\n";
  session.out << "log       position " << Grouped(status.head()) << ", hash " << status.head_hash().substr(0, 16) << "\n";
  if (status.rebuild().running()) {
    session.out << "rebuild   generation " << status.rebuild().generation() << " at position " << Grouped(status.rebuild().position())
                << " of " << Grouped(status.rebuild().target()) << LeftText(status.rebuild().left_micros()) << "\n";
  } else if (!status.rebuild().error().empty()) {
    session.out << "rebuild   generation " << status.rebuild().generation() << " failed: " << status.rebuild().error() << "\n";
  }
  if (status.has_memory()) PrintMemory(status.memory(), session);
  session.out << "\n";
  PrintReadModels(status, is_past, session);
}

}  // namespace

absl::Status ShowStatus(Session& session, double wait_seconds, uint64_t position) {
  if (!session.client->WaitUntilServing(wait_seconds)) {
    return absl::UnavailableError(absl::StrCat("the server at ", session.client->connection().server, " does not answer"));
  }
  const Connection& connection = session.client->connection();
  if (session.format == Format::kTable && connection.tenant.empty() && connection.token.empty()) {
    session.out << "server    " << connection.server << " is serving; --tenant shows how a tenant stands\n";
    return absl::OkStatus();
  }
  api::GetStatusRequest request;
  request.set_position(position);
  api::Status status;
  absl::Status called = session.client->Call("AdminService.GetStatus", request, &status);
  if (!called.ok()) return called;
  if (session.format == Format::kJson) {
    session.out << ToJson(status);
  } else {
    PrintStatus(status, position != 0, session);
  }
  return absl::OkStatus();
}

absl::Status CreateTenant(Session& session, const std::string& id, const std::string& display_name, const std::string& zone,
                          const std::string& currency, const std::string& region) {
  api::CreateTenantRequest request;
  request.set_tenant_id(id);
  request.set_display_name(display_name);
  request.set_zone(zone);
  request.set_currency(currency);
  request.set_region(region);
  api::Tenant tenant;
  absl::Status status = session.client->Call("AdminService.CreateTenant", request, &tenant);
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(tenant);
  } else {
    session.out << tenant.name() << " is there: zone " << tenant.zone() << ", currency " << tenant.currency() << "\n";
  }
  return absl::OkStatus();
}

absl::Status ListTenants(Session& session) {
  api::ListTenantsResponse response;
  absl::Status status = session.client->Call("AdminService.ListTenants", api::ListTenantsRequest(), &response);
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(response);
    return absl::OkStatus();
  }
  TextTable table;
  for (const char* header : {"tenant", "name", "zone", "currency", "region", "synthetic"}) table.AddColumn(header);
  for (const api::Tenant& tenant : response.tenants()) {
    table.AddRow({tenant.name(), tenant.display_name(), tenant.zone(), tenant.currency(), tenant.region(), tenant.synthetic() ? "yes" : ""});
  }
  table.Print(session.out, session.look);
  return absl::OkStatus();
}

absl::Status Rebuild(Session& session, const std::string& target) {
  api::RebuildRequest request;
  request.set_target(target);
  api::RebuildProgress last;
  absl::Status status;
  {
    Progress progress(session);
    status = session.client->Rebuild(request, [&](const api::RebuildProgress& message) {
      last = message;
      progress.Show(absl::StrCat("rebuilding: position ", Grouped(message.position()), " of ", Grouped(message.target()),
                                 LeftText(message.left_micros())));
      return true;
    });
  }
  if (!status.ok()) return WithSuggestion(session, target, status);
  if (session.format == Format::kJson) {
    session.out << ToJson(last);
    return absl::OkStatus();
  }
  session.out << "rebuilt at position " << Grouped(last.position()) << "; swapped: " << absl::StrJoin(last.reports(), ", ") << "\n\n";
  TextTable table;
  for (const char* header : {"subject", "digest before", "digest after", ""}) table.AddColumn(header);
  for (const api::SubjectDigest& digest : last.digests()) {
    table.AddRow({digest.subject(), digest.before(), digest.after(), digest.before() == digest.after() ? "same" : "DIFFERENT"});
  }
  if (!table.empty()) table.Print(session.out, session.look);
  return absl::OkStatus();
}

absl::Status Verify(Session& session, bool read_models) {
  api::VerifyRequest request;
  request.set_read_models(read_models);
  api::VerifyProgress last;
  std::vector<std::string> findings;
  absl::Status status;
  {
    Progress progress(session);
    status = session.client->Verify(request, [&](const api::VerifyProgress& message) {
      // Whether a message repeats the findings so far or brings new ones, each counts once.
      for (const std::string& finding : message.findings()) {
        if (std::find(findings.begin(), findings.end(), finding) == findings.end()) findings.push_back(finding);
      }
      last = message;
      progress.Show(absl::StrCat("verifying: position ", Grouped(message.position()), " of ", Grouped(message.head())));
      return true;
    });
  }
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    last.mutable_findings()->Assign(findings.begin(), findings.end());
    session.out << ToJson(last);
  } else if (findings.empty()) {
    session.out << "verified up to position " << Grouped(last.head()) << ": nothing is wrong; hash " << last.head_hash() << "\n";
  }
  if (!findings.empty()) return absl::DataLossError(absl::StrJoin(findings, "\n  "));
  if (!last.done()) return absl::UnavailableError("the server stopped before it had verified everything");
  return absl::OkStatus();
}

absl::Status SetClock(Session& session, const std::string& time) {
  absl::StatusOr<api::DateOrTime> moment = ParseMoment(time, "clock set");
  if (!moment.ok()) return moment.status();
  api::SetClockRequest request;
  if (moment->has_time()) {
    *request.mutable_time() = moment->time();
  } else {
    // A date alone is its first instant in UTC: the tenant's zone plays no part in the server's clock.
    absl::StatusOr<api::DateOrTime> midnight = ParseMoment(time + "T00:00Z", "clock set");
    *request.mutable_time() = midnight->time();
  }
  api::SetClockResponse response;
  absl::Status status = session.client->Call("AdminService.SetClock", request, &response);
  if (!status.ok()) return status;
  if (session.format == Format::kJson) {
    session.out << ToJson(response);
  } else {
    session.out << "the server's clock stands at " << IsoTime(request.time()) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace recount::tools
