// One function for each subject, each in the file of its name. AllSubjects() (registry.cc) lists them.
#ifndef RECOUNT_PROJECTIONS_SUBJECTS_REGISTRY_H_
#define RECOUNT_PROJECTIONS_SUBJECTS_REGISTRY_H_

#include "projections/subject.h"

namespace recount::projections {

Subject LeadSubject();
Subject DealSubject();
Subject DealStateSubject();
Subject StageVisitSubject();
Subject ReversalSubject();
Subject PersonSubject();
Subject OrganizationSubject();
Subject ProductSubject();
Subject UserSubject();
Subject TeamSubject();
Subject OrgUnitSubject();

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SUBJECTS_REGISTRY_H_
