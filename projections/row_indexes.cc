#include "projections/row_indexes.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

#include "projections/interval_table.h"

namespace recount::projections {
namespace {

// Times in the order of unsigned numbers.
uint64_t InOrder(int64_t time) { return static_cast<uint64_t>(time) ^ (uint64_t{1} << 63); }

// Values of a bucket are equal but for so many bits: three days of microseconds, four days, or records that came one after the other.
int BucketBits(ColumnKind kind) {
  return kind == ColumnKind::kTime ? 38 : kind == ColumnKind::kDay ? 2 : kind == ColumnKind::kRecord ? 8 : 0;
}

// kNull has a bucket of its own: it is no value beside others.
int64_t BucketOf(int64_t value, int bits) { return value == kNull ? kNull : value >> bits; }

}  // namespace

uint64_t SpanBlocks::MiddleOf(uint64_t point, int level) {
  const uint64_t begin = level == 64 ? 0 : point >> level << level;
  return begin | uint64_t{1} << (level - 1);
}

void SpanBlocks::Add(uint64_t begin, uint64_t end, uint32_t row) {
  const int level = std::max<int>(1, std::bit_width(begin ^ (end - 1)));
  middles_.push_back(MiddleOf(begin, level));
  rows_.push_back(row);
  levels_ |= uint64_t{1} << (level - 1);
  latest_ = std::max(latest_, end);
  // What is not sorted is read by everybody: it stays a small part.
  if (rows_.size() - sorted_ > std::max<size_t>(32, sorted_ / 8)) Sort();
}

// Sorts what came since and merges it in from behind, where there is room for it.
void SpanBlocks::Sort() {
  struct Late {
    uint64_t middle;
    uint32_t row;
  };
  std::vector<Late> late;
  late.reserve(rows_.size() - sorted_);
  for (size_t i = sorted_; i < rows_.size(); ++i) late.push_back({middles_[i], rows_[i]});
  std::stable_sort(late.begin(), late.end(), [](const Late& a, const Late& b) { return a.middle < b.middle; });
  size_t former = sorted_;
  for (size_t to = rows_.size(); !late.empty(); ) {
    const bool is_former = former > 0 && middles_[former - 1] > late.back().middle;
    --to;
    middles_[to] = is_former ? middles_[former - 1] : late.back().middle;
    rows_[to] = is_former ? rows_[former - 1] : late.back().row;
    if (is_former) {
      --former;
    } else {
      late.pop_back();
    }
  }
  sorted_ = rows_.size();
}

template <typename Visit>
void SpanBlocks::At(uint64_t point, Visit visit) const {
  if (point >= latest_) return;
  for (uint64_t levels = levels_; levels != 0; levels &= levels - 1) {
    const uint64_t middle = MiddleOf(point, std::countr_zero(levels) + 1);
    const auto end = middles_.begin() + sorted_;
    for (auto at = std::lower_bound(middles_.begin(), end, middle); at != end && *at == middle; ++at) visit(rows_[at - middles_.begin()]);
  }
  for (size_t i = sorted_; i < rows_.size(); ++i) {
    if (MiddleOf(point, std::countr_zero(middles_[i]) + 1) == middles_[i]) visit(rows_[i]);
  }
}

void RowIndexes::LookThrough(const IntervalTable& table, Bucket* bucket) {
  const auto until = table.until();
  size_t kept = 0;
  for (const uint32_t row : bucket->current) {
    // What came after this copy of the table is not known here.
    const uint64_t end = row < table.size() ? until[row] : kOpenPosition;
    if (end == kOpenPosition) {
      bucket->current[kept++] = row;
    } else if (table.since()[row] < end) {
      bucket->retired.Add(table.since()[row], end, row);
    }
  }
  bucket->current.resize(kept);
  bucket->next_look = std::max<size_t>(64, kept * 2);
}

void RowIndexes::Extend(const IntervalTable& table, int column, Index* index) {
  const bool all = column == kAll;
  const int bits = all ? 0 : BucketBits(table.columns()[column].kind);
  const ValueSpan values = all ? ValueSpan() : table.column(column);
  const auto since = table.since();
  const auto until = table.until();
  const auto from = table.valid_from(), to = table.valid_to();
  // Rows that follow each other mostly have none, or lie in the bucket of the last one that has.
  std::pair<int64_t, Bucket*> none{kNull, nullptr}, last{0, nullptr};
  for (; index->rows < table.size(); ++index->rows) {
    const auto row = static_cast<uint32_t>(index->rows);
    index->begin.since = std::max(index->begin.since, since[row]);
    index->begin.from = std::max(index->begin.from, from[row]);
    const int64_t key = all ? 0 : BucketOf(values[row], bits);
    auto& known = key == kNull ? none : last;
    if (known.second == nullptr || known.first != key) known = {key, &index->buckets[key]};
    Bucket& bucket = *known.second;
    const uint64_t end = until[row];
    if (end != kOpenPosition) {
      if (since[row] < end) bucket.retired.Add(since[row], end, row);
    } else if (to[row] != kOpenTime) {
      if (from[row] < to[row]) bucket.ended.Add(InOrder(from[row]), InOrder(to[row]), row);
    } else {
      bucket.current.push_back(row);
      if (bucket.current.size() >= bucket.next_look) LookThrough(table, &bucket);
    }
  }
}

// With the lock that reading it needs.
const RowIndexes::Index& RowIndexes::Extended(const IntervalTable& table, int column, std::shared_lock<std::shared_mutex>* lock) {
  *lock = std::shared_lock(mutex_);
  const auto known = indexes_.find(column);
  if (known != indexes_.end() && known->second.rows >= table.size()) return known->second;
  lock->unlock();
  Index* index;
  {
    std::unique_lock alone(mutex_);
    index = &indexes_[column];
    Extend(table, column, index);
  }
  lock->lock();
  return *index;  // it only grows
}

template <typename Fits>
size_t RowIndexes::Collect(const IntervalTable& table, const Index& index, int64_t first, int64_t last, RowMoment moment, Fits fits,
                           std::vector<uint32_t>* rows) {
  size_t looked_at = 0;
  const auto look = [&](uint32_t row) {
    ++looked_at;
    if (row < table.size() && table.VisibleAt(row, moment.position, moment.valid_at) && fits(row)) rows->push_back(row);
  };
  const auto until = table.until();
  const auto look_at_end = [&](uint32_t row) {
    ++looked_at;
    if (row < table.size() && fits(row) && moment.position < until[row]) rows->push_back(row);
  };
  const bool past = index.begin.IsPast(moment);
  const auto end = index.buckets.upper_bound(last);
  for (auto at = index.buckets.lower_bound(first); at != end; ++at) {
    const Bucket& bucket = at->second;
    if (past) {
      std::for_each(bucket.current.begin(), bucket.current.end(), look_at_end);
    } else {
      std::for_each(bucket.current.begin(), bucket.current.end(), look);
    }
    bucket.retired.At(moment.position, look);
    bucket.ended.At(InOrder(moment.valid_at), look);
  }
  return looked_at;
}

size_t RowIndexes::Find(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment,
                        std::vector<uint32_t>* rows) {
  if (least > greatest) return 0;
  std::shared_lock<std::shared_mutex> lock;
  const Index& index = Extended(table, column, &lock);
  const int bits = BucketBits(table.columns()[column].kind);
  const auto values = table.column(column);
  const auto fits = [&](uint32_t row) { return least <= values[row] && values[row] <= greatest; };
  return Collect(table, index, BucketOf(least, bits), BucketOf(greatest, bits), moment, fits, rows);
}

// Rows that came since are read one by one: they stay a small part. Each time it is made again there are so many more that it is worth it.
bool RowIndexes::IsOld(const PresentRows& present, const IntervalTable& table) {
  constexpr size_t kFew = 64;
  return table.size() > present.table_rows() + std::max(kFew, present.table_rows() / 8);
}

std::shared_ptr<const PresentRows> RowIndexes::Present(const IntervalTable& table, RowMoment moment) {
  if (use_ == Use::kOneQuestion) return nullptr;
  auto present = PresentThen(table, moment);
  if (present == nullptr) present = PresentNow(table);
  if (present->table_rows() > table.size()) return nullptr;  // of a copy from before
  present->SeeRetired(table);
  return present;
}

std::shared_ptr<const PresentRows> RowIndexes::PresentNow(const IntervalTable& table) {
  {
    std::shared_lock lock(mutex_);
    if (present_ != nullptr && !IsOld(*present_, table)) return present_;
  }
  std::unique_lock alone(mutex_);
  if (present_ == nullptr || IsOld(*present_, table)) {
    Index& all = indexes_[kAll];
    Extend(table, kAll, &all);
    Bucket& bucket = all.buckets[0];
    LookThrough(table, &bucket);
    // Those that came after this copy of the table stand at the end.
    const auto end = std::lower_bound(bucket.current.begin(), bucket.current.end(), table.size());
    const auto count = static_cast<size_t>(end - bucket.current.begin());
    present_ = std::make_shared<PresentRows>(table, absl::MakeConstSpan(bucket.current).subspan(0, count));
  }
  return present_;
}

// nullptr: they do not lie side by side.
std::shared_ptr<const PresentRows> RowIndexes::PresentThen(const IntervalTable& table, RowMoment moment) {
  if (auto known = past_.Find(table, moment)) return known;
  std::vector<bool> holds;
  bool is_newest;
  {
    std::shared_lock<std::shared_mutex> lock;
    const Index& all = Extended(table, kAll, &lock);
    is_newest = all.begin.since <= moment.position;
    if (present_ == nullptr || !past_.IsWorthIt(moment, is_newest, present_->size())) return nullptr;
    std::vector<uint32_t> in_any_order;
    Collect(table, all, 0, 0, moment, [](uint32_t) { return true; }, &in_any_order);
    holds.resize(table.size());
    for (const uint32_t row : in_any_order) holds[row] = true;
  }
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < holds.size(); ++row) {
    if (holds[row]) rows.push_back(row);
  }
  auto made = std::make_shared<PresentRows>(table, rows, PresentRows::Past{moment, is_newest});
  past_.Keep(made);
  return made;
}

