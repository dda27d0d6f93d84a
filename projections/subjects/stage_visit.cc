// Visits of stages: one row for each time that a deal was in a stage while it had no standing outcome (decisions.md 5).
#include <array>
#include <memory>
#include <vector>

#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int { kPipeline, kStage, kEnteredAt, kEnteredAtIsDay, kLeftAt, kLeftAtIsDay, kLeftTo, kColumns };

class StageVisitFold : public Fold {
 public:
  explicit StageVisitFold(FactColumns* columns) : columns_(columns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::DealEvent& event = meta.payload->deal();
    switch (event.event_case()) {
      case v1::DealEvent::kCreated:
        is_open_ = true;
        pipeline_ = columns_->Text(event.created().pipeline());
        return Enter(meta, event.created().stage());
      case v1::DealEvent::kStageChanged: return Move(meta, event.stage_changed().stage());
      case v1::DealEvent::kMovedToPipeline:
        Leave(meta, columns_->Text("moved"));
        pipeline_ = columns_->Text(event.moved_to_pipeline().pipeline());
        return Enter(meta, event.moved_to_pipeline().stage());
      case v1::DealEvent::kWon: return Close(meta, columns_->Text("won"));
      case v1::DealEvent::kLost: return Close(meta, columns_->Text("lost"));
      case v1::DealEvent::kReopened:
        is_open_ = true;
        Start(meta, Entry::kByReopening);
        return;
      case v1::DealEvent::kDetailsChanged:
      case v1::DealEvent::kValueChanged:
      case v1::DealEvent::kExpectedCloseChanged:
      case v1::DealEvent::kAssigned:
      case v1::DealEvent::kProbabilityOverridden:
      case v1::DealEvent::kProbabilityCleared:
      case v1::DealEvent::kCompleted:
      case v1::DealEvent::kDeleted:
      case v1::DealEvent::kRestored:
      case v1::DealEvent::kExternalIdLinked:
      case v1::DealEvent::kAnnotated:
      case v1::DealEvent::EVENT_NOT_SET: return;
    }
  }

  void Emit(RowSink& sink) const override {
    for (const Visit& visit : visits_) sink.Put(visit.item, visit.values);
  }

 private:
  enum class Entry { kByMoving, kByReopening };
  struct Visit {
    int64_t item;
    uint64_t commit_position;
    Entry entry;
    std::array<int64_t, kColumns> values;
  };

  // A visit whose entering event is the one just before `meta` in the same commit: the commit is one act.
  bool HasJustStarted(const FoldEvent& meta, Entry entry) const {
    return is_in_stage_ && visits_.back().entry == entry && visits_.back().commit_position == meta.commit_position &&
           visits_.back().item + 1 == static_cast<int64_t>(meta.position);
  }

  void Move(const FoldEvent& meta, const std::string& stage) {
    if (!is_open_) {  // delivery: time after an outcome is no visit
      stage_ = columns_->Text(stage);
      return;
    }
    if (HasJustStarted(meta, Entry::kByReopening)) visits_.pop_back();
    else Leave(meta, columns_->Text(stage));
    Enter(meta, stage);
  }

  void Enter(const FoldEvent& meta, const std::string& stage) {
    stage_ = columns_->Text(stage);
    if (is_open_) Start(meta, Entry::kByMoving);
  }

  void Start(const FoldEvent& meta, Entry entry) {
    Visit visit{static_cast<int64_t>(meta.position), meta.commit_position, entry, {}};
    visit.values.fill(kNull);
    visit.values[kPipeline] = pipeline_;
    visit.values[kStage] = stage_;
    visit.values[kEnteredAt] = meta.occurred_micros;
    visit.values[kEnteredAtIsDay] = meta.precision == v1::PRECISION_DAY;
    visits_.push_back(visit);
    is_in_stage_ = true;
  }

  void Leave(const FoldEvent& meta, int64_t left_to) {
    if (!is_in_stage_) return;
    std::array<int64_t, kColumns>& values = visits_.back().values;
    values[kLeftAt] = meta.occurred_micros;
    values[kLeftAtIsDay] = meta.precision == v1::PRECISION_DAY;
    values[kLeftTo] = left_to;
    is_in_stage_ = false;
  }

  // Winning moves the deal into the pipeline's won stage in the same commit: that is the end of the visit before, not a visit.
  void Close(const FoldEvent& meta, int64_t outcome) {
    if (HasJustStarted(meta, Entry::kByMoving) && visits_.size() > 1 &&
        visits_[visits_.size() - 2].values[kLeftTo] == visits_.back().values[kStage] &&
        visits_[visits_.size() - 2].values[kLeftAt] == meta.occurred_micros) {
      visits_.pop_back();
      visits_.back().values[kLeftTo] = outcome;
      is_in_stage_ = false;
    }
    Leave(meta, outcome);
    is_open_ = false;
  }

  FactColumns* columns_;
  bool is_open_ = false;
  bool is_in_stage_ = false;  // the last visit has not ended
  int64_t pipeline_ = kNull;
  int64_t stage_ = kNull;
  std::vector<Visit> visits_;  // in order of entering
};

}  // namespace

Subject StageVisitSubject() {
  return {"stage_visit",
          "deals",
          "Each time that a deal was in a stage while it was open; the item is the position of the entering event",
          {
              {"pipeline", ColumnKind::kText, "", "Pipeline id as it was set"},
              {"stage", ColumnKind::kText, "", "Stage id as it was set"},
              {"entered_at", ColumnKind::kTime, "", "When it entered the stage"},
              {"entered_at_is_day", ColumnKind::kFlag, "", "Only the day of entered_at is known"},
              {"left_at", ColumnKind::kTime, "", "When it left the stage"},
              {"left_at_is_day", ColumnKind::kFlag, "", "Only the day of left_at is known"},
              {"left_to", ColumnKind::kText, "", "The next stage, or won, lost or moved"},
          },
          {"deal", "deal_state"},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<StageVisitFold>(columns); },
          true};
}

}  // namespace recount::projections
