// Users, teams and organizational units: identities only; who belongs where is K-15 (decisions.md
// 37).
#ifndef RECOUNT_DOMAIN_IDENTITIES_H_
#define RECOUNT_DOMAIN_IDENTITIES_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::CreateUserRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeUserDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::CreateTeamRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeTeamDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::CreateOrgUnitRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeOrgUnitDetailsRequest& command, Deciding* deciding);

void EvolveUser(const v1::UserEvent& event, const EventMeta& meta, v1::User* user);
void EvolveTeam(const v1::TeamEvent& event, const EventMeta& meta, v1::Team* team);
void EvolveOrgUnit(const v1::OrgUnitEvent& event, const EventMeta& meta, v1::OrgUnit* unit);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_IDENTITIES_H_
