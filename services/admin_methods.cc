#include "services/admin_methods.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "domain/calendar.h"
#include "domain/refusal.h"
#include "projections/array_memory.h"
#include "projections/fact_tables.h"
#include "projections/subject.h"
#include "recount/v1/admin.pb.h"
#include "services/error_mapping.h"
#include "services/memory_keeper.h"
#include "services/memory_shares.h"

namespace recount::services {
namespace {

std::string Hex(const eventstore::ChainHash& hash) {
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

void CreateTenant(const Backend* backend, const Call& call, std::shared_ptr<v1::CreateTenantRequest> request,
                  Reply reply) {
  const bool taken = backend->bus->Run([backend, call, request, reply] {
    auto tenant = backend->tenants->Create(*request, call.caller.actor, call.caller.authenticated);
    if (!tenant.ok()) return reply(WithReason(tenant.status()));
    const Tenant* const made = *tenant;
    // Both logs, one after the other: the answer holds when the tenant and its first commit cannot be lost.
    backend->archive.log->AfterPending(kSystemLog, [backend, made, reply](absl::Status status) {
      if (!status.ok()) return reply(WithReason(status));
      backend->archive.log->AfterPending(made->number(), [made, reply](absl::Status status) {
        if (!status.ok()) return reply(WithReason(status));
        reply(std::make_unique<v1::Tenant>(made->info()));
      });
    });
  });
  if (!taken) reply(domain::Refuse(v1::SERVER_STOPPING, "the server is ending; nothing was appended"));
}

// Rows and digests are of everybody's records: `counts` of those who see them.
void ShowTenant(const Backend* backend, const Tenant& tenant, bool counts, v1::Status* status) {
  *status->mutable_tenant() = tenant.info();
  const eventstore::Head head = backend->archive.log->DurableHead(tenant.number());
  status->set_head(head.position);
  status->set_head_hash(Hex(head.hash));
  for (const projections::SubjectStatus& subject : tenant.models().Status()) {
    v1::ReadModelStatus* shown = status->add_read_models();
    shown->set_subject(subject.subject);
    shown->set_generation(subject.generation);
    shown->set_position(subject.position);
    if (counts) {
      shown->set_rows(subject.rows);
      shown->set_current_rows(subject.current_rows);
      shown->set_digest(subject.digest);
    }
    for (std::string& report : backend->catalogue->ReportsOn(subject.subject)) shown->add_reports(std::move(report));
  }
  const projections::RebuildState rebuild = tenant.models().LastRebuild();
  status->mutable_rebuild()->set_generation(rebuild.generation);
  status->mutable_rebuild()->set_position(rebuild.position);
  status->mutable_rebuild()->set_target(rebuild.target);
  status->mutable_rebuild()->set_running(rebuild.running);
  status->mutable_rebuild()->set_error(rebuild.error);
  status->mutable_rebuild()->set_digests_agree(rebuild.digests_agree);
  status->mutable_rebuild()->set_elapsed_micros(absl::ToInt64Microseconds(rebuild.elapsed));
  status->mutable_rebuild()->set_left_micros(absl::ToInt64Microseconds(rebuild.left));
}

// Puts the digests of a past position in place of those of now.
absl::Status ShowPast(const Backend* backend, const Tenant& tenant, uint64_t position, absl::Time deadline, v1::Status* status) {
  if (position > status->head()) {
    return domain::Refuse(v1::POSITION_BEYOND_HEAD,
                          absl::StrCat("the newest event of ", tenant.info().name(), " has position ", status->head(), ", not ",
                                       position),
                          "position");
  }
  auto end = backend->archive.log->CommitEnd(tenant.number(), position);
  if (!end.ok()) return end.status();
  auto snapshot = tenant.models().Read(*end, deadline);
  if (!snapshot.ok()) return snapshot.status();
  for (v1::ReadModelStatus& model : *status->mutable_read_models()) {
    model.set_position(*end);
    model.set_digest(projections::FormatDigest((*snapshot)->table(model.subject())->DigestAt(*end)));
  }
  return absl::OkStatus();
}

void ShowMemory(const MemoryKeeper& memory, v1::MemoryStatus* shown) {
  const projections::ArrayMemory::Use arrays = projections::ArrayMemory::OfProcess().use();
  shown->set_limit(static_cast<int64_t>(memory.limit()));
  shown->set_resident(static_cast<int64_t>(ResidentMemory()));
  shown->set_arrays_in_memory(static_cast<int64_t>(arrays.in_memory));
  shown->set_arrays_in_files(static_cast<int64_t>(arrays.in_files));
  shown->set_arrays_without_room(static_cast<int64_t>(arrays.without_room));
}

absl::StatusOr<v1::Status> GetStatus(const Backend* backend, const Call& call, const v1::GetStatusRequest& request) {
  v1::Status status;
  status.set_version(kVersion);
  *status.mutable_time() = domain::TimestampFrom(backend->clock->NowMicros());
  status.set_simulated_clock(backend->clock->simulated());
  if (backend->memory != nullptr && call.caller.role >= Role::kOperator) ShowMemory(*backend->memory, status.mutable_memory());
  if (call.caller.tenant_id.empty()) return status;
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const bool counts = call.caller.rights.is_everything();
  ShowTenant(backend, **tenant, counts, &status);
  if (request.position() == 0 || !counts) return status;
  absl::Status past = ShowPast(backend, **tenant, request.position(), call.deadline, &status);
  if (!past.ok()) return past;
  return status;
}

absl::Status CheckTarget(const Backend* backend, const std::string& target) {
  if (target.empty() || backend->catalogue->Find(target) != nullptr || projections::FindSubject(target) != nullptr)
    return absl::OkStatus();
  return domain::Refuse(v1::REPORT_NOT_FOUND, absl::StrCat("`", target, "` is no report and no subject"), "target",
                        {{"target", target}});
}

v1::RebuildProgress ShowProgress(const projections::RebuildState& state) {
  v1::RebuildProgress progress;
  progress.set_position(state.position);
  progress.set_target(state.target);
  progress.set_done(state.done);
  progress.set_elapsed_micros(absl::ToInt64Microseconds(state.elapsed));
  progress.set_left_micros(absl::ToInt64Microseconds(state.left));
  for (const auto& [subject, digests] : state.digests) {
    v1::SubjectDigest* digest = progress.add_digests();
    digest->set_subject(subject);
    digest->set_before(digests.first);
    digest->set_after(digests.second);
  }
  return progress;
}

absl::Status Rebuild(const Backend* backend, const Call& call, const v1::RebuildRequest& request,
                     StreamWriter& writer) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  if (absl::Status known = CheckTarget(backend, request.target()); !known.ok()) return known;
  // A reader who goes away does not stop a rebuild.
  absl::Status rebuilt = (*tenant)->models().Rebuild([&](const projections::RebuildState& state) {
    if (!state.done) writer.WriteIfFree(ShowProgress(state));
  });
  if (!rebuilt.ok() && backend->stopping) return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: rebuild again");
  if (!rebuilt.ok()) return WithReason(rebuilt);
  v1::RebuildProgress last = ShowProgress((*tenant)->models().LastRebuild());
  last.set_done(true);
  for (const v1::ReportDefinition& definition : backend->catalogue->definitions()) last.add_reports(definition.id());
  return writer.Write(last);
}

absl::Status Verify(const Backend* backend, const Call& call, const v1::VerifyRequest& request, StreamWriter& writer) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  auto findings = backend->archive.log->Verify((*tenant)->number(), [&](uint64_t position, uint64_t head) {
    v1::VerifyProgress progress;
    progress.set_position(position);
    progress.set_head(head);
    writer.WriteIfFree(progress);
    return !writer.cancelled() && !backend->stopping;
  });
  if (backend->stopping) return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: verify again");
  if (!findings.ok()) return WithReason(findings.status());
  v1::VerifyProgress last;
  for (std::string& finding : *findings) last.add_findings(std::move(finding));
  if (request.read_models()) {
    auto differences = (*tenant)->models().Verify();
    if (backend->stopping) return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: verify again");
    if (!differences.ok()) return WithReason(differences.status());
    for (std::string& difference : *differences) last.add_findings(std::move(difference));
  }
  const eventstore::Head head = backend->archive.log->DurableHead((*tenant)->number());
  last.set_position(head.position);
  last.set_head(head.position);
  last.set_head_hash(Hex(head.hash));
  last.set_done(true);
  return writer.Write(last);
}

absl::StatusOr<v1::SetClockResponse> SetClock(const Backend* backend, const v1::SetClockRequest& request) {
  if (!request.has_time()) return domain::Refuse(v1::FIELD_REQUIRED, "give the time that shall be now", "time");
  if (absl::Status set = backend->clock->Set(domain::MicrosFrom(request.time())); !set.ok()) return set;
  return v1::SetClockResponse();
}

}  // namespace

