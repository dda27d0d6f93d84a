#include "projections/engine/world.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "projections/engine/row_ranges.h"
#include "projections/engine/selection.h"
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
      new Rules{std::move(book), day, std::move(*calendar), std::move(stages), std::move(probabilities)});
}

World::World(WorldOptions options, Texts* texts) : options_(std::move(options)), texts_(texts) {
  caches_ = std::make_unique<Caches>(*this);
}
World::~World() = default;

Selection World::Selected(const Subject& subject, std::vector<uint32_t> rows, bool with_deleted) const {
  const IntervalTable* table = snapshot().table(subject.id);
  if (subject.id == "stage_visit" && !stage_runs().empty()) {
    const auto goes_on = [&](uint32_t row) { return stage_runs().GoesOn(table->item()[row]); };
    rows.erase(std::remove_if(rows.begin(), rows.end(), goes_on), rows.end());
  }
  Selection all(*this, subject, std::move(rows));
  if (with_deleted) return all;
  const auto deleted = all.Field("deleted");
  if (std::find(deleted->data.begin(), deleted->data.end(), 1) == deleted->data.end()) return all;
  Values kept;
  kept.type = Type::kFlag;
  kept.data.reserve(all.size());
  for (const int64_t flag : deleted->data) kept.data.push_back(flag != 1);
  return all.Keep(kept);
}

const std::vector<uint32_t>& World::AllRows(const Subject& subject) const {
  const IntervalTable* table = snapshot().table(subject.id);
  auto [it, added] = caches_->selected.try_emplace(&subject);
  if (added && table != nullptr && !halt().AskNow()) {
    rows_scanned_ += table->indexes().All(*table, row_moment(), &it->second);
    PutInOrder(table->size(), &it->second);
  }
  return it->second;
}

Selection World::Select(const Subject& subject, bool with_deleted) const {
  return Selected(subject, AllRows(subject), with_deleted);
}

// Rows in the table's order are read at a third of the cost of rows in the order of a value.
bool World::IsMostOfAll(const RowRange& range) const {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kGreatest = std::numeric_limits<int64_t>::max();
  const IntervalTable& table = *snapshot().table(range.subject->id);
  const size_t rows = table.indexes().Estimate(table, range.column, range.least, range.greatest);
  if (rows < table.size() / 64) return false;  // without a look at all buckets
  return rows > table.indexes().Estimate(table, range.column, kLeast, kGreatest) / 3;
}

std::vector<uint32_t> World::FindRows(const Subject& subject, const RowRange& range) const {
  const IntervalTable& table = *snapshot().table(range.subject->id);
  std::vector<uint32_t> rows;
  if (range.subject == &subject && IsMostOfAll(range)) {
    const auto values = table.column(range.column);
    for (const uint32_t row : AllRows(subject)) {
      if (range.least <= values[row] && values[row] <= range.greatest) rows.push_back(row);
    }
    return rows;
  }
  rows_scanned_ += table.indexes().Find(table, range.column, range.least, range.greatest, row_moment(), &rows);
  if (range.subject == &subject) return rows;
  std::vector<int64_t> records;
  for (const uint32_t row : rows) records.push_back(table.record()[row]);
  rows = RowsOf(subject, records);
  rows.erase(std::remove(rows.begin(), rows.end(), kNoRow), rows.end());
  return rows;
}

Selection World::SelectAmong(const Subject& subject, const std::vector<RowRange>& ranges, bool with_deleted) const {
  const IntervalTable* table = snapshot().table(subject.id);
  std::vector<uint32_t> rows;
  for (const RowRange& range : ranges) {
    if (table == nullptr || halt().AskNow()) break;
    const std::vector<uint32_t> more = FindRows(subject, range);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  if (table != nullptr) PutInOrder(table->size(), &rows);
  return Selected(subject, std::move(rows), with_deleted);
}

uint32_t World::RowOf(const Subject& subject, int64_t record) const { return RowsOf(subject, {&record, 1})[0]; }

std::vector<uint32_t> World::RowsOf(const Subject& subject, absl::Span<const int64_t> records) const {
  const IntervalTable* table = snapshot().table(subject.id);
  std::vector<uint32_t> rows(records.size(), kNoRow);
  if (table != nullptr) table->indexes().RowsOf(*table, records, row_moment(), &rows);
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
    auto made = Rules::Make(rules().book.UpTo(newest), moment().valid_at);
    known = made.ok() ? *made : options_.rules;
  }
  return *known;
}

const StageRuns& World::stage_runs() const {
  if (caches_->stage_runs == nullptr) caches_->stage_runs = std::make_unique<StageRuns>(*this);
  return *caches_->stage_runs;
}

std::vector<bool> InPeriod(const Values& axis, const domain::Period& period, const domain::Calendar& calendar) {
  int64_t first = std::numeric_limits<int64_t>::min() + 1, last = std::numeric_limits<int64_t>::max();
  if (axis.type == Type::kTime) {
    if (period.first_day) first = calendar.StartOf(*period.first_day);
    if (period.last_day) last = calendar.EndOf(*period.last_day) - 1;
  } else {
    if (period.first_day) first = *period.first_day;
    if (period.last_day) last = *period.last_day;
  }
  std::vector<bool> inside(axis.data.size());
  for (size_t i = 0; i < inside.size(); ++i) inside[i] = axis.data[i] != kNull && first <= axis.data[i] && axis.data[i] <= last;
  return inside;
}

}  // namespace recount::projections
