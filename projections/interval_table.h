// Interval tables: every version of every fact (DESIGN.md, idea 4). A row holds the span of log positions [since, until) in which
// we believed it, and the span of time [valid_from, valid_to) in which it was so.
#ifndef RECOUNT_PROJECTIONS_INTERVAL_TABLE_H_
#define RECOUNT_PROJECTIONS_INTERVAL_TABLE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "projections/dictionary.h"
#include "projections/row_index.h"
#include "projections/row_indexes.h"
#include "projections/shared_array.h"
#include "projections/value_column.h"

namespace recount::projections {

inline constexpr uint64_t kOpenPosition = std::numeric_limits<uint64_t>::max();
inline constexpr int64_t kOpenTime = std::numeric_limits<int64_t>::max();

// What the int64 of a column means; kNull: no value.
enum class ColumnKind {
  kInteger,
  kText,      // dictionary code
  kRecord,    // dictionary code of a resource name
  kTextSet,   // dictionary code of sorted texts, each followed by U+001F
  kMinor,     // minor units; the currency stands in the column `{name}_currency`
  kTime,      // microseconds since 1970 UTC
  kDay,       // days since 1970-01-01
  kFlag,      // 0 or 1
  kPosition,  // position of an event
};

struct ColumnDef {
  std::string name;
  ColumnKind kind = ColumnKind::kInteger;
  std::string collection;   // that a kRecord refers to
  std::string description;
};

// Rows that are linked one to the next.
class RowChain {
 public:
  static constexpr uint32_t kEnd = RowIndex::kNone;

  class Iterator {
   public:
    Iterator(const SharedArray<uint32_t>* next, uint32_t row) : next_(next), row_(row) {}
    uint32_t operator*() const { return row_; }
    Iterator& operator++() {
      row_ = next_->Load(row_);
      if (row_ >= next_->size()) row_ = kEnd;  // one that came after this copy of the table
      return *this;
    }
    bool operator!=(const Iterator& other) const { return row_ != other.row_; }

   private:
    const SharedArray<uint32_t>* next_;
    uint32_t row_;
  };

  RowChain(const SharedArray<uint32_t>* next, uint32_t first) : next_(next), first_(first) {}
  Iterator begin() const { return {next_, first_}; }
  Iterator end() const { return {next_, kEnd}; }
  bool empty() const { return first_ == kEnd; }

 private:
  const SharedArray<uint32_t>* next_;
  uint32_t first_;
};

// Columnar, append-only but for `until`. One thread writes; others read a copy that Frozen() made.
class IntervalTable {
 public:
  // Rows of a block of `until`s, the unit in which retirements are kept (TakeRetiredBlocks).
  static constexpr size_t kUntilBlock = 512;

  IntervalTable(std::string subject, std::vector<ColumnDef> columns, const Dictionary* dictionary);
  IntervalTable(const IntervalTable&) = delete;
  IntervalTable& operator=(const IntervalTable&) = delete;

  // The rows of now, to be read on any thread while the table goes on; it shares the arrays. What is retired later may or may not be
  // retired in it, which is the same to a question about a position that the table has reached now. Made while nobody writes.
  // `dictionary`: frozen too, outlives it.
  std::unique_ptr<const IntervalTable> Frozen(const Dictionary* dictionary) const;

  const std::string& subject() const { return subject_; }
  const std::vector<ColumnDef>& columns() const { return layout_->columns; }
  int ColumnIndex(absl::string_view name) const;                 // -1: none
  int AddColumn(ColumnDef column);                               // custom fields; older rows have no value

  // `values` by column index; shorter: the rest has no value. Returns the row.
  size_t Append(int64_t record, int64_t item, uint64_t since, int64_t valid_from, int64_t valid_to,
                absl::Span<const int64_t> values);
  void Retire(size_t row, uint64_t until);
  // Rows that were kept, column by column: record, item, since, valid_from, valid_to, then the table's own; `spans` by row: `until` -
  // since, 0 of those that are not retired. One of the own that is empty has no value in any of them.
  void Restore(absl::Span<const std::vector<int64_t>> columns, absl::Span<const uint64_t> spans);

