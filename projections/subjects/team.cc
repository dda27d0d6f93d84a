// Teams; who belongs to them is a rule (K-15).
#include <memory>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int { kDisplayName = kOwnColumns, kColumns };

class TeamFold : public RecordFold {
 public:
  explicit TeamFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::TeamEvent& event = meta.payload->team();
    switch (event.event_case()) {
      case v1::TeamEvent::kCreated:
        Create(meta, event.created());
        return SetText(kDisplayName, event.created().display_name());
      case v1::TeamEvent::kDetailsChanged:
        if (event.details_changed().has_display_name()) SetText(kDisplayName, event.details_changed().display_name());
        return;
      case v1::TeamEvent::kDeleted:
      case v1::TeamEvent::kRestored:
      case v1::TeamEvent::kExternalIdLinked:
      case v1::TeamEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::TeamEvent::EVENT_NOT_SET: return;
    }
  }
};

}  // namespace

Subject TeamSubject() {
  return {"team",
          "teams",
          "Teams; who belongs to them is a rule (K-15)",
          RecordColumns({{"display_name", ColumnKind::kText, "", "Name"}}),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<TeamFold>(columns); }};
}

}  // namespace recount::projections