template <typename Fits>
size_t RowIndexes::CollectLater(const IntervalTable& table, const PresentRows& present, RowMoment moment, Fits fits,
                                std::vector<uint32_t>* rows) {
  if (!present.MayHoldLater(moment)) return 0;
  for (size_t row = present.table_rows(); row < table.size(); ++row) {
    if (table.VisibleAt(row, moment.position, moment.valid_at) && fits(row)) rows->push_back(static_cast<uint32_t>(row));
  }
  return table.size() - present.table_rows();
}

void RowIndexes::NoteOneByOne(RowMoment moment, LatestBegin begin, size_t rows) {
  constexpr size_t kFew = 8;
  if (rows < kFew || begin.IsPast(moment)) return;  // of now the present rows are those that hold
  past_.Note(moment, begin.since <= moment.position, rows);
}

size_t RowIndexes::Others(const IntervalTable& table, const PresentRows* present, RowMoment moment, std::vector<uint32_t>* rows) {
  const auto all_fit = [](uint32_t) { return true; };
  if (present != nullptr && present->is_past()) return CollectLater(table, *present, moment, all_fit, rows);
  std::shared_lock<std::shared_mutex> lock;
  const Index& all = Extended(table, kAll, &lock);
  if (present == nullptr) return Collect(table, all, 0, 0, moment, all_fit, rows);
  const auto found = all.buckets.find(0);
  if (found == all.buckets.end()) return 0;
  const Bucket& bucket = found->second;
  size_t looked_at = 0;
  const auto look = [&](uint32_t row) {
    ++looked_at;
    const bool is_other = row < table.size() && present->PlaceOf(row) == PresentRows::kNowhere;
    if (is_other && table.VisibleAt(row, moment.position, moment.valid_at)) rows->push_back(row);
  };
  bucket.retired.At(moment.position, look);
  bucket.ended.At(InOrder(moment.valid_at), look);
  const auto later = std::lower_bound(bucket.current.begin(), bucket.current.end(), present->table_rows());
  std::for_each(later, bucket.current.end(), look);
  NoteOneByOne(moment, all.begin, looked_at);
  return looked_at;
}

