#include "projections/engine/stage_runs.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "projections/engine/derived.h"
#include "projections/engine/record_timeline.h"

namespace recount::projections {
namespace {

int64_t At(const IntervalTable& table, absl::string_view name, uint32_t row) {
  const int index = table.ColumnIndex(name);
  return index < 0 ? kNull : table.column(index)[row];
}

// Only a map makes two stages one.
bool HasMaps(const domain::Rulebook& book) {
  for (const domain::RuleVersionEntry& version : book.Versions(v1::RULE_KIND_PIPELINES)) {
    if (version.withdrawn_position == 0 && version.rule.content().pipelines().stage_maps_size() > 0) return true;
  }
  return false;
}

}  // namespace

std::vector<uint32_t> InOrderOfEntry(const IntervalTable& visits, absl::Span<const uint32_t> rows) {
  std::vector<uint32_t> order(rows.begin(), rows.end());
  if (order.size() < 2) return order;
  // A row begins when something of the visit changed, e.g. its end: the entry is a column.
  const auto entered_at = visits.column(visits.ColumnIndex("entered_at"));
  const auto item = visits.item();
  // The first visit is that of the creation, also before a change of which only the same day is known.
  int64_t created = std::numeric_limits<int64_t>::max();
  for (const uint32_t row : order) created = std::min(created, item[row]);
  const auto rank = [&](uint32_t row) { return std::make_tuple(item[row] != created, entered_at[row], item[row]); };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return rank(a) < rank(b); });
  return order;
}

StageRuns::StageRuns(const World& world) {
  const IntervalTable* visits = world.snapshot().table("stage_visit");
  if (visits == nullptr || !HasMaps(world.rules().book)) return;
  const RecordTimeline timeline = RecordTimeline::At(*visits, world.moment().position, world.moment().valid_at);
  for (size_t i = 0; i < timeline.size(); ++i) {
    if (timeline.rows(i).size() > 1) Join(world, *visits, InOrderOfEntry(*visits, timeline.rows(i)));
  }
}

void StageRuns::Join(const World& world, const IntervalTable& visits, absl::Span<const uint32_t> in_order) {
  const int64_t won = world.texts().Find("won"), lost = world.texts().Find("lost");
  StageFact before;
  int64_t left_at = kNull;
  Entry began;
  for (size_t i = 0; i < in_order.size(); ++i) {
    const uint32_t row = in_order[i];
    const int64_t position = visits.item()[row], entered_at = At(visits, "entered_at", row);
    const Rules& rules = world.options().as_recorded ? world.RulesOf(position) : world.rules();
    const StageFact fact = FindStage(world, rules, At(visits, "pipeline", row), At(visits, "stage", row));
    const bool same = fact.stage != kNull && fact.stage == before.stage && fact.pipeline == before.pipeline;
    if (same && left_at != kNull && left_at == entered_at) {
      goes_on_.insert(visits.item()[in_order[i - 1]]);
      began_.emplace(position, began);
    } else {
      began = {entered_at, At(visits, "entered_at_is_day", row)};
    }
    before = fact;
    // Coming back after an outcome is another visit.
    const int64_t left_to = At(visits, "left_to", row);
    left_at = left_to != kNull && (left_to == won || left_to == lost) ? kNull : At(visits, "left_at", row);
  }
}

const StageRuns::Entry* StageRuns::BeganBefore(int64_t position) const {
  const auto found = began_.find(position);
  return found == began_.end() ? nullptr : &found->second;
}

}  // namespace recount::projections
