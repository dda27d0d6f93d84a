#include "projections/engine/world.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "projections/engine/row_ranges.h"
#include "projections/engine/selection.h"
#include "projections/engine/sight.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {
namespace {

// In the table's order, each once.
void PutInOrder(size_t table_size, std::vector<uint32_t>* rows) {
  constexpr size_t kFew = 256, kBits = 64;
  if (rows->size() < kFew) {
    std::sort(rows->begin(), rows->end());
    rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
    return;
  }
  if (std::is_sorted(rows->begin(), rows->end(), std::less_equal<uint32_t>())) return;
  std::vector<uint64_t> there(table_size / kBits + 1, 0);
  for (const uint32_t row : *rows) there[row / kBits] |= uint64_t{1} << row % kBits;
  rows->clear();
  for (size_t word = 0; word < there.size(); ++word) {
    for (uint64_t bits = there[word]; bits != 0; bits &= bits - 1) {
      rows->push_back(static_cast<uint32_t>(word * kBits + std::countr_zero(bits)));
    }
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Rules>> Rules::Make(domain::Rulebook book, int64_t valid_at) {
  // The calendar decides what day it is, and the day decides which calendar holds: begin in UTC.
  constexpr int64_t kDayMicros = 86400000000;
  const int64_t utc_day = valid_at / kDayMicros - (valid_at % kDayMicros < 0);
  auto first = domain::Calendar::Make(book.CalendarOn(utc_day));
  if (!first.ok()) return first.status();
  auto calendar = domain::Calendar::Make(book.CalendarOn(first->DayOf(valid_at)));
  if (!calendar.ok()) return calendar.status();
  const int32_t day = calendar->DayOf(valid_at);
  domain::StageBook stages(book, day);
  v1::ProbabilitiesRule probabilities = book.Probabilities(day);
  return std::shared_ptr<const Rules>(
      new Rules{std::move(book), valid_at, day, std::move(*calendar), std::move(stages), std::move(probabilities)});
}

World::World(WorldOptions options, Texts* texts) : options_(std::move(options)), texts_(texts) {
  caches_ = std::make_unique<Caches>(*this);
}
World::World(const World& other, Halt* halt) : World(other.options_, other.texts_) {
  options_.halt = halt;
  caches_->selected = other.caches_->selected;
  caches_->present = other.caches_->present;
  caches_->in_parts = other.caches_->in_parts;
  caches_->roll_ups = other.caches_->roll_ups;
}
World::~World() = default;

Selection World::Selected(const Subject& subject, Rows rows, bool with_deleted) const {
  Selection all(*this, subject, std::move(rows));
  if (subject.id == "stage_visit" && !stage_runs().empty()) {
    Values last;
    for (const int64_t item : all.Items().data) last.data.push_back(!stage_runs().GoesOn(item));
    all = all.Keep(last);
  }
  if (const auto seen = SeenRows(all)) all = all.Keep(*seen);
  if (with_deleted) return all;
  const auto deleted = all.Field("deleted");
  if (std::find(deleted->data.begin(), deleted->data.end(), 1) == deleted->data.end()) return all;
  Values kept;
  kept.type = Type::kFlag;
  kept.data.reserve(all.size());
  for (const int64_t flag : deleted->data) kept.data.push_back(flag != 1);
  return all.Keep(kept);
}

RowList World::AllRows(const Subject& subject) const {
  const IntervalTable* table = snapshot().table(subject.id);
  RowList& known = caches_->selected[&subject];
  if (known != nullptr) return known;
  if (table == nullptr || halt().AskNow()) return known = std::make_shared<RowSet>(Rows());
  const auto present = PresentOf(subject);
  if (present != nullptr) CountScanned(present->size());
  return known = std::make_shared<RowSet>(present, row_moment(), Others(subject));
}

std::vector<uint32_t> World::Others(const Subject& subject) const {
  const IntervalTable& table = *snapshot().table(subject.id);
  std::vector<uint32_t> others;
  CountScanned(table.indexes().Others(table, Present(subject), row_moment(), &others));
  PutInOrder(table.size(), &others);
  return others;
}

const std::shared_ptr<const PresentRows>& World::PresentOf(const Subject& subject) const {
  const auto [known, added] = caches_->present.try_emplace(&subject);
  const IntervalTable* table = snapshot().table(subject.id);
  if (added && table != nullptr) known->second = table->indexes().Present(*table, row_moment());
  return known->second;
}

Rows World::InOrder(const Subject& subject, Found found) const {
  const PresentRows* present = Present(subject);
  Rows in_order;
  in_order.rows.reserve(found.places.size() + found.rows.size());
  in_order.places.reserve(found.places.size() + found.rows.size());
  if (present != nullptr) PutInOrder(present->size(), &found.places);
  for (const uint32_t place : found.places) in_order.Add(present->row(place), place);
  PutInOrder(snapshot().table(subject.id)->size(), &found.rows);
  for (const uint32_t row : found.rows) in_order.Add(row, PresentRows::kNowhere);
  return in_order;
}

Selection World::Select(const Subject& subject, bool with_deleted) const {
  return Selected(subject, AllRows(subject)->All(), with_deleted);
}

// All rows are found without a search, those that a value leads to with one for each.
bool World::IsMostOfAll(const RowRange& range) const {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kGreatest = std::numeric_limits<int64_t>::max();
  const IntervalTable& table = *snapshot().table(range.subject->id);
  const size_t rows = table.indexes().Estimate(table, range.column, range.least, range.greatest);
  if (rows < table.size() / 64) return false;  // without a look at all buckets
  return rows > table.indexes().Estimate(table, range.column, kLeast, kGreatest) / 3;
}

void World::FindRows(const Subject& subject, const RowRange& range, Found* found) const {
  const IntervalTable& table = *snapshot().table(range.subject->id);
  const PresentRows* present = Present(*range.subject);
  Found there;
  Found* const to = range.subject == &subject ? found : &there;
  if (present == nullptr) {
    CountScanned(table.indexes().Find(table, range.column, range.least, range.greatest, row_moment(), &to->rows));
  } else {
    CountScanned(table.indexes().FindApart(table, *present, range.column, range.least, range.greatest, row_moment(), &to->places,
                                           &to->rows));
  }
  if (to == found) return;
  std::vector<int64_t> records;
  records.reserve(there.places.size() + there.rows.size());
  if (present != nullptr) PutInOrder(present->size(), &there.places);
  for (const uint32_t place : there.places) records.push_back(present->record(place));
  for (const uint32_t row : there.rows) records.push_back(table.record()[row]);
  const Rows rows = RowsOf(subject, records);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows.rows[i] == kNoRow) continue;
    const bool is_placed = !rows.places.empty() && rows.places[i] != PresentRows::kNowhere;
    (is_placed ? found->places : found->rows).push_back(is_placed ? rows.places[i] : rows.rows[i]);
  }
}

RowList World::RowsAmong(const Subject& subject, const std::vector<RowRange>& ranges) const {
  const IntervalTable* table = snapshot().table(subject.id);
  Found found;
  for (const RowRange& range : ranges) {
    if (table == nullptr || halt().AskNow()) break;
    if (range.subject == &subject && IsMostOfAll(range)) return AllRows(subject);
    FindRows(subject, range, &found);
  }
  return std::make_shared<RowSet>(table == nullptr ? Rows() : InOrder(subject, std::move(found)));
}

uint32_t World::RowOf(const Subject& subject, int64_t record) const {
  const IntervalTable* table = snapshot().table(subject.id);
  std::vector<uint32_t> rows = {kNoRow};
  if (table != nullptr) table->indexes().RowsOf(*table, {&record, 1}, row_moment(), &rows);
  return rows[0];
}

Rows World::RowsOf(const Subject& subject, absl::Span<const int64_t> records) const {
  const IntervalTable* table = snapshot().table(subject.id);
  Rows rows;
  rows.rows.assign(records.size(), kNoRow);
  if (table == nullptr) return rows;
  const PresentRows* present = Present(subject);
  if (present == nullptr) {
    table->indexes().RowsOf(*table, records, row_moment(), &rows.rows);
    return rows;
  }
  rows.places.assign(records.size(), PresentRows::kNowhere);
  std::vector<int64_t> elsewhere;
  std::vector<size_t> of_elsewhere;
  // Records that come one after the other here and there need no search.
  uint32_t place = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i] < 0) continue;
    if (place >= present->size() || present->record(place) != records[i]) place = present->FirstOf(records[i]);
    if (place < present->size() && present->record(place) == records[i] && present->VisibleAt(place, row_moment())) {
      rows.rows[i] = present->row(place);
      rows.places[i] = place++;
    } else {
      elsewhere.push_back(records[i]);
      of_elsewhere.push_back(i);
    }
  }
  if (elsewhere.empty() || !present->MayHoldLater(row_moment())) return rows;
  std::vector<uint32_t> found;
  table->indexes().RowsOf(*table, elsewhere, row_moment(), &found);
  for (size_t i = 0; i < found.size(); ++i) rows.rows[of_elsewhere[i]] = found[i];
  return rows;
}

