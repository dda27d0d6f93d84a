#include "projections/engine/funnel_count.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "projections/engine/derived.h"
#include "projections/engine/stage_runs.h"

namespace recount::projections {
namespace {

constexpr char kVisits[] = "stage_visit";

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

FunnelCount::FunnelCount(const Query& query, FunnelMode mode, bool by_period, size_t records)
    : query_(query), mode_(mode), by_period_(by_period), visits_(query.world->snapshot().table(kVisits)),
      won_(query.texts->Find("won")), lost_(query.texts->Find("lost")) {
  if (query.period.first_day) begin_ = query.calendar().StartOf(*query.period.first_day);
  if (query.period.last_day) end_ = query.calendar().EndOf(*query.period.last_day);
  for (const v1::Pipeline& pipeline : query.world->rules().stages.pipelines()) {
    ladder_of_.emplace(query.texts->Code(pipeline.id()), static_cast<int>(ladders_.size()));
    ladders_.push_back(MakeLadder(pipeline));
  }
  if (visits_ == nullptr) return;
  const auto column = [&](absl::string_view name) { return visits_->column(visits_->ColumnIndex(name)); };
  columns_ = {visits_->item(), column("pipeline"), column("stage"), column("entered_at"), column("left_at"), column("left_to")};
  const Subject& subject = *FindSubject(kVisits);
  present_ = query.world->Present(subject);
  constexpr size_t kRowsOfRecord = 16;
  looks_up_ = present_ == nullptr && records * kRowsOfRecord < visits_->size();
  if (looks_up_) return;
  for (const uint32_t row : query.world->Others(subject)) others_.emplace_back(visits_->record()[row], row);
  std::sort(others_.begin(), others_.end());
  if (present_ == nullptr) return;
  const auto present = [&](absl::string_view name) { return present_->Column(*visits_, visits_->ColumnIndex(name)); };
  present_columns_ = {present_->Items(*visits_), present("pipeline"), present("stage"),
                      present("entered_at"),     present("left_at"),  present("left_to")};
}

FunnelCount::FunnelCount(const Query& query, const FunnelCount& other)
    : query_(query), mode_(other.mode_), by_period_(other.by_period_), begin_(other.begin_), end_(other.end_), visits_(other.visits_),
      won_(other.won_), lost_(other.lost_), columns_(other.columns_), present_(other.present_), present_columns_(other.present_columns_),
      looks_up_(other.looks_up_), others_(other.others_), ladders_(other.ladders_), ladder_of_(other.ladder_of_) {}

int FunnelCount::Take(const FunnelLadder& ladder) {
  const auto is_it = [&](const FunnelLadder& own) { return own.pipeline == ladder.pipeline; };
  const auto known = std::find_if(ladders_.begin(), ladders_.end(), is_it);
  if (known != ladders_.end()) return static_cast<int>(known - ladders_.begin());
  ladders_.push_back(ladder);
  return static_cast<int>(ladders_.size()) - 1;
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

FunnelCount::Visit FunnelCount::Read(const Columns& columns, size_t place) {
  const int64_t item = columns.item[place];
  // As recorded: the stage as it was when the deal entered it.
  const World& world = *query_.world;
  const Rules& rules = world.options().as_recorded ? world.RulesOf(item) : world.rules();
  const int64_t left_to = columns.left_to[place];
  const bool to_outcome = left_to != kNull && (left_to == won_ || left_to == lost_);
  return {item, columns.entered_at[place], to_outcome ? kNull : columns.left_at[place],
          PlaceOf(rules, columns.pipeline[place], columns.stage[place])};
}

absl::Span<const FunnelCount::Visit> FunnelCount::VisitsOf(int64_t record) {
  if (visits_ == nullptr || record < 0) return {};
  of_record_.clear();
  const RowMoment moment{query_.moment().position, query_.moment().valid_at};
  if (looks_up_) {
    for (const uint32_t row : visits_->RowsOf(record)) {
      if (visits_->VisibleAt(row, moment.position, moment.valid_at)) of_record_.push_back(Read(columns_, row));
    }
  }
  for (size_t place = present_ == nullptr ? 0 : present_->FirstOf(record);
       present_ != nullptr && place < present_->size() && present_->record(place) == record; ++place) {
    if (present_->VisibleAt(place, moment)) of_record_.push_back(Read(present_columns_, place));
  }
  for (auto other = std::lower_bound(others_.begin(), others_.end(), std::make_pair(record, uint32_t{0}));
       other != others_.end() && other->first == record; ++other) {
    of_record_.push_back(Read(columns_, other->second));
  }
  PutInOrder(absl::MakeSpan(of_record_));
  query_.world->CountScanned(of_record_.size());
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

void FunnelCount::ForEach(const Selection& records, const Visitor& visit) {
  const auto outcome = records.Field("outcome");
  const auto won_at = records.Field("won_at");
  const auto lost_at = records.Field("lost_at");
  std::vector<FunnelLine> lines;
  for (size_t row = 0; row < records.size() && !query_.halt->AtStep(); ++row) {
    int present = -1;
    const absl::Span<Way> ways = WaysOf(records.record(row), &present);
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
