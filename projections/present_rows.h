// The rows of a table that hold at a moment, now or one of the past, apart from all others and record by record, their values side by
// side: a question about that moment reads memory from one end to the other (DESIGN.md, "The read side").
#ifndef RECOUNT_PROJECTIONS_PRESENT_ROWS_H_
#define RECOUNT_PROJECTIONS_PRESENT_ROWS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "absl/types/span.h"
#include "projections/array_memory.h"
#include "projections/row_moment.h"
#include "projections/value_column.h"

namespace recount::projections {

class IntervalTable;

// Of one table and all copies of it, as it stood when this was made: rows that came later are not in it, those that were retired later are
// and say so. On any thread.
class PresentRows {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  // A moment of the past. Rows that come later do not hold at it, but if `is_newest` they may hold at the same time of a later position.
  struct Past {
    RowMoment moment;
    bool is_newest;  // no row of the table came after the moment's position
  };

  // `rows`: all of the table that have neither ended nor been retired, in its order; or all that hold at `past`.
  PresentRows(const IntervalTable& table, absl::Span<const uint32_t> rows, std::optional<Past> past = std::nullopt);

  size_t size() const { return rows_.size(); }
  // Rows of the table that were looked at: those in here are among them.
  size_t table_rows() const { return table_rows_; }
  // All that hold at this moment of the past are in here, or came later than table_rows().
  bool AreThoseOf(RowMoment moment) const {
    return past_ && past_->moment.valid_at == moment.valid_at &&
           (past_->moment.position == moment.position || (past_->is_newest && past_->moment.position < moment.position));
  }
  bool is_past() const { return past_.has_value(); }
  // Rows that came later may hold at the moment, which is one of AreThoseOf(), too.
  bool MayHoldLater(RowMoment moment) const { return !past_ || past_->moment.position < moment.position; }

  // By place, from 0 on, records in the order of their codes, rows of one record in the table's order.
  uint32_t row(size_t place) const { return rows_[place]; }
  int64_t record(size_t place) const { return records_[place]; }
  // The table must have been seen (SeeRetired) at the moment's position or later. Of a past moment: one of AreThoseOf().
  bool VisibleAt(size_t place, RowMoment moment) const {
    if (moment.position >= until_[place].load(std::memory_order_relaxed)) return false;
    return past_ || (since_[place] <= moment.position && from_[place] <= moment.valid_at);
  }
  // All of them are: no look at each is needed.
  bool AllVisibleAt(RowMoment moment) const {
    return moment.position < earliest_until_.load(std::memory_order_acquire) &&
           (past_ || (latest_since_ <= moment.position && latest_from_ <= moment.valid_at));
  }
  absl::Span<const int64_t> records() const { return records_; }
  absl::Span<const uint32_t> rows() const { return rows_; }
  // Not of a past moment.
  uint32_t PlaceOf(uint32_t row) const { return row < place_of_.size() ? place_of_[row] : kNowhere; }
  // The first place of the record; of one that has none: where it would be.
  uint32_t FirstOf(int64_t record) const {
    if (record < 0) return 0;
    return static_cast<size_t>(record) < first_of_.size() ? first_of_[record] : static_cast<uint32_t>(size());
  }

  // Values by place, put side by side when they are first asked for. `table`: any copy that has the column.
  absl::Span<const int64_t> Column(const IntervalTable& table, int column) const;
  absl::Span<const int64_t> Items(const IntervalTable& table) const { return ValuesOf(kItems, table); }
  // Appends the places whose value of the column is in [least, greatest] and that are visible at the moment. Returns how many were
  // looked at: where values lie near those of the records before, most are not.
  size_t FindPlaces(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment,
                    std::vector<uint32_t>* places) const;

  // What the table knows of retired rows.
  void SeeRetired(const IntervalTable& table) const;

 private:
  static constexpr int kItems = -1;
  static constexpr size_t kBlock = 256;  // places
  struct Bounds {
    int64_t least, greatest;
  };
  struct Side {
    ArrayVector<int64_t> values;
    std::vector<Bounds> bounds;  // of each block, of a past moment
  };
  void Order(const IntervalTable& table, absl::Span<const uint32_t> rows);
  uint32_t PlaceOf(uint32_t row, int64_t record) const;
  const Side& SideOf(int column, const IntervalTable& table) const;
  Side Gathered(const ValueSpan& all) const;
  absl::Span<const int64_t> ValuesOf(int column, const IntervalTable& table) const { return SideOf(column, table).values; }

  const std::optional<Past> past_;
  const size_t table_rows_;
  ArrayVector<uint32_t> rows_;
  ArrayVector<int64_t> records_;
  ArrayVector<uint32_t> first_of_;  // by record
  // These five not of a past moment.
  ArrayVector<uint64_t> since_;
  ArrayVector<int64_t> from_;
  uint64_t latest_since_ = 0;
  int64_t latest_from_ = std::numeric_limits<int64_t>::min();
  ArrayVector<uint32_t> place_of_;  // by row of the table
  const std::shared_ptr<std::atomic<uint64_t>[]> until_;
  mutable std::atomic<size_t> retired_seen_;
  mutable std::atomic<uint64_t> earliest_until_ = UINT64_MAX;
  mutable std::shared_mutex mutex_;
  mutable std::map<int, std::unique_ptr<const Side>> columns_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_PRESENT_ROWS_H_