uint32_t World::RowAt(const Subject& subject, int64_t record, int64_t valid_at) const {
  const IntervalTable* table = snapshot().table(subject.id);
  if (table == nullptr || record < 0) return kNoRow;
  for (const uint32_t row : table->RowsOf(record)) {
    if (table->VisibleAt(row, moment().position, valid_at)) return row;
  }
  return kNoRow;
}

const domain::RateTable& World::RatesOn(int32_t day) const {
  const domain::RuleVersionEntry* version = rules().book.InForce(v1::RULE_KIND_EXCHANGE_RATES, day);
  auto& table = caches_->rates[version];
  if (table == nullptr) {
    table = std::make_unique<domain::RateTable>(version == nullptr ? v1::ExchangeRatesRule()
                                                                   : version->rule.content().exchange_rates());
  }
  return *table;
}

const domain::OrgChart& World::OrgChartOn(int32_t day) const {
  const domain::RuleVersionEntry* version = rules().book.InForce(v1::RULE_KIND_ORG_CHART, day);
  auto& chart = caches_->org_charts[version];
  if (chart == nullptr) {
    chart = std::make_unique<domain::OrgChart>(version == nullptr ? v1::OrgChartRule() : version->rule.content().org_chart());
  }
  return *chart;
}

const Rules& World::RulesOf(int64_t position) const {
  Caches& caches = *caches_;
  if (!caches.rule_positions_known) {
    caches.rule_positions_known = true;
    for (const v1::RuleKind kind : {v1::RULE_KIND_PIPELINES, v1::RULE_KIND_PROBABILITIES}) {
      for (const domain::RuleVersionEntry& version : rules().book.Versions(kind)) {
        caches.rule_positions.push_back(version.position);
        if (version.withdrawn_position != 0) caches.rule_positions.push_back(version.withdrawn_position);
      }
    }
    std::sort(caches.rule_positions.begin(), caches.rule_positions.end());
  }
  auto next = std::upper_bound(caches.rule_positions.begin(), caches.rule_positions.end(), static_cast<uint64_t>(position));
  const uint64_t newest = next == caches.rule_positions.begin() ? 0 : *(next - 1);
  auto& known = caches.rules_of[newest];
  if (known == nullptr) {
    // Of the day for which this world's rules were looked up, which between two moments is not its own.
    auto made = Rules::Make(rules().book.UpTo(newest), rules().valid_at);
    known = made.ok() ? *made : options_.rules;
  }
  return *known;
}

const StageRuns& World::stage_runs() const {
  if (caches_->stage_runs == nullptr) caches_->stage_runs = std::make_unique<StageRuns>(*this);
  return *caches_->stage_runs;
}

Values InPeriod(const Values& axis, const domain::Period& period, const domain::Calendar& calendar) {
  int64_t first = std::numeric_limits<int64_t>::min() + 1, last = std::numeric_limits<int64_t>::max();
  if (axis.type == Type::kTime) {
    if (period.first_day) first = calendar.StartOf(*period.first_day);
    if (period.last_day) last = calendar.EndOf(*period.last_day) - 1;
  } else {
    if (period.first_day) first = *period.first_day;
    if (period.last_day) last = *period.last_day;
  }
  Values inside;
  inside.type = Type::kFlag;
  inside.data.resize(axis.data.size());
  for (size_t i = 0; i < inside.data.size(); ++i) inside.data[i] = (first <= axis.data[i]) & (axis.data[i] <= last);
  return inside;
}

}  // namespace recount::projections
