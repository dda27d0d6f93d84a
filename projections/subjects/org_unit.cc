// Organizational units; what lies under them is a rule (K-15).
#include <memory>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int { kDisplayName = kOwnColumns, kColumns };

class OrgUnitFold : public RecordFold {
 public:
  explicit OrgUnitFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::OrgUnitEvent& event = meta.payload->org_unit();
    switch (event.event_case()) {
      case v1::OrgUnitEvent::kCreated:
        Create(meta, event.created());
        return SetText(kDisplayName, event.created().display_name());
      case v1::OrgUnitEvent::kDetailsChanged:
        if (event.details_changed().has_display_name()) SetText(kDisplayName, event.details_changed().display_name());
        return;
      case v1::OrgUnitEvent::kDeleted:
      case v1::OrgUnitEvent::kRestored:
      case v1::OrgUnitEvent::kExternalIdLinked:
      case v1::OrgUnitEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::OrgUnitEvent::EVENT_NOT_SET: return;
    }
  }
};

}  // namespace

Subject OrgUnitSubject() {
  return {"org_unit",
          "org_units",
          "Organizational units; what lies under them is a rule (K-15)",
          RecordColumns({{"display_name", ColumnKind::kText, "", "Name"}}),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<OrgUnitFold>(columns); }};
}

}  // namespace recount::projections
