// The rows of a table by record and in order of time: what a record was, one state after another, as one position believes it.
#ifndef RECOUNT_PROJECTIONS_ENGINE_RECORD_TIMELINE_H_
#define RECOUNT_PROJECTIONS_ENGINE_RECORD_TIMELINE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "projections/interval_table.h"

namespace recount::projections {

class RecordTimeline {
 public:
  // Every state that began by `valid_at`: rows believed at `position` with valid_from <= valid_at.
  static RecordTimeline Until(const IntervalTable& table, uint64_t position, int64_t valid_at);
  // Only the states that hold at `valid_at`: one row for each item of a record.
  static RecordTimeline At(const IntervalTable& table, uint64_t position, int64_t valid_at);

  // Records in order of their dictionary codes.
  size_t size() const { return records_.size(); }
  int64_t record(size_t i) const { return records_[i]; }
  // Rows of the table, in the order (valid_from, item).
  absl::Span<const uint32_t> rows(size_t i) const {
    return absl::MakeConstSpan(rows_).subspan(starts_[i], starts_[i + 1] - starts_[i]);
  }
  // Rows of a record by its dictionary code; empty: it has none.
  absl::Span<const uint32_t> RowsOf(int64_t record) const;
  // Rows that were looked at.
  uint64_t rows_scanned() const { return rows_scanned_; }

 private:
  static constexpr uint32_t kNoPlace = UINT32_MAX;
  template <typename Keep>
  static RecordTimeline Collect(const IntervalTable& table, Keep keep);

  std::vector<int64_t> records_;
  std::vector<uint32_t> places_;  // in records_, by code; kNoPlace: it has none
  std::vector<uint32_t> starts_;  // one more than records_
  std::vector<uint32_t> rows_;
  uint64_t rows_scanned_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_RECORD_TIMELINE_H_
