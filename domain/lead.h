// Leads (domain.md A-02).
#ifndef RECOUNT_DOMAIN_LEAD_H_
#define RECOUNT_DOMAIN_LEAD_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::CaptureLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeLeadDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::AssignLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeLeadStatusRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ScheduleLeadHandlingRequest& command, Deciding* deciding);
absl::Status Decide(const v1::QualifyLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::AcceptLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::DisqualifyLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::RequalifyLeadRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ConvertLeadRequest& command, Deciding* deciding);

void EvolveLead(const v1::LeadEvent& event, const EventMeta& meta, LeadState* state);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_LEAD_H_
