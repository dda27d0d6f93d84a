// Days keep their date when the tenant's zone changes (decisions.md 1, 3).
//
// A fact of which only the day is known lies at the first instant of its day, in the zone that held when it was recorded. Read by a
// calendar of another zone it would lie in the evening before or in the small hours of its day; here it begins where its day begins
// in that calendar. Instants stay. Within a record the order of occurrence stays too: what followed such a day does not come before
// it, and takes its instant if it would.
#ifndef RECOUNT_PROJECTIONS_ENGINE_REZONED_H_
#define RECOUNT_PROJECTIONS_ENGINE_REZONED_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "domain/calendar.h"
#include "projections/read_models.h"

namespace recount::projections {

// First instants of days in the zones that a tenant had.
class RecordedDays {
 public:
  // The zones of all calendars ever published, also of those that were withdrawn since.
  RecordedDays(const domain::Rulebook& rules, const domain::Calendar& calendar);

  // Nothing moves: the tenant never had another zone than the calendar's.
  bool empty() const { return others_.empty(); }
  // Where the day begins in the calendar, of an instant that begins a day in another of the zones and none in the calendar's.
  std::optional<int64_t> Moved(int64_t micros) const;

 private:
  std::optional<int64_t> Look(int64_t micros) const;

  domain::Calendar calendar_;
  std::vector<domain::Calendar> others_;  // a later zone first
  mutable absl::flat_hash_map<int64_t, std::optional<int64_t>> known_;
};

// The same facts as a calendar reads them.
class RezonedSnapshot : public Snapshot {
 public:
  // Both outlive it.
  RezonedSnapshot(const Snapshot* facts, const domain::Calendar& calendar);

  uint64_t position() const override { return facts_.position(); }
  int64_t recorded_micros() const override { return facts_.recorded_micros(); }
  uint64_t generation() const override { return facts_.generation(); }
  const IntervalTable* table(absl::string_view subject) const override;
  const Dictionary& dictionary() const override { return facts_.dictionary(); }
  const domain::Rulebook& rulebook() const override { return facts_.rulebook(); }
  const RecordedDays& days() const { return days_; }

 private:
  const Snapshot& facts_;
  RecordedDays days_;
  // Those of which some times move; nullptr: none does.
  mutable std::map<std::string, std::unique_ptr<IntervalTable>, std::less<>> moved_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_REZONED_H_
