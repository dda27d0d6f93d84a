// The list of derived fields, and those that stages give.
#include "projections/engine/derived.h"

#include <algorithm>

#include "projections/engine/functions.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {

bool HasColumn(const Subject& subject, absl::string_view name) {
  return std::any_of(subject.columns.begin(), subject.columns.end(), [&](const ColumnDef& column) { return column.name == name; });
}

const std::vector<DerivedField>& DerivedFields() {
  static const auto* const fields = [] {
    auto* all = new std::vector<DerivedField>;
    for (auto list : {StageFields(), MoneyFields(), OwnerFields(), MomentFields()}) all->insert(all->end(), list.begin(), list.end());
    return all;
  }();
  return *fields;
}

const DerivedField* FindDerived(const Subject& subject, absl::string_view name) {
  for (const DerivedField& field : DerivedFields()) {
    if (field.name == name && field.applies(subject)) return &field;
  }
  return nullptr;
}

std::string CollectionOfDerived(const DerivedField& field, const Subject& subject) {
  if (field.type != Type::kRecord) return "";
  return field.collection.empty() ? subject.collection : std::string(field.collection);
}

const StageFact& FindStage(const World& world, const Rules& rules, int64_t pipeline, int64_t stage) {
  constexpr int64_t kStagesOfPipeline = 1000;
  auto [it, added] = world.caches().stages.try_emplace({&rules, {pipeline, stage}});
  if (!added || stage == kNull) return it->second;
  Texts& texts = world.texts();
  const std::string pipeline_id(texts.Text(pipeline)), stage_id(texts.Text(stage));
  StageFact& fact = it->second;
  fact.pipeline = pipeline;
  const domain::StageBook::Entry* entry = rules.stages.Find(pipeline_id, stage_id);
  if (entry == nullptr) return fact;
  fact.pipeline = texts.Code(entry->pipeline->id());
  fact.stage = texts.Code(entry->stage->id());
  fact.order = entry->pipeline_index * kStagesOfPipeline + entry->stage_index;
  fact.meaning = entry->stage->meaning();
  const auto probability = domain::StageProbabilityBp(rules.probabilities, rules.stages, pipeline_id, stage_id);
  if (probability) fact.probability_bp = *probability;
  return fact;
}

namespace {

bool HasStage(const Subject& subject) { return HasColumn(subject, "stage") && HasColumn(subject, "pipeline"); }

// As recorded: the event that last set the stage; of a visit the one that began it.
Values StagePositions(const Selection& selection) {
  if (HasColumn(selection.subject(), "stage_position")) return *selection.Column("stage_position");
  return selection.Items();
}

template <typename Member>
Values OfStage(const Selection& selection, Type type, Member member) {
  Values out = Make(type, selection.size());
  const auto pipeline = selection.Column("pipeline"), stage = selection.Column("stage");
  const bool as_recorded = selection.world().options().as_recorded;
  const Values position = as_recorded ? StagePositions(selection) : Values();
  StageLookup lookup(selection.world());
  for (size_t i = 0; i < selection.size(); ++i) {
    if (stage->data[i] == kNull) continue;
    const bool own = as_recorded && position.data[i] != kNull;
    const Rules& rules = own ? selection.world().RulesOf(position.data[i]) : selection.world().rules();
    out.data[i] = member(lookup.Find(rules, pipeline->data[i], stage->data[i]));
  }
  return out;
}

Values Stage(const Selection& selection) {
  return OfStage(selection, Type::kText, [](const StageFact& fact) { return fact.stage; });
}
Values StageOrder(const Selection& selection) {
  return OfStage(selection, Type::kInteger, [](const StageFact& fact) { return fact.order; });
}
Values Pipeline(const Selection& selection) {
  return OfStage(selection, Type::kText, [](const StageFact& fact) { return fact.pipeline; });
}
Values StageRaw(const Selection& selection) { return *selection.Column("stage"); }

// Since when a deal is in its stage, and the entry of a visit: of the first of the visits that are one under the rules.
struct EntryColumns {
  absl::string_view at, is_day;
};
EntryColumns EntryOf(const Subject& subject) {
  if (HasColumn(subject, "stage_entered_at")) return {"stage_entered_at", "stage_entered_at_is_day"};
  return {"entered_at", "entered_at_is_day"};
}

Values EntryValues(const Selection& selection, absl::string_view column, int64_t StageRuns::Entry::*part) {
  Values out = *selection.Column(column);
  const StageRuns& runs = selection.world().stage_runs();
  if (runs.empty()) return out;
  const Values position = StagePositions(selection);
  for (size_t i = 0; i < selection.size(); ++i) {
    const StageRuns::Entry* began = position.data[i] == kNull ? nullptr : runs.BeganBefore(position.data[i]);
    if (began != nullptr) out.data[i] = began->*part;
  }
  return out;
}
Values EnteredAt(const Selection& selection) {
  return EntryValues(selection, EntryOf(selection.subject()).at, &StageRuns::Entry::at);
}
Values EnteredAtIsDay(const Selection& selection) {
  return EntryValues(selection, EntryOf(selection.subject()).is_day, &StageRuns::Entry::is_day);
}
bool IsDealState(const Subject& subject) { return HasColumn(subject, "stage_entered_at"); }
bool IsVisit(const Subject& subject) { return HasColumn(subject, "entered_at"); }

Values ValidAt(const Selection& selection) {
  Values out = Make(Type::kTime, selection.size());
  for (size_t i = 0; i < selection.size(); ++i) out.data[i] = selection.clock(i);
  return out;
}
Values Today(const Selection& selection) {
  Values out = Make(Type::kDay, selection.size());
  std::fill(out.data.begin(), out.data.end(), selection.world().rules().day);
  for (size_t i = 0; selection.has_times() && i < selection.size(); ++i) {
    out.data[i] = selection.world().caches().clock.DayOf(selection.clock(i));
  }
  return out;
}
Values Record(const Selection& selection) {
  Values out = Make(Type::kRecord, selection.size());
  for (size_t i = 0; i < selection.size(); ++i) out.data[i] = selection.record(i);
  return out;
}
bool Always(const Subject&) { return true; }

}  // namespace

absl::Span<const DerivedField> StageFields() {
  static const DerivedField kFields[] = {
      {"stage", Type::kText, "", "Stage under the rules asked for; no value: unknown to them.", HasStage, Stage},
      {"stage_raw", Type::kText, "", "Stage as it was set.", HasStage, StageRaw},
      {"stage_order", Type::kInteger, "", "Place of the stage among all stages of all pipelines.", HasStage, StageOrder},
      {"pipeline", Type::kText, "", "Pipeline.", HasStage, Pipeline},
      {"stage_entered_at", Type::kTime, "", "When it entered the stage that it is in under the rules asked for.", IsDealState, EnteredAt},
      {"stage_entered_at_is_day", Type::kFlag, "", "Only the day of stage_entered_at is known.", IsDealState, EnteredAtIsDay},
      {"entered_at", Type::kTime, "", "When it entered the stage.", IsVisit, EnteredAt},
      {"entered_at_is_day", Type::kFlag, "", "Only the day of entered_at is known.", IsVisit, EnteredAtIsDay},
  };
  return kFields;
}

absl::Span<const DerivedField> MomentFields() {
  static const DerivedField kFields[] = {
      {"record", Type::kRecord, "", "The record itself.", Always, Record},
      {"valid_at", Type::kTime, "", "The moment that the report is about.", Always, ValidAt},
      {"today", Type::kDay, "", "The local day of valid_at.", Always, Today},
  };
  return kFields;
}

}  // namespace recount::projections
