#include "projections/engine/diff_sides.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "google/rpc/error_details.pb.h"
#include "projections/engine/engine_run.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

using storage::v1::ReportToken;

// A refusal of what stands within a field.
absl::Status Within(absl::string_view field, absl::Status status) {
  constexpr char kType[] = "type.googleapis.com/google.rpc.BadRequest";
  const auto payload = status.GetPayload(kType);
  google::rpc::BadRequest refused;
  if (!payload.has_value() || !refused.ParseFromString(std::string(*payload))) return status;
  for (auto& violation : *refused.mutable_field_violations()) violation.set_field(absl::StrCat(field, ".", violation.field()));
  status.SetPayload(kType, absl::Cord(refused.SerializeAsString()));
  return status;
}

absl::Status Refused(absl::string_view field, absl::string_view message) {
  return domain::Refuse(v1::PARAMETER_INVALID, message, field);
}

// With its pin, which is filled in if it is not there.
absl::StatusOr<DiffSide> SideOf(ReportToken token, const Catalogue& catalogue, const EngineContext& context) {
  if (token.request().has_compare()) return Refused("compare", "one answer, not a comparison of two");
  auto definition = FindDefinition(catalogue, token.request(), token.definition_version());
  if (!definition.ok()) return definition.status();
  if ((*definition)->has_timeline()) return Refused("report", "events of a record are not compared by cause: HistoryService tells them");
  DiffSide side;
  side.base.definition = std::make_shared<const v1::ReportDefinition>(**definition);
  token.set_definition_version((*definition)->version());
  token.set_kind(ReportToken::KIND_PIN);
  token.clear_offset();
  token.clear_request_hash();
  const storage::v1::Pin fixed = token.pin();
  const ResolveInput input{&context, side.base.definition.get(), token.request().parameters(), token.request().language(),
                           token.has_pin() ? &fixed : nullptr};
  auto query = Resolve(input, token.mutable_pin());
  if (!query.ok()) return query.status();
  side.base.token = std::move(token);
  side.basis = (*query)->basis;
  return side;
}

// `field`: where it stands.
absl::StatusOr<DiffSide> SideOf(const v1::DiffedAnswer& answer, const std::string& field, const std::string& language,
                                const Catalogue& catalogue, const EngineContext& context) {
  v1::RunReportRequest request;
  if (answer.has_request()) request = answer.request();
  if (answer.answer_case() == v1::DiffedAnswer::kPin) request.set_pin(answer.pin());
  if (answer.answer_case() == v1::DiffedAnswer::ANSWER_NOT_SET) return Refused(field, "say which answer: the pin of one, or a request");
  const bool is_part = answer.has_request() && (!request.pin().empty() || !request.page_token().empty());
  if (is_part) return Refused(absl::StrCat(field, ".request"), "a whole question: an answer that was given is named by `pin`, beside it");
  if (!language.empty()) request.set_language(language);
  const std::string within = answer.has_request() ? absl::StrCat(field, ".request") : field;
  auto token = TokenOf(request, context);
  if (!token.ok()) return Within(within, token.status());
  auto side = SideOf(*std::move(token), catalogue, context);
  return side.ok() ? side : Within(within, side.status());
}

// The same question at the head, by what holds now.
ReportToken Today(const ReportToken& before) {
  ReportToken token;
  *token.mutable_request() = before.request();
  v1::ReportParameters& parameters = *token.mutable_request()->mutable_parameters();
  parameters.clear_as_of();
  parameters.clear_opening_as_of();
  if (parameters.rule_basis().kind() != v1::RULE_BASIS_KIND_AS_RECORDED) parameters.clear_rule_basis();
  parameters.set_rights(before.pin().rights());
  return token;
}

}  // namespace

absl::StatusOr<DiffSides> SidesOf(const storage::v1::DiffToken& token, const Catalogue& catalogue, const EngineContext& context) {
  auto before = SideOf(token.before(), catalogue, context);
  if (!before.ok()) return before.status();
  auto after = SideOf(token.after(), catalogue, context);
  if (!after.ok()) return after.status();
  return DiffSides{*std::move(before), *std::move(after)};
}

absl::StatusOr<DiffSides> SidesOf(const v1::DiffReportsRequest& request, const Catalogue& catalogue, const EngineContext& context) {
  auto before = SideOf(request.before(), "before", request.language(), catalogue, context);
  if (!before.ok()) return before.status();
  auto after = request.has_after() ? SideOf(request.after(), "after", request.language(), catalogue, context)
                                   : SideOf(Today(before->base.token), catalogue, context);
  if (!after.ok()) return after.status();
  return DiffSides{*std::move(before), *std::move(after)};
}

}  // namespace recount::projections
