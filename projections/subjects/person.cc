// Persons, without anything personal.
#include <memory>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int { kOrganization = kOwnColumns, kOwner, kColumns };

class PersonFold : public RecordFold {
 public:
  explicit PersonFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::PersonEvent& event = meta.payload->person();
    switch (event.event_case()) {
      case v1::PersonEvent::kCreated:
        Create(meta, event.created());
        SetText(kOrganization, event.created().organization());
        return SetText(kOwner, event.created().owner());
      case v1::PersonEvent::kDetailsChanged: {
        const v1::PersonDetailsChanged& changed = event.details_changed();
        if (changed.has_organization()) SetText(kOrganization, changed.organization());
        if (changed.has_owner()) SetText(kOwner, changed.owner());
        return;
      }
      case v1::PersonEvent::kDeleted:
      case v1::PersonEvent::kRestored:
      case v1::PersonEvent::kExternalIdLinked:
      case v1::PersonEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::PersonEvent::EVENT_NOT_SET: return;
    }
  }
};

}  // namespace

Subject PersonSubject() {
  return {"person",
          "persons",
          "Persons, without anything personal",
          RecordColumns({
              {"organization", ColumnKind::kRecord, "organizations", "Employer"},
              {"owner", ColumnKind::kRecord, "users", "Responsible user"},
          }),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<PersonFold>(columns); }};
}

}  // namespace recount::projections
