// Outcomes that a reopening withdrew (decisions.md 7): one row for each, from the moment of the reopening on.
#include <array>
#include <memory>
#include <vector>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int {
  kOutcome,
  kClosedAt,
  kClosedAtIsDay,
  kWonAt,
  kLostAt,
  kLostReason,
  kCompetitor,
  kOwnerAtClose,
  kOutcomePosition,
  kWithdrawnAt,
  kWithdrawnAtIsDay,
  kWithdrawnPosition,
  kIsDeleted,
  kColumns
};

class ReversalFold : public Fold {
 public:
  explicit ReversalFold(FactColumns* columns) : columns_(columns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::DealEvent& event = meta.payload->deal();
    switch (event.event_case()) {
      case v1::DealEvent::kCreated: owner_ = columns_->Text(event.created().owner()); return;
      case v1::DealEvent::kAssigned: owner_ = columns_->Text(event.assigned().owner()); return;
      case v1::DealEvent::kWon: return Close(meta, "won", kWonAt);
      case v1::DealEvent::kLost:
        Close(meta, "lost", kLostAt);
        // Not stated counts as missing (decisions.md 8).
        if (event.lost().reason() != "NOT_STATED") standing_[kLostReason] = columns_->Text(event.lost().reason());
        standing_[kCompetitor] = columns_->Text(event.lost().competitor());
        return;
      case v1::DealEvent::kReopened: return Withdraw(meta);
      case v1::DealEvent::kDeleted: is_deleted_ = 1; return;
      case v1::DealEvent::kRestored: is_deleted_ = 0; return;
      case v1::DealEvent::kStageChanged:
      case v1::DealEvent::kMovedToPipeline:
      case v1::DealEvent::kDetailsChanged:
      case v1::DealEvent::kValueChanged:
      case v1::DealEvent::kExpectedCloseChanged:
      case v1::DealEvent::kProbabilityOverridden:
      case v1::DealEvent::kProbabilityCleared:
      case v1::DealEvent::kCompleted:
      case v1::DealEvent::kExternalIdLinked:
      case v1::DealEvent::kAnnotated:
      case v1::DealEvent::EVENT_NOT_SET: return;
    }
  }

  void Emit(RowSink& sink) const override {
    for (Values values : withdrawn_) {
      values[kIsDeleted] = is_deleted_;
      sink.Put(values[kOutcomePosition], values);
    }
  }

 private:
  using Values = std::array<int64_t, kColumns>;

  void Close(const FoldEvent& meta, absl::string_view outcome, Column time) {
    standing_.fill(kNull);
    standing_[kOutcome] = columns_->Text(outcome);
    standing_[time] = meta.occurred_micros;
    standing_[kClosedAt] = meta.occurred_micros;
    standing_[kClosedAtIsDay] = meta.precision == v1::PRECISION_DAY;
    standing_[kOwnerAtClose] = owner_;
    standing_[kOutcomePosition] = static_cast<int64_t>(meta.position);
    is_closed_ = true;
  }

  void Withdraw(const FoldEvent& meta) {
    if (!is_closed_) return;
    is_closed_ = false;
    standing_[kWithdrawnAt] = meta.occurred_micros;
    standing_[kWithdrawnAtIsDay] = meta.precision == v1::PRECISION_DAY;
    standing_[kWithdrawnPosition] = static_cast<int64_t>(meta.position);
    withdrawn_.push_back(standing_);
  }

  FactColumns* columns_;
  int64_t owner_ = kNull;
  int64_t is_deleted_ = 0;
  bool is_closed_ = false;
  Values standing_ = {};
  std::vector<Values> withdrawn_;  // in the order of withdrawal
};

}  // namespace

Subject ReversalSubject() {
  return {"reversal",
          "deals",
          "Each outcome of a deal that a reopening withdrew; the item is the position of the event that won or lost it",
          {
              {"outcome", ColumnKind::kText, "", "What was withdrawn: won or lost"},
              {"closed_at", ColumnKind::kTime, "", "Time of the outcome that was withdrawn"},
              {"closed_at_is_day", ColumnKind::kFlag, "", "Only the day of closed_at is known"},
              {"won_at", ColumnKind::kTime, "", "When it was won, if a win was withdrawn"},
              {"lost_at", ColumnKind::kTime, "", "When it was lost, if a loss was withdrawn"},
              {"lost_reason", ColumnKind::kText, "", "Reason of the loss that was withdrawn"},
              {"competitor", ColumnKind::kText, "", "Competitor of the loss that was withdrawn"},
              {"owner_at_close", ColumnKind::kRecord, "users", "Responsible user when the withdrawn outcome came"},
              {"outcome_position", ColumnKind::kPosition, "", "Event that won or lost it"},
              {"withdrawn_at", ColumnKind::kTime, "", "When the outcome was withdrawn: the reopening"},
              {"withdrawn_at_is_day", ColumnKind::kFlag, "", "Only the day of withdrawn_at is known"},
              {"withdrawn_position", ColumnKind::kPosition, "", "Event that withdrew it"},
              {"deleted", ColumnKind::kFlag, "", "The deal is softly deleted"},
          },
          {"deal", "deal_state"},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<ReversalFold>(columns); },
          true};
}

}  // namespace recount::projections
