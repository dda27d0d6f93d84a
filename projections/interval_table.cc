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

IntervalTable::IntervalTable(std::string subject, std::vector<ColumnDef> columns, const Dictionary* dictionary)
    : subject_(std::move(subject)), subject_hash_(HashText(subject_)), dictionary_(dictionary), values_(columns.size()) {
  auto layout = std::make_shared<Layout>();
  for (ColumnDef& column : columns) layout->Add(std::move(column));
  layout_ = std::move(layout);
}

IntervalTable::IntervalTable(const IntervalTable& other, const Dictionary* dictionary)
    : subject_(other.subject_), subject_hash_(other.subject_hash_), layout_(other.layout_), dictionary_(dictionary),
      record_(other.record_), item_(other.item_), valid_from_(other.valid_from_), valid_to_(other.valid_to_),
      since_(other.since_), until_(other.until_), values_(other.values_), rows_of_(other.rows_of_),
      next_row_(other.next_row_), retired_rows_(other.retired_rows_), indexes_(other.indexes_),
      current_rows_(other.current_rows_), digest_(other.digest_) {}

std::unique_ptr<const IntervalTable> IntervalTable::Frozen(const Dictionary* dictionary) const {
  return std::unique_ptr<const IntervalTable>(new IntervalTable(*this, dictionary));
}

std::unique_ptr<IntervalTable> IntervalTable::WithOtherTimes() const {
  std::unique_ptr<IntervalTable> copy(new IntervalTable(*this, dictionary_));
  copy->indexes_ = std::make_shared<RowIndexes>(RowIndexes::Use::kOneQuestion);
  copy->valid_from_.Unshare();
  copy->valid_to_.Unshare();
  for (size_t i = 0; i < values_.size(); ++i) {
    if (columns()[i].kind == ColumnKind::kTime) copy->values_[i].Unshare();
  }
  return copy;
}

std::unique_ptr<IntervalTable> IntervalTable::WithOtherPositions() const {
  std::unique_ptr<IntervalTable> copy(new IntervalTable(*this, dictionary_));
  copy->indexes_ = std::make_shared<RowIndexes>(RowIndexes::Use::kOneQuestion);
  copy->since_.Unshare();
  // Meanwhile rows may be retired in the original.
  SharedArray<uint64_t> until;
  until.reserve(size());
  for (size_t row = 0; row < size(); ++row) until.push_back(until_.Load(row));
  copy->until_ = std::move(until);
  return copy;
}

void IntervalTable::Layout::Add(ColumnDef column) {
  const int index = static_cast<int>(columns.size());
  by_name[column.name] = index;
  const HashedColumn hashed{HashText(column.name), static_cast<uint32_t>(index), IsText(column.kind)};
  auto place = std::lower_bound(hash_order.begin(), hash_order.end(), hashed,
                                [](const auto& a, const auto& b) { return a.name_hash < b.name_hash; });
  hash_order.insert(place, hashed);
  columns.push_back(std::move(column));
}

int IntervalTable::ColumnIndex(absl::string_view name) const {
  auto found = layout_->by_name.find(name);
  return found == layout_->by_name.end() ? -1 : found->second;
}

int IntervalTable::AddColumn(ColumnDef column) {
  auto layout = std::make_shared<Layout>(*layout_);
  layout->Add(std::move(column));
  layout_ = std::move(layout);
  values_.emplace_back(size());
  return static_cast<int>(columns().size()) - 1;
}

size_t IntervalTable::Append(int64_t record, int64_t item, uint64_t since, int64_t valid_from, int64_t valid_to,
                             absl::Span<const int64_t> values) {
  const size_t row = size();
  record_.push_back(record);
  item_.push_back(item);
  since_.push_back(since);
  until_.push_back(kOpenPosition);
  valid_from_.push_back(valid_from);
  valid_to_.push_back(valid_to);
  for (size_t i = 0; i < values_.size(); ++i) values_[i].push_back(i < values.size() ? values[i] : kNull);
  TakeIn(row);
  return row;
}

void IntervalTable::Restore(absl::Span<const std::vector<int64_t>> columns, absl::Span<const uint64_t> spans) {
  const size_t first = size();
  record_.append(columns[0]);
  item_.append(columns[1]);
  for (const int64_t since : columns[2]) since_.push_back(static_cast<uint64_t>(since));
  for (size_t i = 0; i < spans.size(); ++i) until_.push_back(spans[i] == 0 ? kOpenPosition : since_[first + i] + spans[i]);
  valid_from_.append(columns[3]);
  valid_to_.append(columns[4]);
  for (size_t i = 0; i < values_.size(); ++i) {
    if (columns[5 + i].empty()) {
      values_[i].AppendNothing(columns[0].size());
    } else {
      values_[i].append(columns[5 + i]);
    }
  }
  constexpr size_t kAhead = 16;  // records lie anywhere: what is known of them is on its way to the processor meanwhile
  for (size_t row = first; row < size(); ++row) {
    if (row + kAhead < size()) {
      dictionary_->Prefetch(record_[row + kAhead]);
      rows_of_.Prefetch(record_[row + kAhead]);
    }
    TakeIn(row);
  }
}

// A row whose values are there.
void IntervalTable::TakeIn(size_t row) {
  Link(static_cast<uint32_t>(row), record_[row]);
  const uint64_t until = until_.Load(row);
  if (until == kOpenPosition) ++current_rows_;
  digest_ += HashRow(row, until);
}

void IntervalTable::Link(uint32_t row, int64_t record) {
  next_row_.push_back(RowChain::kEnd);
  const uint32_t before = rows_of_.Add(record, row);
  if (before != RowIndex::kNone) next_row_.Store(before, row);
}

void IntervalTable::Retire(size_t row, uint64_t until) {
  digest_ -= HashRow(row, kOpenPosition);
  until_.Store(row, until);
  digest_ += HashRow(row, until);
  --current_rows_;
  retired_rows_.push_back(static_cast<uint32_t>(row));
  retired_blocks_.insert(static_cast<uint32_t>(row / kUntilBlock));
}

RowChain IntervalTable::RowsOf(int64_t record) const { return {&next_row_, rows_of_.First(record, size())}; }

void IntervalTable::Reserve(size_t rows, size_t codes) {
  for (auto* column : {&record_, &item_, &valid_from_, &valid_to_}) column->reserve(rows);
  since_.reserve(rows);
  until_.reserve(rows);
  next_row_.reserve(rows);
  for (auto& column : values_) column.reserve(rows);
  rows_of_.Reserve(codes);
}

absl::uint128 IntervalTable::DigestAt(uint64_t position) const {
  absl::uint128 sum = 0;
  for (size_t row = 0; row < size(); ++row) {
    if (since_[row] > position) continue;
    sum += HashRow(row, until_.Load(row) > position ? kOpenPosition : until_.Load(row));
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
  for (const HashedColumn& column : layout_->hash_order) {
    const int64_t value = values_[column.index][row];
    if (value == kNull) continue;
    words.push_back(column.name_hash);
    words.push_back(column.is_text ? dictionary_->HashOf(value) : static_cast<uint64_t>(value));
  }
  const XXH128_hash_t hash = XXH3_128bits(words.data(), words.size() * sizeof(uint64_t));
  return absl::MakeUint128(hash.high64, hash.low64);
}

}  // namespace recount::projections
