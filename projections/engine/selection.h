// Rows of one subject in a world, and the values of expressions over them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_SELECTION_H_
#define RECOUNT_PROJECTIONS_ENGINE_SELECTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "projections/engine/world.h"

namespace recount::projections {

// Rows of one subject in a world, and the values of expressions over them. Row i of a Values is rows()[i].
class Selection {
 public:
  Selection(const World& world, const Subject& subject, Rows rows);

  const World& world() const { return *world_; }
  const Subject& subject() const { return *subject_; }
  const IntervalTable* table() const { return table_; }   // nullptr: nothing recorded yet
  const std::vector<uint32_t>& rows() const { return rows_.rows; }
  size_t size() const { return rows_.size(); }
  int64_t record(size_t i) const;                          // text code of the record's name; kNull for kNoRow
  std::vector<int64_t> Records() const;                    // of all rows
  // When row i is looked at: the moment, or its own time (SetTimes).
  bool has_times() const { return times_ != nullptr; }
  // The instant whose rates, org chart and day count for row i.
  int64_t clock(size_t i) const { return clock_ == nullptr ? time(i) : clock_->data[i]; }
  int64_t time(size_t i) const { return times_ == nullptr ? world_->moment().valid_at : times_->data[i]; }

  // The driving axis (kTime or kDay), which `axis` names and attribution AT_EVENT looks at. Not set: valid_at.
  void SetAxis(std::shared_ptr<const Values> axis);
  const Values* axis() const { return axis_.get(); }
  // Rows of what is in no table: their fields are given, and they have no record.
  void SetField(absl::string_view name, Values values);
  // The rows are those of other times than the moment's: row i holds at times[i], and so do its companions and the records
  // that it refers to. What time alone changes (rates, the org chart, the day) is that of clock[i]. Before the first evaluation.
  void SetTimes(std::shared_ptr<const Values> times, std::shared_ptr<const Values> clock) {
    times_ = std::move(times);
    clock_ = std::move(clock);
  }

  // `expr` must be compiled for this subject. Values of fields and of references are kept for the next call.
  std::shared_ptr<const Values> Evaluate(const Expr& expr) const;
  // A field as expressions name it: derived, a column, or a companion's; no values at all if there is none.
  std::shared_ptr<const Values> Field(absl::string_view name) const;
  // A column of the table as it was set.
  std::shared_ptr<const Values> Column(absl::string_view name) const;
  // The numbers of the rows within their records.
  Values Items() const;
  // Only the rows where a flag is 1.
  Selection Keep(const Values& flags) const;
  // Rows that a to-one reference leads to, one for each row here, kNoRow where it leads nowhere, or to a deleted or hidden record.
  const Selection& Follow(absl::string_view field, const Subject& target) const;
  // The same records in a companion subject.
  const Selection& Companion(const Subject& companion) const;

 private:
  struct Cache;
  // Where the rows lie: all among the present ones, one after the other; with others between; or not all.
  enum class Lying { kTogether, kApart, kElsewhere };
  std::shared_ptr<const Values> Gathered(absl::string_view column) const;
  static Lying LyingOf(absl::Span<const uint32_t> places);
  // Of the table's values and those of the present ones, by place, this selection's.
  void Gather(const ValueSpan& values, absl::Span<const int64_t> present, std::vector<int64_t>* out) const;
  std::shared_ptr<const Values> WithoutRows(const Node& call) const;
  void LeaveOutDeleted();
  void LeaveOutHidden();
  void LeaveOut(const Values& flags, int64_t flag);
  std::unique_ptr<Selection> Other(const Subject& subject, const Values* records) const;

  const World* world_;
  const Subject* subject_;
  const IntervalTable* table_;
  Rows rows_;
  const PresentRows* present_;                             // that rows_ has places in; nullptr: none
  Lying lying_ = Lying::kElsewhere;
  std::shared_ptr<const Values> axis_;
  std::shared_ptr<const Values> times_, clock_;
  std::shared_ptr<Cache> cache_;
};

// Flags: 1 where the axis lies in the period; 0 where it has no value. A period without ends holds every value.
Values InPeriod(const Values& axis, const domain::Period& period, const domain::Calendar& calendar);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_SELECTION_H_
