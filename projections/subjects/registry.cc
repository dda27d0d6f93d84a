#include "projections/subjects/registry.h"

#include "projections/subject.h"

namespace recount::projections {

const std::vector<Subject>& AllSubjects() {
  static const auto* const subjects = new std::vector<Subject>{
      LeadSubject(),
      DealSubject(),
      DealStateSubject(),
      StageVisitSubject(),
      ReversalSubject(),
      PersonSubject(),
      OrganizationSubject(),
      ProductSubject(),
      UserSubject(),
      TeamSubject(),
      OrgUnitSubject(),
  };
  return *subjects;
}

const Subject* FindSubject(absl::string_view id) {
  for (const Subject& subject : AllSubjects()) {
    if (subject.id == id) return &subject;
  }
  return nullptr;
}

}  // namespace recount::projections
