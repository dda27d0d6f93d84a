#include "projections/engine/funnel_count.h"

#include <algorithm>
#include <limits>
#include <tuple>

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
  for (const v1::Pipeline& pipeline : query.world->rules().stages.pipelines()) {
    ladder_of_.emplace(query.texts->Code(pipeline.id()), static_cast<int>(ladders_.size()));
    ladders_.push_back(MakeLadder(pipeline));
  }
  if (visits_ == nullptr) return;
  columns_ = {ColumnOf(*visits_, "pipeline"), ColumnOf(*visits_, "stage"), ColumnOf(*visits_, "entered_at"),
              ColumnOf(*visits_, "left_at"), ColumnOf(*visits_, "left_to")};
  constexpr size_t kRowsOfRecord = 16;
  if (records.size() * kRowsOfRecord > visits_->size()) ReadAll();
}

int FunnelCount::LadderOf(int64_t pipeline) {
  const auto [found, added] = ladder_of_.emplace(pipeline, static_cast<int>(ladders_.size()));
  if (added) ladders_.push_back({std::string(pipeline == kNull ? "" : query_.texts->Text(pipeline)), {}, "won"});
  return found->second;
}

FunnelCount::Place FunnelCount::PlaceOf(const Rules& rules, int64_t pipeline, int64_t stage) {
  KnownPlace& known = known_places_[static_cast<uint64_t>(stage * 5 + pipeline) % known_places_.size()];
  if (known.rules == &rules && known.pipeline == pipeline && known.stage == stage) return known.place;
  const auto [found, added] = places_.try_emplace({&rules, {pipeline, stage}});
  if (added) {
    Place place{LadderOf(pipeline), FunnelVisit::kUnknown};
    const StageFact& fact = FindStage(*query_.world, rules, pipeline, stage);
    if (fact.stage != kNull && fact.meaning != v1::STAGE_MEANING_UNSPECIFIED) {
      place.stage = kOutcome;
    } else if (fact.stage != kNull) {
      const auto& stages = ladders_[place.ladder].stages;
      const auto line = std::find(stages.begin(), stages.end(), query_.texts->Text(fact.stage));
      if (line != stages.end()) place.stage = static_cast<int>(line - stages.begin());
    }
    found->second = place;
  }
  known = {&rules, pipeline, stage, found->second};
  return known.place;
}

FunnelCount::Visit FunnelCount::Read(uint32_t row) {
  const int64_t item = visits_->item()[row];
  // As recorded: the stage as it was when the deal entered it.
  const World& world = *query_.world;
  const Rules& rules = world.options().as_recorded ? world.RulesOf(item) : world.rules();
  const int64_t left_to = columns_.left_to[row];
  const bool to_outcome = left_to != kNull && (left_to == won_ || left_to == lost_);
  return {item, columns_.entered_at[row], to_outcome ? kNull : columns_.left_at[row],
          PlaceOf(rules, columns_.pipeline[row], columns_.stage[row])};
}

void FunnelCount::ReadAll() {
  has_all_ = true;
  const auto record = visits_->record();
  std::vector<uint32_t> rows;
  visits_->indexes().All(*visits_, {query_.moment().position, query_.moment().valid_at}, &rows);
  starts_.assign(visits_->dictionary().size() + 2, 0);
  // Two behind, so that starts_[code + 1] is where the next visit of the record goes, and in the end where its visits end.
  for (const uint32_t row : rows) ++starts_[record[row] + 2];
  for (size_t i = 2; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  visits_of_all_.resize(rows.size());
  for (const uint32_t row : rows) visits_of_all_[starts_[record[row] + 1]++] = Read(row);
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    PutInOrder(absl::MakeSpan(visits_of_all_).subspan(starts_[i], starts_[i + 1] - starts_[i]));
  }
}

absl::Span<const FunnelCount::Visit> FunnelCount::VisitsOf(int64_t record) {
  if (visits_ == nullptr || record < 0) return {};
  if (has_all_) {
    if (static_cast<size_t>(record) + 1 >= starts_.size()) return {};
    return absl::MakeConstSpan(visits_of_all_).subspan(starts_[record], starts_[record + 1] - starts_[record]);
  }
  of_record_.clear();
  for (const uint32_t row : visits_->RowsOf(record)) {
    if (visits_->VisibleAt(row, query_.moment().position, query_.moment().valid_at)) of_record_.push_back(Read(row));
  }
  PutInOrder(absl::MakeSpan(of_record_));
  return of_record_;
}

// As InOrderOfEntry() of stage_runs.h.
void FunnelCount::PutInOrder(absl::Span<Visit> visits) {
  if (visits.size() < 2) return;
  // The first visit is that of the creation, also before a change of which only the same day is known.
  int64_t created = std::numeric_limits<int64_t>::max();
  for (const Visit& visit : visits) created = std::min(created, visit.item);
  std::sort(visits.begin(), visits.end(), [&](const Visit& a, const Visit& b) {
    return std::make_tuple(a.item != created, a.entered_at, a.item) < std::make_tuple(b.item != created, b.entered_at, b.item);
  });
}

FunnelCount::Way& FunnelCount::NewWay(size_t number, int ladder) {
  if (number == ways_.size()) ways_.emplace_back();
  Way& way = ways_[number];
  way.ladder = ladder;
  way.left_at = kNull;
  way.path.visits.clear();
  way.path.won = false;
  way.path.lost_in.reset();
  return way;
}

absl::Span<FunnelCount::Way> FunnelCount::WaysOf(int64_t record, int* present) {
  size_t count = 0;
  *present = -1;
  for (const Visit& visit : VisitsOf(record)) {
    if (visit.place.stage == kOutcome) continue;
    size_t number = 0;
    while (number < count && ways_[number].ladder != visit.place.ladder) ++number;
    Way& way = number == count ? NewWay(count++, visit.place.ladder) : ways_[number];
    const bool same_pipeline = *present == static_cast<int>(number);
    *present = static_cast<int>(number);
    auto& visits = way.path.visits;
    // Adjacent visits of one mapped stage are one; coming back after an outcome is another.
    const bool goes_on = same_pipeline && !visits.empty() && visits.back().stage == visit.place.stage &&
                         way.left_at == visit.entered_at && visit.entered_at != kNull;
    if (!goes_on) visits.push_back({visit.place.stage, Counts(visit.entered_at)});
    way.left_at = visit.left_at;
  }
  return absl::MakeSpan(ways_).subspan(0, count);
}

void FunnelCount::ForEach(const Visitor& visit) {
  const auto outcome = records_.Field("outcome");
  const auto won_at = records_.Field("won_at");
  const auto lost_at = records_.Field("lost_at");
  std::vector<FunnelLine> lines;
  for (size_t row = 0; row < records_.size() && !query_.halt->AtStep(); ++row) {
    int present = -1;
    const absl::Span<Way> ways = WaysOf(records_.record(row), &present);
    if (present >= 0 && outcome->data[row] != kNull) {
      FunnelPath& path = ways[present].path;
      path.won = outcome->data[row] == won_ && Counts(won_at->data[row]);
      if (outcome->data[row] == lost_ && Counts(lost_at->data[row])) path.lost_in = path.visits.back().stage;
    }
    for (const Way& way : ways) {
      LinesOf(way.path, mode_, ladders_[way.ladder].open(), &lines);
      visit(row, way.ladder, lines);
    }
  }
}

}  // namespace recount::projections
