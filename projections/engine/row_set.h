// Rows of a subject's table, in an order in which they are read fast: those that the present holds record by record, then the others.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ROW_SET_H_
#define RECOUNT_PROJECTIONS_ENGINE_ROW_SET_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "projections/interval_table.h"

namespace recount::projections {

inline constexpr uint32_t kNoRow = std::numeric_limits<uint32_t>::max();

// Some rows of a table.
struct Rows {
  Rows() = default;
  Rows(std::vector<uint32_t> of_table) : rows(std::move(of_table)) {}  // NOLINT: rows are rows, wherever they lie

  size_t size() const { return rows.size(); }
  // As `place` of `present`: PresentRows::kNowhere if it is not in there.
  void Add(uint32_t row, uint32_t place) {
    rows.push_back(row);
    places.push_back(place);
  }

  std::vector<uint32_t> rows;    // of the table; kNoRow: none
  std::vector<uint32_t> places;  // of each in PresentRows; empty: of none
};

// What may be asked for in parts.
class RowSet {
 public:
  // Some rows, which stay in their order; those of the present come first.
  explicit RowSet(Rows rows) : rows_(std::move(rows)) {}
  // All of `present` that hold at the moment, and others.
  RowSet(std::shared_ptr<const PresentRows> present, RowMoment moment, Rows others)
      : present_(std::move(present)), moment_(moment), rows_(std::move(others)) {}

  // Places of the list; at some of them there may be no row.
  size_t size() const { return (present_ == nullptr ? 0 : present_->size()) + rows_.size(); }
  // The rows at places from `begin` on.
  Rows Slice(size_t begin, size_t count) const;
  Rows All() const { return Slice(0, size()); }
  // Calls with the codes of records between which those of all rows lie, among others.
  template <typename Visit>
  void VisitRecords(const IntervalTable& table, Visit visit) const {
    for (const uint32_t row : rows_.rows) visit(table.record()[row]);
    if (present_ == nullptr || present_->size() == 0) return;
    visit(present_->record(0));
    visit(present_->record(present_->size() - 1));
  }

 private:
  std::shared_ptr<const PresentRows> present_;
  RowMoment moment_{0, 0};
  Rows rows_;
};
using RowList = std::shared_ptr<const RowSet>;

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ROW_SET_H_
