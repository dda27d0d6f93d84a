// Parameters that nobody knows, and those that a report of its shape would pass over.
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/resolve.h"

namespace recount::projections {

absl::Status BadParameter(absl::string_view field, absl::string_view message) {
  return domain::Refuse(v1::PARAMETER_INVALID, message, absl::StrCat("parameters.", field));
}

namespace {

// What the kind of rule basis leaves unsaid, or would pass over.
absl::Status CheckBasis(const v1::RuleBasis& basis) {
  if (!v1::RuleBasisKind_IsValid(basis.kind())) {
    return BadParameter("rule_basis.kind", absl::StrCat("no rule basis ", basis.kind(), "; there is: CURRENT, HEAD, AT, DRAFT, AS_RECORDED"));
  }
  const bool at = basis.kind() == v1::RULE_BASIS_KIND_AT, draft = basis.kind() == v1::RULE_BASIS_KIND_DRAFT;
  if (at && basis.at().at_case() == v1::AsOf::AT_NOT_SET) return BadParameter("rule_basis.at", "say up to which position or time");
  if (!at && basis.has_at()) return BadParameter("rule_basis.at", "only kind AT has a moment: say kind AT");
  if (!draft && !basis.draft().empty()) return BadParameter("rule_basis.draft", "only kind DRAFT has a draft: say kind DRAFT");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMeant(const v1::ReportDefinition& definition, const v1::ReportParameters& parameters) {
  if (!v1::Attribution_IsValid(parameters.attribution())) {
    return BadParameter("attribution", absl::StrCat("no attribution ", parameters.attribution(), "; there is: AT_EVENT, AT_CLOSE, CURRENT"));
  }
  if (auto status = CheckBasis(parameters.rule_basis()); !status.ok()) return status;
  const std::string no_movement = absl::StrCat("`", definition.id(), "` is no movement: it looks at one moment");
  if (!definition.has_movement() && parameters.has_opening_as_of()) return BadParameter("opening_as_of", no_movement);
  if (!definition.has_movement() && parameters.has_opening_valid_at()) return BadParameter("opening_valid_at", no_movement);
  const std::string no_timeline = absl::StrCat("`", definition.id(), "` is no timeline: filter by `record`");
  if (!definition.has_timeline() && parameters.has_record()) return BadParameter("record", no_timeline);
  if (!definition.has_timeline() && !parameters.collection().empty()) return BadParameter("collection", no_timeline);
  return absl::OkStatus();
}

absl::Status CheckTimeline(const v1::ReportParameters& parameters, bool is_grouped) {
  if (parameters.attribution() != v1::ATTRIBUTION_UNSPECIFIED) {
    return BadParameter("attribution", "an event has an actor and no owner: filter or group by `actor`");
  }
  if (!parameters.currency().empty()) return BadParameter("currency", "events are not converted: their money stands as it was said");
  const v1::RuleBasisKind basis = parameters.rule_basis().kind();
  if (basis != v1::RULE_BASIS_KIND_UNSPECIFIED && basis != v1::RULE_BASIS_KIND_CURRENT) {
    return BadParameter("rule_basis", "no rule changes an event: the column `rulebook` says which rules decided it");
  }
  if (!is_grouped && parameters.measures_size() > 0) return BadParameter("measures", "only groups of events have measures: give group_by");
  return absl::OkStatus();
}

}  // namespace recount::projections