size_t RowIndexes::FindApart(const IntervalTable& table, const PresentRows& present, int column, int64_t least, int64_t greatest,
                             RowMoment moment, std::vector<uint32_t>* places, std::vector<uint32_t>* rows) {
  if (least > greatest) return 0;
  const auto values = table.column(column);
  const auto is_in = [&](uint32_t row) { return least <= values[row] && values[row] <= greatest; };
  if (present.is_past()) {
    return present.FindPlaces(table, column, least, greatest, moment, places) + CollectLater(table, present, moment, is_in, rows);
  }
  std::shared_lock<std::shared_mutex> lock;
  const Index& index = Extended(table, column, &lock);
  const int bits = BucketBits(table.columns()[column].kind);
  size_t looked_at = 0;
  const auto look = [&](uint32_t row) {
    ++looked_at;
    const uint32_t place = present.PlaceOf(row);
    if (place != PresentRows::kNowhere) {
      if (present.VisibleAt(place, moment)) places->push_back(place);
    } else if (row < table.size() && table.VisibleAt(row, moment.position, moment.valid_at) && is_in(row)) {
      rows->push_back(row);
    }
  };
  const bool all = present.AllVisibleAt(moment);
  const auto look_at_current = [&](uint32_t row) {
    const uint32_t place = present.PlaceOf(row);
    if (!all || place == PresentRows::kNowhere) return look(row);
    ++looked_at;
    places->push_back(place);
  };
  const auto end = index.buckets.upper_bound(BucketOf(greatest, bits));
  for (auto at = index.buckets.lower_bound(BucketOf(least, bits)); at != end; ++at) {
    std::for_each(at->second.current.begin(), at->second.current.end(), look_at_current);
    at->second.retired.At(moment.position, look);
    at->second.ended.At(InOrder(moment.valid_at), look);
  }
  NoteOneByOne(moment, index.begin, looked_at);
  return looked_at;
}

