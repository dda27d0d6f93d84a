// A deal as a record: parties, source, outcome. What moves often is in deal_state.
#include <memory>
#include <string>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int {
  kLead = kOwnColumns,
  kPerson,
  kOrganization,
  kProduct,
  kSource,
  kMedium,
  kCampaign,
  kSourceDetail,
  kOutcome,
  kWonAt,
  kLostAt,
  kClosedAt,
  kClosedAtIsDay,
  kLostReason,
  kCompetitor,
  kOwnerAtClose,
  kReversed,
  kReopenedAt,
  kCompletedAt,
  kColumns
};

class DealFold : public RecordFold {
 public:
  explicit DealFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::DealEvent& event = meta.payload->deal();
    switch (event.event_case()) {
      case v1::DealEvent::kCreated: return CreateDeal(meta, event.created());
      case v1::DealEvent::kDetailsChanged: return ChangeDetails(event.details_changed());
      case v1::DealEvent::kAssigned: owner_ = columns().Text(event.assigned().owner()); return;
      case v1::DealEvent::kWon: return Close(meta, "won", kWonAt);
      case v1::DealEvent::kLost:
        Close(meta, "lost", kLostAt);
        // Not stated counts as missing (decisions.md 8).
        SetText(kLostReason, event.lost().reason() == "NOT_STATED" ? "" : event.lost().reason());
        return SetText(kCompetitor, event.lost().competitor());
      case v1::DealEvent::kReopened: return Reopen(meta);
      case v1::DealEvent::kCompleted: return SetValue(kCompletedAt, meta.occurred_micros);
      case v1::DealEvent::kDeleted:
      case v1::DealEvent::kRestored:
      case v1::DealEvent::kExternalIdLinked:
      case v1::DealEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::DealEvent::kStageChanged:
      case v1::DealEvent::kValueChanged:
      case v1::DealEvent::kExpectedCloseChanged:
      case v1::DealEvent::kProbabilityOverridden:
      case v1::DealEvent::kProbabilityCleared:
      case v1::DealEvent::kMovedToPipeline:
      case v1::DealEvent::EVENT_NOT_SET: return;
    }
  }

 private:
  void CreateDeal(const FoldEvent& meta, const v1::DealCreated& created) {
    Create(meta, created);
    SetText(kLead, created.lead());
    SetText(kPerson, created.person());
    SetText(kOrganization, created.organization());
    SetText(kProduct, created.product());
    SetSource(created.source());
    SetText(kOutcome, "open");
    SetValue(kReversed, 0);
    owner_ = columns().Text(created.owner());
  }

  void ChangeDetails(const v1::DealDetailsChanged& changed) {
    if (changed.has_person()) SetText(kPerson, changed.person());
    if (changed.has_organization()) SetText(kOrganization, changed.organization());
    if (changed.has_product()) SetText(kProduct, changed.product());
    if (changed.has_source()) SetSource(changed.source());
    if (changed.has_lead()) SetText(kLead, changed.lead());
  }

  void SetSource(const v1::Source& source) {
    SetText(kSource, source.id());
    SetText(kMedium, source.medium());
    SetText(kCampaign, source.campaign());
    SetText(kSourceDetail, source.detail());
  }

  void Close(const FoldEvent& meta, absl::string_view outcome, Column time) {
    ClearOutcome();
    SetText(kOutcome, outcome);
    SetValue(time, meta.occurred_micros);
    SetValue(kClosedAt, meta.occurred_micros);
    SetValue(kClosedAtIsDay, meta.precision == v1::PRECISION_DAY);
    SetValue(kOwnerAtClose, owner_);
  }

  void Reopen(const FoldEvent& meta) {
    ClearOutcome();
    SetText(kOutcome, "open");
    SetValue(kReversed, Value(kReversed) + 1);
    SetValue(kReopenedAt, meta.occurred_micros);
  }

  void ClearOutcome() {
    for (Column column : {kWonAt, kLostAt, kClosedAt, kClosedAtIsDay, kLostReason, kCompetitor, kOwnerAtClose, kCompletedAt}) {
      SetValue(column, kNull);
    }
  }

  int64_t owner_ = kNull;
};

}  // namespace

Subject DealSubject() {
  return {"deal",
          "deals",
          "Chances of a sale: parties, source and standing outcome",
          RecordColumns({
              {"lead", ColumnKind::kRecord, "leads", "Lead that it came from"},
              {"person", ColumnKind::kRecord, "persons", "Person"},
              {"organization", ColumnKind::kRecord, "organizations", "Organization"},
              {"product", ColumnKind::kRecord, "products", "Main product"},
              {"source", ColumnKind::kText, "", "Source id, copied at conversion"},
              {"medium", ColumnKind::kText, "", "Medium of the source"},
              {"campaign", ColumnKind::kText, "", "Campaign of the source"},
              {"source_detail", ColumnKind::kText, "", "Anything more exact about the source"},
              {"outcome", ColumnKind::kText, "", "open, won or lost"},
              {"won_at", ColumnKind::kTime, "", "When it was won, if that stands"},
              {"lost_at", ColumnKind::kTime, "", "When it was lost, if that stands"},
              {"closed_at", ColumnKind::kTime, "", "Time of the standing outcome"},
              {"closed_at_is_day", ColumnKind::kFlag, "", "Only the day of closed_at is known"},
              {"lost_reason", ColumnKind::kText, "", "Reason of the standing loss"},
              {"competitor", ColumnKind::kText, "", "Competitor that won it"},
              {"owner_at_close", ColumnKind::kRecord, "users", "Responsible user when the standing outcome came"},
              {"reversed", ColumnKind::kInteger, "", "Outcomes withdrawn so far"},
              {"reopened_at", ColumnKind::kTime, "", "When it was last reopened"},
              {"completed_at", ColumnKind::kTime, "", "When it was completed"},
          }),
          {"deal_state"},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<DealFold>(columns); }};
}

}  // namespace recount::projections
