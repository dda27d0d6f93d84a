#include "projections/interval_table.h"

#include <algorithm>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace recount::projections {
namespace {

uint64_t HashText(absl::string_view text) { return XXH3_64bits(text.data(), text.size()); }

bool IsText(ColumnKind kind) {
  return kind == ColumnKind::kText || kind == ColumnKind::kRecord || kind == ColumnKind::kTextSet;
}

}  // namespace

IntervalTable::IntervalTable(std::string subject, std::vector<ColumnDef> columns, Dictionary* dictionary)
    : subject_(std::move(subject)), subject_hash_(HashText(subject_)), columns_(std::move(columns)),
      dictionary_(dictionary), values_(columns_.size()) {
  for (size_t i = 0; i < columns_.size(); ++i) IndexColumn(i);
}

void IntervalTable::IndexColumn(size_t index) {
  const ColumnDef& column = columns_[index];
  column_index_[column.name] = static_cast<int>(index);
  const HashedColumn hashed{HashText(column.name), static_cast<uint32_t>(index), IsText(column.kind)};
  auto place = std::lower_bound(hash_order_.begin(), hash_order_.end(), hashed,
                                [](const auto& a, const auto& b) { return a.name_hash < b.name_hash; });
  hash_order_.insert(place, hashed);
}

int IntervalTable::ColumnIndex(absl::string_view name) const {
  auto found = column_index_.find(name);
  return found == column_index_.end() ? -1 : found->second;
}

int IntervalTable::AddColumn(ColumnDef column) {
  columns_.push_back(std::move(column));
  values_.emplace_back(size(), kNull);
  IndexColumn(columns_.size() - 1);
  return static_cast<int>(columns_.size()) - 1;
}

size_t IntervalTable::Append(int64_t record, int64_t item, uint64_t since, int64_t valid_from, int64_t valid_to,
                             absl::Span<const int64_t> values) {
  return Add(record, item, since, kOpenPosition, valid_from, valid_to, values);
}

void IntervalTable::Restore(int64_t record, int64_t item, uint64_t since, uint64_t until, int64_t valid_from,
                            int64_t valid_to, absl::Span<const int64_t> values) {
  Add(record, item, since, until, valid_from, valid_to, values);
}

size_t IntervalTable::Add(int64_t record, int64_t item, uint64_t since, uint64_t until, int64_t valid_from,
                          int64_t valid_to, absl::Span<const int64_t> values) {
  const size_t row = size();
  record_.push_back(record);
  item_.push_back(item);
  since_.push_back(since);
  until_.push_back(until);
  valid_from_.push_back(valid_from);
  valid_to_.push_back(valid_to);
  for (size_t i = 0; i < values_.size(); ++i) values_[i].push_back(i < values.size() ? values[i] : kNull);
  const uint32_t number = static_cast<uint32_t>(row);
  next_row_.push_back(RowChain::kEnd);
  const auto [chain, is_new] = rows_of_.try_emplace(record, Chain{number, number});
  if (!is_new) next_row_[std::exchange(chain->second.last, number)] = number;
  if (until == kOpenPosition) ++current_rows_;
  digest_ += HashRow(row, until);
  return row;
}

void IntervalTable::Retire(size_t row, uint64_t until) {
  digest_ -= HashRow(row, kOpenPosition);
  until_[row] = until;
  digest_ += HashRow(row, until);
  --current_rows_;
  retired_blocks_.insert(static_cast<uint32_t>(row / kUntilBlock));
}

RowChain IntervalTable::RowsOf(int64_t record) const {
  const auto found = rows_of_.find(record);
  return {&next_row_, found == rows_of_.end() ? RowChain::kEnd : found->second.first};
}

void IntervalTable::Reserve(size_t rows, size_t records) {
  for (auto* column : {&record_, &item_, &valid_from_, &valid_to_}) column->reserve(rows);
  since_.reserve(rows);
  until_.reserve(rows);
  next_row_.reserve(rows);
  for (auto& column : values_) column.reserve(rows);
  rows_of_.reserve(records);
}

absl::uint128 IntervalTable::DigestAt(uint64_t position) const {
  absl::uint128 sum = 0;
  for (size_t row = 0; row < size(); ++row) {
    if (since_[row] > position) continue;
    sum += HashRow(row, until_[row] > position ? kOpenPosition : until_[row]);
  }
  return sum;
}

std::vector<uint32_t> IntervalTable::TakeRetiredBlocks() {
  std::vector<uint32_t> blocks(retired_blocks_.begin(), retired_blocks_.end());
  std::sort(blocks.begin(), blocks.end());
  retired_blocks_.clear();
  return blocks;
}

absl::uint128 IntervalTable::HashRow(size_t row, uint64_t until) const {
  // Reused, since a row is hashed for each change of every record.
  thread_local std::vector<uint64_t> words;
  words.assign({subject_hash_, dictionary_->HashOf(record_[row]), static_cast<uint64_t>(item_[row]), since_[row], until,
                static_cast<uint64_t>(valid_from_[row]), static_cast<uint64_t>(valid_to_[row])});
  for (const HashedColumn& column : hash_order_) {
    const int64_t value = values_[column.index][row];
    if (value == kNull) continue;
    words.push_back(column.name_hash);
    words.push_back(column.is_text ? dictionary_->HashOf(value) : static_cast<uint64_t>(value));
  }
  const XXH128_hash_t hash = XXH3_128bits(words.data(), words.size() * sizeof(uint64_t));
  return absl::MakeUint128(hash.high64, hash.low64);
}

}  // namespace recount::projections
