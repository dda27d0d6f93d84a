// Users, without anything personal.
#include <memory>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

class UserFold : public RecordFold {
 public:
  explicit UserFold(FactColumns* columns) : RecordFold(columns, kOwnColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::UserEvent& event = meta.payload->user();
    switch (event.event_case()) {
      case v1::UserEvent::kCreated: return Create(meta, event.created());
      case v1::UserEvent::kDeleted:
      case v1::UserEvent::kRestored:
      case v1::UserEvent::kExternalIdLinked:
      case v1::UserEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::UserEvent::kDetailsChanged:
      case v1::UserEvent::EVENT_NOT_SET: return;
    }
  }
};

}  // namespace

Subject UserSubject() {
  return {"user",
          "users",
          "Users, without anything personal",
          RecordColumns({}),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<UserFold>(columns); }};
}

}  // namespace recount::projections
