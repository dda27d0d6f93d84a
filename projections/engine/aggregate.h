// What the aggregate shape counts: which records go into which row of which measure. Running and explaining share it, so that
// an opened cell adds up.
#ifndef RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_H_
#define RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "projections/engine/group_keys.h"
#include "projections/engine/query.h"

namespace recount::projections {

// The records of one measure: row i of the selection counts if `counts`, in its groups, under its currency.
struct MeasureRecords {
  std::shared_ptr<const Selection> selection;
  std::shared_ptr<const RowGroups> groups;
  std::shared_ptr<const Values> counts;         // nullptr: all
  std::shared_ptr<const Values> values;         // nullptr: a count
  std::shared_ptr<const std::vector<int64_t>> currency;  // of the row that it counts in; nullptr: rows are not split

  bool Counts(size_t i) const { return counts == nullptr || counts->data[i] == 1; }
  int64_t Value(size_t i) const { return values == nullptr ? 1 : values->data[i]; }
  int64_t Currency(size_t i) const { return currency == nullptr ? kNull : (*currency)[i]; }
  // Both have the same rows, in the same rows of the answer.
  bool CountsWhere(const MeasureRecords& other) const {
    return selection == other.selection && groups == other.groups && currency == other.currency;
  }
};

// Counts records in parts that fit the processor's cache: `for (part < parts()) GoTo(part), ...`.
class Aggregation {
 public:
  explicit Aggregation(const Query& query);
  // Of the same records, for a thread that helps: `query` is of ForHelper(). After parts() of the other.
  Aggregation(const Query& query, const Aggregation& other) : Aggregation(query) { rows_ = other.rows_; }

  // Each record is in one of them.
  size_t parts();
  // From now on records are those of one part, at first of part 0; groups keep their numbers.
  void GoTo(size_t part);

  // Rows are split by currency: a measure that is shown is money, or is made of it.
  bool split() const { return split_expr_ != nullptr; }
  GroupKeys& keys() { return keys_; }
  // Indexes of the measures to be counted: those shown and what ratios are made of.
  const std::vector<int>& counted() const { return counted_; }
  // In a mode by measure axis each measure has records of its own; else all share the report's.
  bool by_measure_axis() const { return query_.mode != nullptr && query_.mode->by_measure_axis(); }
  const MeasureRecords& RecordsOf(int measure);
  // The report's records without looking at a measure: not in a mode by measure axis.
  const MeasureRecords& All();

 private:
  // Rows that may count, by what is said of them; of the part that is counted.
  const RowList& RowsBy(const Expr& axis, const std::string& text);
  const RowList& RowsOf(int measure);
  Rows InPart(const RowList& rows) const;
  MeasureRecords Base(const Expr& axis, const std::string& text);
  // Of a mode by measure axis.
  const MeasureRecords& ByAxis(const QueryMeasure& measure);
  // The facts of a measure that has a subject of its own: only what counts.
  MeasureRecords Facts(int measure);
  using Currencies = std::shared_ptr<const std::vector<int64_t>>;
  Currencies CurrenciesOf(const Selection& selection, const std::shared_ptr<const Values>& money);

  const Query& query_;
  GroupKeys keys_;
  std::vector<int> counted_;
  Expr split_expr_;
  std::map<int, MeasureRecords> records_;
  // In a mode by measure axis: those of all measures that have the same axis and condition, without values.
  std::map<std::pair<std::string, std::string>, MeasureRecords> alike_;
  std::optional<MeasureRecords> all_;
  size_t part_ = 0;
  std::map<std::string, RowList> rows_;  // by the axis, as it is written; `=` before the number of a measure with facts of its own
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_H_
