// The rows of a table that hold now, apart from all others and record by record, their values side by side: a question about the present
// reads memory from one end to the other (DESIGN.md, "The read side").
#ifndef RECOUNT_PROJECTIONS_PRESENT_ROWS_H_
#define RECOUNT_PROJECTIONS_PRESENT_ROWS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "absl/types/span.h"
#include "projections/row_moment.h"

namespace recount::projections {

class IntervalTable;

// Of one table and all copies of it, as it stood when this was made: rows that came later are not in it, those that were retired later are
// and say so. On any thread.
class PresentRows {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  // `rows`: all of the table that have neither ended nor been retired, in its order.
  PresentRows(const IntervalTable& table, absl::Span<const uint32_t> rows);

  size_t size() const { return rows_.size(); }
  // Rows of the table that were looked at: those in here are among them.
  size_t table_rows() const { return place_of_.size(); }

  // By place, from 0 on, records in the order of their codes, rows of one record in the table's order.
  uint32_t row(size_t place) const { return rows_[place]; }
  int64_t record(size_t place) const { return records_[place]; }
  // The table must have been seen (SeeRetired) at the moment's position or later.
  bool VisibleAt(size_t place, RowMoment moment) const {
    return since_[place] <= moment.position && moment.position < until_[place].load(std::memory_order_relaxed) &&
           from_[place] <= moment.valid_at;
  }
  // All of them are: no look at each is needed.
  bool AllVisibleAt(RowMoment moment) const {
    return !some_retired_.load(std::memory_order_acquire) && latest_since_ <= moment.position && latest_from_ <= moment.valid_at;
  }
  absl::Span<const int64_t> records() const { return records_; }
  absl::Span<const uint32_t> rows() const { return rows_; }
  uint32_t PlaceOf(uint32_t row) const { return row < place_of_.size() ? place_of_[row] : kNowhere; }
  // The first place of the record; of one that has none: where it would be.
  uint32_t FirstOf(int64_t record) const {
    if (record < 0) return 0;
    return static_cast<size_t>(record) < first_of_.size() ? first_of_[record] : static_cast<uint32_t>(size());
  }

  // Values by place, put side by side when they are first asked for. `table`: any copy that has the column.
  absl::Span<const int64_t> Column(const IntervalTable& table, int column) const;
  absl::Span<const int64_t> Items(const IntervalTable& table) const { return ValuesOf(kItems, table); }

  // What the table knows of retired rows.
  void SeeRetired(const IntervalTable& table) const;

 private:
  static constexpr int kItems = -1;
  absl::Span<const int64_t> ValuesOf(int column, const IntervalTable& table) const;

  std::vector<uint32_t> rows_;
  std::vector<int64_t> records_;
  std::vector<uint64_t> since_;
  std::vector<int64_t> from_;
  uint64_t latest_since_ = 0;
  int64_t latest_from_ = std::numeric_limits<int64_t>::min();
  std::vector<uint32_t> place_of_;  // by row of the table
  std::vector<uint32_t> first_of_;  // by record
  mutable std::unique_ptr<std::atomic<uint64_t>[]> until_;
  mutable std::atomic<size_t> retired_seen_;
  mutable std::atomic<bool> some_retired_ = false;
  mutable std::shared_mutex mutex_;
  mutable std::map<int, std::unique_ptr<const std::vector<int64_t>>> columns_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_PRESENT_ROWS_H_
