#include "projections/engine/record_timeline.h"

#include <algorithm>
#include <tuple>

namespace recount::projections {

// Record codes are dense, so a counting sort by record needs two passes and no comparisons; only the few rows of one record
// are compared.
template <typename Keep>
RecordTimeline RecordTimeline::Collect(const IntervalTable& table, Keep keep) {
  RecordTimeline timeline;
  timeline.rows_scanned_ = table.size();
  const auto record = table.record();
  std::vector<uint32_t> kept;
  std::vector<uint32_t> counts(table.dictionary().size() + 1, 0);
  for (size_t row = 0; row < table.size(); ++row) {
    if (!keep(row)) continue;
    kept.push_back(static_cast<uint32_t>(row));
    ++counts[record[row]];
  }
  std::vector<uint32_t> next(counts.size(), 0);
  timeline.places_.assign(counts.size(), kNoPlace);
  uint32_t start = 0;
  for (size_t code = 0; code < counts.size(); ++code) {
    next[code] = start;
    if (counts[code] == 0) continue;
    timeline.places_[code] = static_cast<uint32_t>(timeline.records_.size());
    timeline.records_.push_back(static_cast<int64_t>(code));
    timeline.starts_.push_back(start);
    start += counts[code];
  }
  timeline.starts_.push_back(start);
  timeline.rows_.resize(kept.size());
  for (const uint32_t row : kept) timeline.rows_[next[record[row]]++] = row;

  const auto valid_from = table.valid_from();
  const auto item = table.item();
  for (size_t i = 0; i < timeline.size(); ++i) {
    std::sort(timeline.rows_.begin() + timeline.starts_[i], timeline.rows_.begin() + timeline.starts_[i + 1],
              [&](uint32_t a, uint32_t b) {
                return std::tie(valid_from[a], item[a], a) < std::tie(valid_from[b], item[b], b);
              });
  }
  return timeline;
}

RecordTimeline RecordTimeline::Until(const IntervalTable& table, uint64_t position, int64_t valid_at) {
  const auto since = table.since();
  const auto until = table.until();
  const auto valid_from = table.valid_from();
  return Collect(table, [&](size_t row) {
    return valid_from[row] <= valid_at && since[row] <= position && position < until[row];
  });
}

RecordTimeline RecordTimeline::At(const IntervalTable& table, uint64_t position, int64_t valid_at) {
  return Collect(table, [&](size_t row) { return table.VisibleAt(row, position, valid_at); });
}

absl::Span<const uint32_t> RecordTimeline::RowsOf(int64_t record) const {
  if (record < 0 || static_cast<size_t>(record) >= places_.size() || places_[record] == kNoPlace) return {};
  return rows(places_[record]);
}

}  // namespace recount::projections
