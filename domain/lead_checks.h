// What decisions about leads ask of the lead's past.
#ifndef RECOUNT_DOMAIN_LEAD_CHECKS_H_
#define RECOUNT_DOMAIN_LEAD_CHECKS_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

// LEAD_CONVERTED: a lead is converted once, and keeps its standing from then on.
absl::Status CheckNotConverted(const LeadState& state, absl::string_view field);
// Neither converted nor, at the command's moment, disqualified: LEAD_DISQUALIFIED.
absl::Status CheckLeadIsOpen(const LeadState& state, const Deciding& deciding);

// How it stood at the command's moment.
const LeadStanding& StandingAt(const LeadState& state, const Deciding& deciding);
// BACKDATING_CONFLICT if its standing changed after the moment: reports fold by the time of
// occurrence, so the later change would win over what is said last.
absl::Status CheckLastStanding(const LeadState& state, const Deciding& deciding);

// Level at the command's moment.
v1::LeadLevel LevelAt(const LeadState& state, const Deciding& deciding);
// BACKDATING_CONFLICT if a lower level than this one was reached after the moment: levels go only
// upward (domain.md A-02).
absl::Status CheckLevelAfter(const LeadState& state, v1::LeadLevel level, const Deciding& deciding);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_LEAD_CHECKS_H_
