// Products.
#include <memory>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int { kDisplayName = kOwnColumns, kKind, kRetired, kColumns };

class ProductFold : public RecordFold {
 public:
  explicit ProductFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::ProductEvent& event = meta.payload->product();
    switch (event.event_case()) {
      case v1::ProductEvent::kCreated:
        Create(meta, event.created());
        SetText(kDisplayName, event.created().display_name());
        SetText(kKind, event.created().kind());
        return SetValue(kRetired, 0);
      case v1::ProductEvent::kDetailsChanged: {
        const v1::ProductDetailsChanged& changed = event.details_changed();
        if (changed.has_display_name()) SetText(kDisplayName, changed.display_name());
        if (changed.has_kind()) SetText(kKind, changed.kind());
        return;
      }
      case v1::ProductEvent::kRetired: return SetValue(kRetired, 1);
      case v1::ProductEvent::kDeleted:
      case v1::ProductEvent::kRestored:
      case v1::ProductEvent::kExternalIdLinked:
      case v1::ProductEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::ProductEvent::kListPriceSet:
      case v1::ProductEvent::EVENT_NOT_SET: return;
    }
  }
};

}  // namespace

Subject ProductSubject() {
  return {"product",
          "products",
          "Products and services",
          RecordColumns({
              {"display_name", ColumnKind::kText, "", "Name"},
              {"kind", ColumnKind::kText, "", "Series or kind"},
              {"retired", ColumnKind::kFlag, "", "No longer sold"},
          }),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<ProductFold>(columns); }};
}

}  // namespace recount::projections
