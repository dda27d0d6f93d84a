#include "projections/present_rows.h"

#include <algorithm>
#include <mutex>

#include "projections/interval_table.h"

namespace recount::projections {

PresentRows::PresentRows(const IntervalTable& table, absl::Span<const uint32_t> rows)
    : rows_(rows.size()), records_(rows.size()), since_(rows.size()), from_(rows.size()), place_of_(table.size(), kNowhere),
      until_(new std::atomic<uint64_t>[rows.size()]), retired_seen_(table.retired_rows().size()) {
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
    place_of_[row] = place;
  }
  first_of_.pop_back();
  const auto since = table.since();
  const auto from = table.valid_from();
  const auto until = table.until();
  for (size_t place = 0; place < rows_.size(); ++place) {
    const uint32_t row = rows_[place];
    records_[place] = record[row];
    since_[place] = since[row];
    from_[place] = from[row];
    until_[place].store(until[row], std::memory_order_relaxed);
    if (until[row] != kOpenPosition) some_retired_ = true;  // since they were chosen
    latest_since_ = std::max(latest_since_, since[row]);
    latest_from_ = std::max(latest_from_, from[row]);
  }
}

void PresentRows::SeeRetired(const IntervalTable& table) const {
  const auto retired = table.retired_rows();
  if (retired_seen_.load(std::memory_order_acquire) >= retired.size()) return;
  std::unique_lock lock(mutex_);
  const auto until = table.until();
  size_t seen = retired_seen_.load(std::memory_order_relaxed);
  for (; seen < retired.size(); ++seen) {
    const uint32_t place = PlaceOf(retired[seen]);
    if (place == kNowhere) continue;
    until_[place].store(until[retired[seen]], std::memory_order_relaxed);
    some_retired_.store(true, std::memory_order_release);
  }
  retired_seen_.store(seen, std::memory_order_release);
}

absl::Span<const int64_t> PresentRows::Column(const IntervalTable& table, int column) const { return ValuesOf(column, table); }

absl::Span<const int64_t> PresentRows::ValuesOf(int column, const IntervalTable& table) const {
  {
    std::shared_lock lock(mutex_);
    const auto known = columns_.find(column);
    if (known != columns_.end()) return *known->second;
  }
  std::unique_lock lock(mutex_);
  auto& values = columns_[column];
  if (values == nullptr) {
    const auto all = column == kItems ? table.item() : table.column(column);
    auto gathered = std::make_unique<std::vector<int64_t>>(rows_.size());
    // A copy of the table from before has no later rows: those of now are not asked for through it.
    for (size_t place = 0; place < rows_.size(); ++place) (*gathered)[place] = all[rows_[place]];
    values = std::move(gathered);
  }
  return *values;
}

}  // namespace recount::projections
