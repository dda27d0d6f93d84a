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
  std::vector<int64_t> currency;                // of the row that it counts in; empty: rows are not split

  bool Counts(size_t i) const { return counts == nullptr || counts->data[i] == 1; }
  int64_t Value(size_t i) const { return values == nullptr ? 1 : values->data[i]; }
  int64_t Currency(size_t i) const { return currency.empty() ? kNull : currency[i]; }
};

class Aggregation {
 public:
  explicit Aggregation(const Query& query);

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
  MeasureRecords Base(const Expr& axis);
  // Of a mode by measure axis.
  const MeasureRecords& ByAxis(const QueryMeasure& measure);
  // The facts of a measure that has a subject of its own: only what counts.
  MeasureRecords Facts(const QueryMeasure& measure);
  std::vector<int64_t> CurrenciesOf(const Selection& selection, const Values* money);

  const Query& query_;
  GroupKeys keys_;
  std::vector<int> counted_;
  Expr split_expr_;
  std::map<int, MeasureRecords> records_;
  // In a mode by measure axis: those of all measures that have the same axis and condition, without values.
  std::map<std::pair<std::string, std::string>, MeasureRecords> alike_;
  std::optional<MeasureRecords> all_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_AGGREGATE_H_