  // A copy that only answers a question, for other spans and times of rows that are there. The digest stays that of the original.
  std::unique_ptr<IntervalTable> WithOtherTimes() const;
  void SetSpan(size_t row, int64_t valid_from, int64_t valid_to) {
    valid_from_.Put(row, valid_from);
    valid_to_.Put(row, valid_to);
  }
  void SetTime(size_t row, int column, int64_t micros) { values_[column].Put(row, micros); }
  // The same for other positions of rows that are there; of a row that is not to be seen at all both are 0.
  std::unique_ptr<IntervalTable> WithOtherPositions() const;
  void SetPositions(size_t row, uint64_t since, uint64_t until) {
    since_.Put(row, since);
    until_.Put(row, until);
  }

  // Room for so many rows in all, of records whose codes are less than this.
  void Reserve(size_t rows, size_t codes);

  size_t size() const { return since_.size(); }
  size_t current_rows() const { return current_rows_; }
  // Columns as arrays over all rows, for scans.
  absl::Span<const int64_t> record() const { return record_.span(); }    // dictionary code of the stream's name
  absl::Span<const int64_t> item() const { return item_.span(); }        // number within the record, e.g. of a stage visit
  absl::Span<const uint64_t> since() const { return since_.span(); }
  ChangingSpan<uint64_t> until() const { return ChangingSpan<uint64_t>(&until_); }
  absl::Span<const int64_t> valid_from() const { return valid_from_.span(); }
  absl::Span<const int64_t> valid_to() const { return valid_to_.span(); }
  ValueSpan column(int index) const { return values_[index].span(); }
  const Dictionary& dictionary() const { return *dictionary_; }
  // Rows by their values; on any thread.
  RowIndexes& indexes() const { return *indexes_; }

  // Believed at a position.
  bool BelievedAt(size_t row, uint64_t position) const { return since_[row] <= position && position < until_.Load(row); }
  bool VisibleAt(size_t row, uint64_t position, int64_t valid_at) const {
    return BelievedAt(row, position) && valid_from_[row] <= valid_at && valid_at < valid_to_[row];
  }
  // Rows of a record, all versions, in order of appending. Valid until rows are added.
  RowChain RowsOf(int64_t record) const;

  // Digest at a position: sum mod 2^128 of the rows' hashes over values, a later `until` read as open. Texts enter by content,
  // columns by name; a column without value adds nothing, so that adding a column changes no digest. At the newest position it
  // is kept up to date; for others it is counted.
  absl::uint128 DigestAt(uint64_t position) const;
  absl::uint128 digest() const { return digest_; }

  // Rows that were retired since the table was made, one after the other.
  absl::Span<const uint32_t> retired_rows() const { return retired_rows_.span(); }

  // Blocks of kUntilBlock rows with a row that was retired since the last call.
  std::vector<uint32_t> TakeRetiredBlocks();

 private:
  // Columns by name, so that a digest does not depend on the order in which custom fields came.
  struct HashedColumn {
    uint64_t name_hash;
    uint32_t index;
    bool is_text;
  };
  // Replaced as a whole: frozen copies keep theirs.
  struct Layout {
    void Add(ColumnDef column);
    std::vector<ColumnDef> columns;
    absl::flat_hash_map<std::string, int> by_name;
    std::vector<HashedColumn> hash_order;
  };

  IntervalTable(const IntervalTable& other, const Dictionary* dictionary);  // frozen
  void TakeIn(size_t row);
  void Link(uint32_t row, int64_t record);
  absl::uint128 HashRow(size_t row, uint64_t until) const;

  std::string subject_;
  uint64_t subject_hash_;
  std::shared_ptr<const Layout> layout_;
  const Dictionary* dictionary_;
  SharedArray<int64_t> record_, item_, valid_from_, valid_to_;
  SharedArray<uint64_t> since_, until_;
  std::vector<ValueColumn> values_;
  RowIndex rows_of_;                 // by record
  SharedArray<uint32_t> next_row_;   // of the same record; RowChain::kEnd: none
  SharedArray<uint32_t> retired_rows_;
  // Only for the writer; see TakeRetiredBlocks().
  absl::flat_hash_set<uint32_t> retired_blocks_;
  std::shared_ptr<RowIndexes> indexes_ = std::make_shared<RowIndexes>();  // of all copies
  size_t current_rows_ = 0;
  absl::uint128 digest_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_INTERVAL_TABLE_H_
