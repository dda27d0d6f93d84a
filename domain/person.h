// Persons (domain.md A-03).
#ifndef RECOUNT_DOMAIN_PERSON_H_
#define RECOUNT_DOMAIN_PERSON_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

absl::Status Decide(const v1::CreatePersonRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangePersonDetailsRequest& command, Deciding* deciding);

void EvolvePerson(const v1::PersonEvent& event, const EventMeta& meta, v1::Person* person);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_PERSON_H_
