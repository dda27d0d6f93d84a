#include "projections/present_rows.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "projections/interval_table.h"

namespace recount::projections {

PresentRows::PresentRows(const IntervalTable& table, absl::Span<const uint32_t> rows, std::optional<Past> past)
    : past_(past), table_rows_(table.size()), rows_(rows.size()), records_(rows.size()),
      until_(NewSharedArray<std::atomic<uint64_t>>(rows.size())), retired_seen_(table.retired_rows().size()) {
  Order(table, rows);
  const auto until = table.until();
  uint64_t earliest_until = kOpenPosition;
  for (size_t place = 0; place < rows_.size(); ++place) {
    const uint64_t end = until[rows_[place]];
    new (&until_[place]) std::atomic<uint64_t>(end);
    earliest_until = std::min(earliest_until, end);  // open but where one was retired since they were chosen, or of the past
  }
  earliest_until_ = earliest_until;
  if (past_) return;
  const auto since = table.since();
  const auto from = table.valid_from();
  since_.resize(rows_.size());
  from_.resize(rows_.size());
  place_of_.assign(table.size(), kNowhere);
  for (size_t place = 0; place < rows_.size(); ++place) {
    const uint32_t row = rows_[place];
    place_of_[row] = place;
    since_[place] = since[row];
    from_[place] = from[row];
    latest_since_ = std::max(latest_since_, since[row]);
    latest_from_ = std::max(latest_from_, from[row]);
  }
}

void PresentRows::Order(const IntervalTable& table, absl::Span<const uint32_t> rows) {
  const auto record = table.record();
  int64_t most = -1;
  for (const uint32_t row : rows) most = std::max(most, record[row]);
  // Two behind, so that first_of_[record + 1] is where the next row of the record goes, and in the end where its rows end.
  first_of_.assign(static_cast<size_t>(most + 1) + 2, 0);
  for (const uint32_t row : rows) ++first_of_[record[row] + 2];
  for (size_t i = 2; i < first_of_.size(); ++i) first_of_[i] += first_of_[i - 1];
  for (const uint32_t row : rows) {
    const uint32_t place = first_of_[record[row] + 1]++;
    rows_[place] = row;
    records_[place] = record[row];
  }
  first_of_.pop_back();
}

uint32_t PresentRows::PlaceOf(uint32_t row, int64_t record) const {
  if (!past_) return PlaceOf(row);
  for (uint32_t place = FirstOf(record); place < size() && records_[place] == record; ++place) {
    if (rows_[place] == row) return place;
  }
  return kNowhere;
}

void PresentRows::SeeRetired(const IntervalTable& table) const {
  const auto retired = table.retired_rows();
  if (retired_seen_.load(std::memory_order_acquire) >= retired.size()) return;
  std::unique_lock lock(mutex_);
  const auto until = table.until();
  const auto record = table.record();
  size_t seen = retired_seen_.load(std::memory_order_relaxed);
  for (; seen < retired.size(); ++seen) {
    const uint32_t row = retired[seen];
    const uint32_t place = PlaceOf(row, record[row]);
    if (place == kNowhere) continue;
    const uint64_t end = until[row];
    until_[place].store(end, std::memory_order_relaxed);
    if (end < earliest_until_.load(std::memory_order_relaxed)) earliest_until_.store(end, std::memory_order_release);
  }
  retired_seen_.store(seen, std::memory_order_release);
}

absl::Span<const int64_t> PresentRows::Column(const IntervalTable& table, int column) const { return ValuesOf(column, table); }

const PresentRows::Side& PresentRows::SideOf(int column, const IntervalTable& table) const {
  {
    std::shared_lock lock(mutex_);
    const auto known = columns_.find(column);
    if (known != columns_.end()) return *known->second;
  }
  std::unique_lock lock(mutex_);
  auto& side = columns_[column];
  // A copy of the table from before has no later rows: those of now are not asked for through it.
  if (side == nullptr) side = std::make_unique<const Side>(Gathered(column == kItems ? ValueSpan(table.item()) : table.column(column)));
  return *side;
}

PresentRows::Side PresentRows::Gathered(const ValueSpan& all) const {
  Side side;
  side.values.resize(rows_.size());
  for (size_t place = 0; place < rows_.size(); ++place) side.values[place] = all[rows_[place]];
  if (!past_) return side;
  for (size_t begin = 0; begin < rows_.size(); begin += kBlock) {
    const auto end = side.values.begin() + static_cast<ptrdiff_t>(std::min(begin + kBlock, rows_.size()));
    const auto [least, greatest] = std::minmax_element(side.values.begin() + static_cast<ptrdiff_t>(begin), end);
    side.bounds.push_back({*least, *greatest});
  }
  return side;
}

size_t PresentRows::FindPlaces(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment,
                               std::vector<uint32_t>* places) const {
  const Side& side = SideOf(column, table);
  const bool all = AllVisibleAt(moment);
  size_t looked_at = 0;
  for (size_t block = 0; block < side.bounds.size(); ++block) {
    if (side.bounds[block].greatest < least || greatest < side.bounds[block].least) continue;
    const size_t begin = block * kBlock, end = std::min(begin + kBlock, size());
    looked_at += end - begin;
    for (size_t place = begin; place < end; ++place) {
      const bool is_in = least <= side.values[place] && side.values[place] <= greatest;
      if (is_in && (all || VisibleAt(place, moment))) places->push_back(static_cast<uint32_t>(place));
    }
  }
  return looked_at;
}

}  // namespace recount::projections
