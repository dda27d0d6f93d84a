#include "projections/engine/funnel_count.h"

#include <algorithm>

#include "projections/engine/derived.h"
#include "projections/engine/stage_runs.h"

namespace recount::projections {
namespace {

constexpr char kVisits[] = "stage_visit";

absl::Span<const int64_t> ColumnOf(const IntervalTable& table, absl::string_view name) {
  return table.column(table.ColumnIndex(name));
}

FunnelLadder MakeLadder(const v1::Pipeline& pipeline) {
  FunnelLadder ladder;
  ladder.pipeline = pipeline.id();
  for (const v1::Stage& stage : pipeline.stages()) {
    if (stage.meaning() == v1::STAGE_MEANING_UNSPECIFIED) ladder.stages.push_back(stage.id());
    if (stage.meaning() == v1::STAGE_MEANING_WON && ladder.won.empty()) ladder.won = stage.id();
  }
  if (ladder.won.empty()) ladder.won = "won";
  return ladder;
}

}  // namespace

FunnelCount::FunnelCount(const Query& query, const Selection& records, FunnelMode mode, bool by_period)
    : query_(query), records_(records), mode_(mode), by_period_(by_period), visits_(query.world->snapshot().table(kVisits)),
      won_(query.texts->Find("won")), lost_(query.texts->Find("lost")) {
  if (query.period.first_day) begin_ = query.calendar().StartOf(*query.period.first_day);
  if (query.period.last_day) end_ = query.calendar().EndOf(*query.period.last_day);
  constexpr size_t kRowsOfRecord = 16;
  if (visits_ != nullptr && records.size() * kRowsOfRecord > visits_->size()) {
    timeline_ = RecordTimeline::At(*visits_, query.moment().position, query.moment().valid_at);
  }
  for (const v1::Pipeline& pipeline : query.world->rules().stages.pipelines()) {
    ladder_of_.emplace(query.texts->Code(pipeline.id()), static_cast<int>(ladders_.size()));
    ladders_.push_back(MakeLadder(pipeline));
  }
}

int FunnelCount::LadderOf(int64_t pipeline) {
  const auto [found, added] = ladder_of_.emplace(pipeline, static_cast<int>(ladders_.size()));
  if (added) ladders_.push_back({std::string(pipeline == kNull ? "" : query_.texts->Text(pipeline)), {}, "won"});
  return found->second;
}

FunnelCount::Place FunnelCount::PlaceOf(const Rules& rules, int64_t pipeline, int64_t stage) {
  const auto [found, added] = places_.try_emplace({&rules, {pipeline, stage}});
  if (!added) return found->second;
  Place place{LadderOf(pipeline), FunnelVisit::kUnknown};
  const StageFact& fact = FindStage(*query_.world, rules, pipeline, stage);
  if (fact.stage != kNull && fact.meaning != v1::STAGE_MEANING_UNSPECIFIED) {
    place.stage = kOutcome;
  } else if (fact.stage != kNull) {
    const auto& stages = ladders_[place.ladder].stages;
    const auto line = std::find(stages.begin(), stages.end(), query_.texts->Text(fact.stage));
    if (line != stages.end()) place.stage = static_cast<int>(line - stages.begin());
  }
  return found->second = place;
}

absl::Span<const uint32_t> FunnelCount::VisitsOf(int64_t record) {
  if (timeline_) return timeline_->RowsOf(record);
  of_record_.clear();
  for (const uint32_t row : visits_->RowsOf(record)) {
    if (visits_->VisibleAt(row, query_.moment().position, query_.moment().valid_at)) of_record_.push_back(row);
  }
  return of_record_;
}

std::vector<FunnelCount::Way> FunnelCount::WaysOf(int64_t record, int* present) {
  const IntervalTable& table = *visits_;
  const auto pipelines = ColumnOf(table, "pipeline"), stages = ColumnOf(table, "stage");
  const auto entered = ColumnOf(table, "entered_at"), left = ColumnOf(table, "left_at"), left_tos = ColumnOf(table, "left_to");
  const World& world = *query_.world;
  std::vector<Way> ways;
  *present = -1;
  for (const uint32_t row : InOrderOfEntry(table, VisitsOf(record))) {
    // As recorded: the stage as it was when the deal entered it.
    const Rules& rules = world.options().as_recorded ? world.RulesOf(table.item()[row]) : world.rules();
    const Place place = PlaceOf(rules, pipelines[row], stages[row]);
    if (place.stage == kOutcome) continue;
    size_t way = 0;
    while (way < ways.size() && ways[way].ladder != place.ladder) ++way;
    if (way == ways.size()) ways.push_back({place.ladder, {}, kNull});
    const bool same_pipeline = *present == static_cast<int>(way);
    *present = static_cast<int>(way);

    const int64_t entered_at = entered[row];
    const int64_t left_to = left_tos[row];
    auto& visits = ways[way].path.visits;
    // Adjacent visits of one mapped stage are one; coming back after an outcome is another.
    const bool goes_on = same_pipeline && !visits.empty() && visits.back().stage == place.stage &&
                         ways[way].left_at == entered_at && entered_at != kNull;
    if (!goes_on) visits.push_back({place.stage, Counts(entered_at)});
    const bool to_outcome = left_to != kNull && (left_to == won_ || left_to == lost_);
    ways[way].left_at = to_outcome ? kNull : left[row];
  }
  return ways;
}

void FunnelCount::ForEach(const Visitor& visit) {
  const auto outcome = records_.Field("outcome");
  const auto won_at = records_.Field("won_at");
  const auto lost_at = records_.Field("lost_at");
  for (size_t row = 0; row < records_.size() && !query_.halt->AtStep(); ++row) {
    int present = -1;
    std::vector<Way> ways = WaysOf(records_.record(row), &present);
    if (present >= 0 && outcome->data[row] != kNull) {
      FunnelPath& path = ways[present].path;
      path.won = outcome->data[row] == won_ && Counts(won_at->data[row]);
      if (outcome->data[row] == lost_ && Counts(lost_at->data[row])) path.lost_in = path.visits.back().stage;
    }
    for (const Way& way : ways) visit(row, way.ladder, LinesOf(way.path, mode_, ladders_[way.ladder].open()));
  }
}

}  // namespace recount::projections
