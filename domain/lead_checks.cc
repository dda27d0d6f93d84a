#include "domain/lead_checks.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/deal_checks.h"
#include "domain/refusal.h"

namespace recount::domain {

absl::Status CheckNotConverted(const LeadState& state, absl::string_view field) {
  const auto& standing = state.standing.entries();
  const bool is_converted = std::any_of(standing.begin(), standing.end(), [](const auto& entry) {
    return entry.value.state == v1::LEAD_STATE_CONVERTED;
  });
  if (!is_converted) return absl::OkStatus();
  const v1::Lead& lead = state.lead;
  return Refuse(
      v1::LEAD_CONVERTED, absl::StrCat(lead.info().name(), " is converted"), field,
      {{"person", lead.person()}, {"organization", lead.organization()}, {"deal", lead.deal()}});
}

absl::Status CheckLeadIsOpen(const LeadState& state, const Deciding& deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(state, "lead"));
  if (StandingAt(state, deciding).state != v1::LEAD_STATE_DISQUALIFIED) return absl::OkStatus();
  return Refuse(v1::LEAD_DISQUALIFIED,
                absl::StrCat(state.lead.info().name(), " is disqualified; requalify it first"),
                "lead");
}

const LeadStanding& StandingAt(const LeadState& state, const Deciding& deciding) {
  return *state.standing.At(deciding.moment().at.micros);  // the capture's holds from the beginning
}

absl::Status CheckLastStanding(const LeadState& state, const Deciding& deciding) {
  const auto* next = state.standing.NextAfter(deciding.moment().at.micros);
  if (next == nullptr) return absl::OkStatus();
  const absl::string_view with =
      next->value.state == v1::LEAD_STATE_DISQUALIFIED ? "disqualification" : "requalification";
  return Conflict(absl::StrCat("the ", with, " of the lead came after that"), with, next->at,
                  deciding);
}

v1::LeadLevel LevelAt(const LeadState& state, const Deciding& deciding) {
  const LevelSet* at = state.level.At(deciding.moment().at.micros);
  return at == nullptr ? v1::LEAD_LEVEL_UNSPECIFIED : at->level;
}

absl::Status CheckLevelAfter(const LeadState& state, v1::LeadLevel level,
                             const Deciding& deciding) {
  const auto* next = state.level.NextAfter(deciding.moment().at.micros);
  if (next == nullptr || next->value.is_taken_back || next->value.level >= level)
    return absl::OkStatus();
  return Conflict(absl::StrCat("the lead reached the lower level ",
                               v1::LeadLevel_Name(next->value.level), " after that"),
                  "qualification", next->at, deciding);
}

}  // namespace recount::domain
