#include "projections/engine/rezoned.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "projections/engine/precise.h"
#include "projections/subject.h"

namespace recount::projections {
namespace {

// A column of times, and the one that says whether only their day is known; -1: none does.
struct TimeColumn {
  int time;
  int is_day;
};

std::vector<TimeColumn> TimeColumns(const IntervalTable& table) {
  std::vector<TimeColumn> columns;
  for (size_t i = 0; i < table.columns().size(); ++i) {
    if (table.columns()[i].kind != ColumnKind::kTime) continue;
    columns.push_back({static_cast<int>(i), table.ColumnIndex(DayFlagOf(table.columns()[i].name))});
  }
  return columns;
}

// The tables that hold the same records.
using Family = std::vector<const IntervalTable*>;

// Times of one record as they were recorded -> as they are read.
class Clock {
 public:
  Clock(const Family& family, const RecordedDays& days, int64_t record) {
    absl::flat_hash_set<int64_t> instants;
    for (const IntervalTable* table : family) Gather(*table, record, &instants);
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
    int64_t latest = std::numeric_limits<int64_t>::min();
    for (auto& [recorded, read] : times_) {
      const auto moved = instants.contains(recorded) ? std::nullopt : days.Moved(recorded);
      moves_ |= moved.has_value();
      latest = std::max(latest, moved.value_or(recorded));
      read = latest;
    }
  }
  bool moves() const { return moves_; }
  // Only what begins a row is a time of the record's events; the caller's own times stay.
  int64_t Read(int64_t recorded) const {
    const auto found = std::lower_bound(times_.begin(), times_.end(), std::pair<int64_t, int64_t>(recorded, kNull));
    return found == times_.end() || found->first != recorded ? recorded : found->second;
  }

 private:
  void Gather(const IntervalTable& table, int64_t record, absl::flat_hash_set<int64_t>* instants) {
    const std::vector<TimeColumn> columns = TimeColumns(table);
    for (const uint32_t row : table.RowsOf(record)) {
      times_.emplace_back(table.valid_from()[row], 0);
      for (const TimeColumn& column : columns) {
        if (column.is_day >= 0 && table.column(column.is_day)[row] == 0) instants->insert(table.column(column.time)[row]);
      }
    }
  }

  std::vector<std::pair<int64_t, int64_t>> times_;
  bool moves_ = false;
};

void Move(const Clock& clock, int64_t record, const std::vector<TimeColumn>& columns, IntervalTable* table) {
  for (const uint32_t row : table->RowsOf(record)) {
    const int64_t to = table->valid_to()[row];
    table->SetSpan(row, clock.Read(table->valid_from()[row]), to == kOpenTime ? to : clock.Read(to));
    for (const TimeColumn& column : columns) {
      const int64_t time = table->column(column.time)[row];
      if (time != kNull) table->SetTime(row, column.time, clock.Read(time));
    }
  }
}

std::unique_ptr<IntervalTable> MovedCopy(const IntervalTable& table, const Family& family, const RecordedDays& days) {
  const std::vector<TimeColumn> columns = TimeColumns(table);
  std::unique_ptr<IntervalTable> copy;
  absl::flat_hash_set<int64_t> seen;
  for (const IntervalTable* any : family) {
    for (size_t row = 0; row < any->size(); ++row) {
      // Most times are no midnight anywhere.
      const int64_t record = any->record()[row];
      if (!days.Moved(any->valid_from()[row]) || !seen.insert(record).second) continue;
      const Clock clock(family, days, record);
      if (!clock.moves()) continue;
      if (copy == nullptr) copy = table.WithOtherTimes();
      Move(clock, record, columns, copy.get());
    }
  }
  return copy;
}

}  // namespace

RecordedDays::RecordedDays(const domain::Rulebook& rules, const domain::Calendar& calendar) : calendar_(calendar) {
  const auto& versions = rules.Versions(v1::RULE_KIND_CALENDAR);
  for (size_t i = versions.size(); i-- > 0;) {
    auto other = domain::Calendar::Make(versions[i].rule.content().calendar());
    if (!other.ok() || other->zone() == calendar.zone()) continue;
    const bool known = std::any_of(others_.begin(), others_.end(), [&](const domain::Calendar& c) { return c.zone() == other->zone(); });
    if (!known) others_.push_back(*std::move(other));
  }
}

std::optional<int64_t> RecordedDays::Moved(int64_t micros) const {
  constexpr int64_t kQuarterHour = 900000000;  // no zone differs from UTC by less
  if (micros % kQuarterHour != 0 || others_.empty()) return std::nullopt;
  const auto [place, added] = known_.try_emplace(micros);
  if (added) place->second = Look(micros);
  return place->second;
}

std::optional<int64_t> RecordedDays::Look(int64_t micros) const {
  const auto begins = [&](const domain::Calendar& calendar) { return calendar.StartOf(calendar.DayOf(micros)) == micros; };
  if (begins(calendar_)) return std::nullopt;
  for (const domain::Calendar& other : others_) {
    if (begins(other)) return calendar_.StartOf(other.DayOf(micros));
  }
  return std::nullopt;
}

RezonedSnapshot::RezonedSnapshot(const Snapshot* facts, const domain::Calendar& calendar)
    : facts_(*facts), days_(facts->rulebook(), calendar) {}

const IntervalTable* RezonedSnapshot::table(absl::string_view subject) const {
  const IntervalTable* table = facts_.table(subject);
  if (table == nullptr || days_.empty()) return table;
  auto place = moved_.find(subject);
  if (place != moved_.end()) return place->second == nullptr ? table : place->second.get();
  // A record's order is one over all of its tables.
  Family family;
  for (const Subject& other : AllSubjects()) {
    const bool same = other.collection == FindSubject(subject)->collection;
    if (const IntervalTable* of_other = same ? facts_.table(other.id) : nullptr) family.push_back(of_other);
  }
  place = moved_.emplace(std::string(subject), MovedCopy(*table, family, days_)).first;
  return place->second == nullptr ? table : place->second.get();
}

}  // namespace recount::projections
