// Where a deal stands in its pipeline and what it is worth: only what cuts a forecast's rows, so that they are few.
#include <memory>
#include <vector>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int {
  kPipeline,
  kStage,
  kStagePosition,
  kStageEnteredAt,
  kStageEnteredAtIsDay,
  kValue,
  kValueCurrency,
  kOwner,
  kExpectedClose,
  kProbabilityBp,
  kProbabilityPosition,
  kOutcome,
  kIsDeleted,
  kColumns
};

class DealStateFold : public Fold {
 public:
  explicit DealStateFold(FactColumns* columns) : columns_(columns), values_(kColumns, kNull) {
    open_ = columns->Text("open");
    won_ = columns->Text("won");
    lost_ = columns->Text("lost");
  }

  void Apply(const FoldEvent& meta) override {
    const v1::DealEvent& event = meta.payload->deal();
    switch (event.event_case()) {
      case v1::DealEvent::kCreated: return Create(meta, event.created());
      case v1::DealEvent::kStageChanged:
        if (!event.stage_changed().keep_probability() && !is_probability_kept_) values_[kProbabilityBp] = kNull;
        return Enter(meta, event.stage_changed().stage());
      case v1::DealEvent::kMovedToPipeline:
        values_[kPipeline] = columns_->Text(event.moved_to_pipeline().pipeline());
        if (!is_probability_kept_) values_[kProbabilityBp] = kNull;
        return Enter(meta, event.moved_to_pipeline().stage());
      case v1::DealEvent::kValueChanged:
        return SetMoney(event.value_changed().has_value(), event.value_changed().value());
      case v1::DealEvent::kExpectedCloseChanged: {
        const v1::DealExpectedCloseChanged& changed = event.expected_close_changed();
        values_[kExpectedClose] = DayValue(changed.has_expected_close(), changed.expected_close());
        return;
      }
      case v1::DealEvent::kAssigned: values_[kOwner] = columns_->Text(event.assigned().owner()); return;
      case v1::DealEvent::kProbabilityOverridden:
        return SetProbability(meta, event.probability_overridden().probability_bp(), event.probability_overridden().keep());
      case v1::DealEvent::kProbabilityCleared: return SetProbability(meta, kNull, false);
      case v1::DealEvent::kWon: values_[kOutcome] = won_; return;
      case v1::DealEvent::kLost: values_[kOutcome] = lost_; return;
      case v1::DealEvent::kReopened: values_[kOutcome] = open_; return;
      case v1::DealEvent::kDeleted: values_[kIsDeleted] = 1; return;
      case v1::DealEvent::kRestored: values_[kIsDeleted] = 0; return;
      case v1::DealEvent::kDetailsChanged:
      case v1::DealEvent::kCompleted:
      case v1::DealEvent::kExternalIdLinked:
      case v1::DealEvent::kAnnotated:
      case v1::DealEvent::EVENT_NOT_SET: return;
    }
  }

  void Emit(RowSink& sink) const override { sink.Put(0, values_); }

 private:
  void Create(const FoldEvent& meta, const v1::DealCreated& created) {
    values_[kPipeline] = columns_->Text(created.pipeline());
    Enter(meta, created.stage());
    SetMoney(created.has_value(), created.value());
    values_[kOwner] = columns_->Text(created.owner());
    values_[kExpectedClose] = DayValue(created.has_expected_close(), created.expected_close());
    if (created.has_probability_bp()) values_[kProbabilityBp] = created.probability_bp();
    values_[kOutcome] = open_;
    values_[kIsDeleted] = 0;
  }

  void Enter(const FoldEvent& meta, const std::string& stage) {
    values_[kStage] = columns_->Text(stage);
    values_[kStagePosition] = static_cast<int64_t>(meta.position);
    values_[kStageEnteredAt] = meta.occurred_micros;
    values_[kStageEnteredAtIsDay] = meta.precision == v1::PRECISION_DAY;
    values_[kProbabilityPosition] = static_cast<int64_t>(meta.position);
  }

  void SetMoney(bool is_given, const google::type::Money& money) {
    values_[kValue] = MinorValue(is_given, money);
    values_[kValueCurrency] = is_given ? columns_->Text(money.currency_code()) : kNull;
  }

  void SetProbability(const FoldEvent& meta, int64_t probability_bp, bool is_kept) {
    values_[kProbabilityBp] = probability_bp;
    is_probability_kept_ = is_kept;
    values_[kProbabilityPosition] = static_cast<int64_t>(meta.position);
  }

  FactColumns* columns_;
  int64_t open_, won_, lost_;
  bool is_probability_kept_ = false;
  std::vector<int64_t> values_;
};

}  // namespace

Subject DealStateSubject() {
  return {"deal_state",
          "deals",
          "Stage, value, owner, expected close and probability of a deal over time",
          {
              {"pipeline", ColumnKind::kText, "", "Pipeline id as it was set"},
              {"stage", ColumnKind::kText, "", "Stage id as it was set"},
              {"stage_position", ColumnKind::kPosition, "", "Event that last set the stage: the basis of the stage as recorded"},
              {"stage_entered_at", ColumnKind::kTime, "", "When it entered the stage"},
              {"stage_entered_at_is_day", ColumnKind::kFlag, "", "Only the day of stage_entered_at is known"},
              {"value", ColumnKind::kMinor, "", "Value"},
              {"value_currency", ColumnKind::kText, "", "Currency of the value"},
              {"owner", ColumnKind::kRecord, "users", "Responsible user"},
              {"expected_close", ColumnKind::kDay, "", "Expected close"},
              {"probability_bp", ColumnKind::kInteger, "", "Probability set by hand, basis points"},
              {"probability_position", ColumnKind::kPosition, "",
               "Event that last set stage or probability: the basis of the probability as recorded"},
              {"outcome", ColumnKind::kText, "", "open, won or lost"},
              {"deleted", ColumnKind::kFlag, "", "Softly deleted"},
          },
          {"deal"},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<DealStateFold>(columns); }};
}

}  // namespace recount::projections
