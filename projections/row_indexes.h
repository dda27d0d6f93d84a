// Which rows of a table have a value in some range and hold at some moment, without looking at the others: a quarter does not pay for
// the years outside it, nor the past for the present (DESIGN.md, "The read side").
#ifndef RECOUNT_PROJECTIONS_ROW_INDEXES_H_
#define RECOUNT_PROJECTIONS_ROW_INDEXES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "absl/types/span.h"
#include "projections/array_memory.h"
#include "projections/past_moments.h"
#include "projections/present_rows.h"

namespace recount::projections {

class IntervalTable;

// Rows by spans [begin, end): each in the smallest aligned block of a power of two that contains its span, so that whoever asks for a
// point reads one block of each size.
class SpanBlocks {
 public:
  void Add(uint64_t begin, uint64_t end, uint32_t row);  // begin < end
  // Rows that may hold at a point: those whose block contains it. Nothing if no span reaches it.
  template <typename Visit>
  void At(uint64_t point, Visit visit) const;
  size_t size() const { return rows_.size(); }

 private:
  // A block by its middle, which tells its size too.
  static uint64_t MiddleOf(uint64_t point, int level);
  void Sort();

  ArrayVector<uint64_t> middles_;  // of rows_; the first `sorted_` in order
  ArrayVector<uint32_t> rows_;
  size_t sorted_ = 0;
  uint64_t levels_ = 0;            // bit l - 1: there are blocks of 2^l
  uint64_t latest_ = 0;            // no span ends later
};

// Of one table and all copies of it. An index is made when a question first needs it, and grows with the questions after it.
class RowIndexes {
 public:
  enum class Use { kManyQuestions, kOneQuestion };
  explicit RowIndexes(Use use = Use::kManyQuestions) : use_(use) {}

  // Appends the rows that hold at the moment and whose value of `column` is in [least, greatest], in no order; those without a value
  // if both are kNull. Returns how many rows were looked at. On any thread, for any copy of the table.
  size_t Find(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment,
              std::vector<uint32_t>* rows);
  // The same, but rows that are in `present`, which Present() gave for the moment, come as their places there, also some whose value is
  // near the range: whoever reads values side by side looks at them faster there.
  size_t FindApart(const IntervalTable& table, const PresentRows& present, int column, int64_t least, int64_t greatest,
                   RowMoment moment, std::vector<uint32_t>* places, std::vector<uint32_t>* rows);
  // The rows that hold now side by side, for whoever reads many; those that hold at the moment where it is one of the past that is asked
  // about often. nullptr: of a copy of the table from before those were put there, or of one that is asked once.
  std::shared_ptr<const PresentRows> Present(const IntervalTable& table, RowMoment moment);
  // As Find(), of all rows, or of those that are not in `present`.
  size_t All(const IntervalTable& table, RowMoment moment, std::vector<uint32_t>* rows) { return Others(table, nullptr, moment, rows); }
  size_t Others(const IntervalTable& table, const PresentRows* present, RowMoment moment, std::vector<uint32_t>* rows);
  // For each record (dictionary code, or kNull) the row that holds at the moment, UINT32_MAX where there is none. Of a table whose
  // records have one such row each.
  void RowsOf(const IntervalTable& table, absl::Span<const int64_t> records, RowMoment moment, std::vector<uint32_t>* rows);
  // About how many rows Find() would look at for a present moment.
  size_t Estimate(const IntervalTable& table, int column, int64_t least, int64_t greatest);

 private:
  static constexpr int kAll = -1;
  struct Bucket {
    ArrayVector<uint32_t> current;  // neither ended nor, when they were last looked through, retired
    size_t next_look = 64;          // at how many
    SpanBlocks retired;             // by positions
    SpanBlocks ended;               // by time; retired since or not
  };
  // No row began later: at a moment that is none earlier only ends are looked at.
  struct LatestBegin {
    uint64_t since = 0;
    int64_t from = INT64_MIN;
    bool IsPast(RowMoment moment) const { return since <= moment.position && from <= moment.valid_at; }
  };
  struct Index {
    std::map<int64_t, Bucket> buckets;  // by what their values have in common
    size_t rows = 0;                    // of the table that are in it
    LatestBegin begin;
  };

  // By record: its newest row that has not ended.
  struct Newest {
    ArrayVector<uint32_t> rows;
    size_t size = 0;                    // rows of the table that are in it
    LatestBegin begin;
  };

  static void Extend(const IntervalTable& table, Newest* newest);
  const Index& Extended(const IntervalTable& table, int column, std::shared_lock<std::shared_mutex>* lock);
  // `fits` is asked of the rows' values.
  template <typename Fits>
  static size_t Collect(const IntervalTable& table, const Index& index, int64_t first, int64_t last, RowMoment moment, Fits fits,
                        std::vector<uint32_t>* rows);
  static void Extend(const IntervalTable& table, int column, Index* index);
  static void LookThrough(const IntervalTable& table, Bucket* bucket);

  static bool IsOld(const PresentRows& present, const IntervalTable& table);
  std::shared_ptr<const PresentRows> PresentNow(const IntervalTable& table);
  std::shared_ptr<const PresentRows> PresentThen(const IntervalTable& table, RowMoment moment);
  // Rows of `table` that came since `present` of the past was made, of which `fits` holds.
  template <typename Fits>
  static size_t CollectLater(const IntervalTable& table, const PresentRows& present, RowMoment moment, Fits fits,
                             std::vector<uint32_t>* rows);
  // A question about the moment looked at so many rows one by one.
  void NoteOneByOne(RowMoment moment, LatestBegin begin, size_t rows);

  const Use use_;
  std::shared_mutex mutex_;
  std::map<int, Index> indexes_;  // by column; kAll: of all rows
  Newest newest_;
  std::shared_ptr<const PresentRows> present_;
  PastMoments past_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROW_INDEXES_H_
