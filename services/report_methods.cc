#include "services/report_methods.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "services/record_reader.h"
#include "services/record_rights.h"
#include "services/report_watches.h"
#include "services/signed_token.h"

namespace recount::services {
namespace {

absl::StatusOr<std::vector<v1::RuleProposal>> DraftRules(const RecordReader& reader, const Tenant& tenant,
                                                         absl::string_view name) {
  auto folded = reader.Read(tenant, name);
  if (!folded.ok()) return folded.status();
  const auto* draft = std::get_if<domain::DraftState>(&(*folded)->state);
  if (draft == nullptr) {
    return domain::Refuse(v1::DRAFT_NOT_FOUND, absl::StrCat("there is no draft `", name, "`"), "draft",
                          {{"draft", name}});
  }
  if (!draft->draft.is_open()) {
    return domain::Refuse(v1::DRAFT_CLOSED, absl::StrCat("the draft `", name, "` is published or thrown away"), "draft",
                          {{"draft", name}});
  }
  return std::vector<v1::RuleProposal>(draft->draft.rules().begin(), draft->draft.rules().end());
}

// Takes a snapshot of the caller's tenant and asks the engine; again where the question is of a position that is in the log but
// not yet in the tables.
template <typename Response, typename Ask>
absl::StatusOr<Response> AskEngine(const Backend* backend, const Call& call, uint64_t min_position, const Ask& ask) {
  auto tenant = backend->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  const RecordReader reader(backend);
  std::optional<eventstore::Head> head;
  for (uint64_t awaited = min_position;;) {
    auto snapshot = reader.Snapshot(**tenant, awaited, call);
    if (!snapshot.ok()) return snapshot.status();
    const auto head_rules = reader.Rules(**tenant);
    if (!head_rules.ok()) return head_rules.status();
    projections::EngineContext context = MakeEngineContext(backend, call, **tenant, **snapshot, **head_rules);
    // That of the first look, so that a log that grows does not keep the question waiting.
    if (!head) head = context.head;
    context.head = *head;
    uint64_t needed = 0;
    context.awaits = &needed;
    absl::StatusOr<Response> answer = ask(context);
    if (answer.ok() || needed <= awaited) return answer;
    awaited = needed;
  }
}

absl::StatusOr<v1::ReportDescription> Describe(const Backend* backend, const Call& call,
                                               const v1::GetReportRequest& request) {
  const v1::ReportDefinition* definition = backend->catalogue->Find(request.report());
  if (definition == nullptr) {
    return domain::Refuse(v1::REPORT_NOT_FOUND,
                          absl::StrCat("there is no report `", request.report(), "`: ListReports names them"), "report",
                          {{"report", request.report()}});
  }
  return AskEngine<v1::ReportDescription>(
      backend, call, 0, [&](const projections::EngineContext& context) -> absl::StatusOr<v1::ReportDescription> {
        v1::ReportDescription description;
        *description.mutable_definition() = *definition;
        for (v1::SubjectField& field : backend->engine->Fields(definition->has_timeline() ? "event" : definition->subject(), context.snapshot)) {
          *description.add_fields() = std::move(field);
        }
        return description;
      });
}

}  // namespace

projections::EngineContext MakeEngineContext(const Backend* backend, const Call& call, const Tenant& tenant,
                                             const projections::Snapshot& snapshot,
                                             const domain::Rulebook& head_rules) {
  projections::EngineContext context;
  context.snapshot = &snapshot;
  context.log = backend->archive.log;
  context.tenant = tenant.number();
  context.head = context.log->DurableHead(context.tenant);
  context.tenant_currency = tenant.info().currency();
  context.rights = call.caller.rights;
  context.now_micros = backend->clock->NowMicros();
  context.rows_of_part = backend->report_part_rows;
  context.head_rules = &head_rules;
  context.goes_on = [call] { return call.CheckGoesOn(); };
  context.token_key = TenantTokenKey(backend->token_key, tenant.number());
  const RecordReader reader(backend);
  context.draft = [reader, &tenant](absl::string_view name) { return DraftRules(reader, tenant, name); };
  context.label = [reader, &tenant](absl::string_view name) { return reader.Label(tenant, name); };
  if (!call.caller.rights.is_everything()) {
    const auto seen = SeenBy(backend, tenant, call.caller);
    context.label = [reader, &tenant, seen](absl::string_view name) -> std::string {
      const auto folded = reader.Read(tenant, name);
      return seen.ok() && folded.ok() && Sees(*seen, (*folded)->state) ? DisplayName((*folded)->state) : "";
    };
  }
  context.resolve = [reader, &tenant](absl::string_view collection, const v1::Ref& ref) {
    return reader.Resolve(tenant, collection, ref);
  };
  context.events = [reader, &tenant](absl::string_view name, uint64_t as_of, int64_t valid_at) {
    return reader.Events(tenant, name, as_of, valid_at);
  };
  return context;
}

void AddReportService(const Backend* backend, MethodTable* table) {
  table->AddTyped<v1::ListReportsRequest, v1::ListReportsResponse>(
      "recount.v1.ReportService.ListReports", Access::kRead,
      [backend](const Call&, const v1::ListReportsRequest&) -> absl::StatusOr<v1::ListReportsResponse> {
        v1::ListReportsResponse response;
        for (const v1::ReportDefinition& definition : backend->catalogue->definitions())
          *response.add_reports() = definition;
        return response;
      });
  table->AddTyped<v1::GetReportRequest, v1::ReportDescription>(
      "recount.v1.ReportService.GetReport", Access::kRead,
      [backend](const Call& call, const v1::GetReportRequest& request) { return Describe(backend, call, request); });
  table->AddTyped<v1::RunReportRequest, v1::RunReportResponse>(
      "recount.v1.ReportService.RunReport", Access::kRead,
      [backend](const Call& call, const v1::RunReportRequest& request) {
        return AskEngine<v1::RunReportResponse>(
            backend, call, request.min_position(),
            [&](const projections::EngineContext& context) { return backend->engine->Run(request, context); });
      });
  table->AddTyped<v1::ExplainReportRequest, v1::ExplainReportResponse>(
      "recount.v1.ReportService.ExplainReport", Access::kRead,
      [backend](const Call& call, const v1::ExplainReportRequest& request) {
        return AskEngine<v1::ExplainReportResponse>(backend, call, 0, [&](const projections::EngineContext& context) {
          return backend->engine->Explain(request, context);
        });
      });
  Method watch;
  watch.push = [backend](const Call& call, const Message& request, std::shared_ptr<PushedStream> reader) {
    return backend->watches->Watch(call, static_cast<const v1::WatchReportRequest&>(request), std::move(reader));
  };
  table->Add("recount.v1.ReportService.WatchReport", std::move(watch));
  table->AddTyped<v1::DiffReportsRequest, v1::DiffReportsResponse>(
      "recount.v1.ReportService.DiffReports", Access::kRead,
      [backend](const Call& call, const v1::DiffReportsRequest& request) {
        const uint64_t awaited =
            std::max(request.before().request().min_position(), request.after().request().min_position());
        return AskEngine<v1::DiffReportsResponse>(
            backend, call, awaited,
            [&](const projections::EngineContext& context) { return backend->engine->Diff(request, context); });
      });
}

}  // namespace recount::services
