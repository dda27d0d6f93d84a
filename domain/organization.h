// Organizations (domain.md A-04).
#ifndef RECOUNT_DOMAIN_ORGANIZATION_H_
#define RECOUNT_DOMAIN_ORGANIZATION_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::CreateOrganizationRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeOrganizationDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::SetOrganizationParentRequest& command, Deciding* deciding);
absl::Status Decide(const v1::SetPartyKindsRequest& command, Deciding* deciding);

void EvolveOrganization(const v1::OrganizationEvent& event, const EventMeta& meta,
                        v1::Organization* organization);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_ORGANIZATION_H_