void RowIndexes::Extend(const IntervalTable& table, Newest* newest) {
  const auto record = table.record();
  const auto since = table.since();
  const auto from = table.valid_from(), to = table.valid_to();
  newest->rows.resize(std::max(newest->rows.size(), table.dictionary().size()), UINT32_MAX);
  for (; newest->size < table.size(); ++newest->size) {
    const size_t row = newest->size;
    newest->begin.since = std::max(newest->begin.since, since[row]);
    newest->begin.from = std::max(newest->begin.from, from[row]);
    if (to[row] == kOpenTime) newest->rows[record[row]] = static_cast<uint32_t>(row);
  }
}

void RowIndexes::RowsOf(const IntervalTable& table, absl::Span<const int64_t> records, RowMoment moment,
                        std::vector<uint32_t>* rows) {
  std::shared_lock lock(mutex_);
  if (newest_.size < table.size()) {
    lock.unlock();
    mutex_.lock();
    Extend(table, &newest_);
    mutex_.unlock();
    lock.lock();
  }
  rows->assign(records.size(), UINT32_MAX);
  const auto holds = [&](uint32_t row) { return row < table.size() && table.VisibleAt(row, moment.position, moment.valid_at); };
  NoteOneByOne(moment, newest_.begin, records.size());
  const bool past = newest_.begin.IsPast(moment);
  const auto until = table.until();
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i] < 0 || static_cast<size_t>(records[i]) >= newest_.rows.size()) continue;
    const uint32_t newest = newest_.rows[records[i]];
    if (newest == UINT32_MAX) continue;  // a record without such a row has none at all
    (*rows)[i] = newest;
    if (past && newest < table.size() ? moment.position < until[newest] : holds(newest)) continue;
    (*rows)[i] = UINT32_MAX;
    for (const uint32_t row : table.RowsOf(records[i])) {
      if (holds(row)) (*rows)[i] = row;
    }
  }
}

size_t RowIndexes::Estimate(const IntervalTable& table, int column, int64_t least, int64_t greatest) {
  if (least > greatest) return 0;
  std::shared_lock<std::shared_mutex> lock;
  const Index& index = Extended(table, column, &lock);
  const int bits = BucketBits(table.columns()[column].kind);
  size_t rows = 0;
  const auto end = index.buckets.upper_bound(BucketOf(greatest, bits));
  for (auto at = index.buckets.lower_bound(BucketOf(least, bits)); at != end; ++at) rows += at->second.current.size();
  return rows;
}

}  // namespace recount::projections