void AddAdminService(const Backend* backend, MethodTable* table) {
  Method create;
  create.access = Access::kOperate;
  create.unary = [backend](const Call& call, std::unique_ptr<Message> request, Reply reply) {
    CreateTenant(backend, call,
                 std::shared_ptr<v1::CreateTenantRequest>(static_cast<v1::CreateTenantRequest*>(request.release())),
                 std::move(reply));
  };
  table->Add("recount.v1.AdminService.CreateTenant", std::move(create));
  table->AddTyped<v1::ListTenantsRequest, v1::ListTenantsResponse>(
      "recount.v1.AdminService.ListTenants", Access::kOperate,
      [backend](const Call&, const v1::ListTenantsRequest&) -> absl::StatusOr<v1::ListTenantsResponse> {
        v1::ListTenantsResponse response;
        for (const Tenant* tenant : backend->tenants->All()) *response.add_tenants() = tenant->info();
        return response;
      });
  table->AddTyped<v1::GetStatusRequest, v1::Status>(
      "recount.v1.AdminService.GetStatus", Access::kRead,
      [backend](const Call& call, const v1::GetStatusRequest& request) { return GetStatus(backend, call, request); });
  table->AddTyped<v1::SetClockRequest, v1::SetClockResponse>(
      "recount.v1.AdminService.SetClock", Access::kOperate,
      [backend](const Call&, const v1::SetClockRequest& request) { return SetClock(backend, request); });
  Method rebuild;
  rebuild.access = Access::kOperate;
  rebuild.stream = [backend](const Call& call, const Message& request, StreamWriter& writer) {
    return Rebuild(backend, call, static_cast<const v1::RebuildRequest&>(request), writer);
  };
  table->Add("recount.v1.AdminService.Rebuild", std::move(rebuild));
  Method verify;
  verify.access = Access::kOperate;
  verify.stream = [backend](const Call& call, const Message& request, StreamWriter& writer) {
    return Verify(backend, call, static_cast<const v1::VerifyRequest&>(request), writer);
  };
  table->Add("recount.v1.AdminService.Verify", std::move(verify));
}

}  // namespace recount::services
