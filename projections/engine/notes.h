// What the reader of an answer must know: records without a rate, a probability, a value or an instant (DESIGN.md, idea 7).
#ifndef RECOUNT_PROJECTIONS_ENGINE_NOTES_H_
#define RECOUNT_PROJECTIONS_ENGINE_NOTES_H_

#include <functional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "projections/engine/aggregate.h"

namespace recount::projections {

// Records that bring no number to a column although they belong to the report; each is told of once.
class NoteTaker {
 public:
  explicit NoteTaker(const Query& query) : query_(query) {}

  // `counts`: whether row i of the selection counts in the column; null: all do.
  using Counts = std::function<bool(size_t)>;
  // A column of money: `values` are those of `expr`.
  void LookAtMoney(const Selection& selection, const Expr& expr, const Values& values, const Counts& counts = nullptr);
  // Any column or grouping: what has no hour and no elapsed time because only the day is known (decisions.md 3).
  void LookAtDays(const Selection& selection, const Expr& expr, const Counts& counts = nullptr);
  // The measures of an aggregate report, in the part that is counted.
  void LookAtMeasures(Aggregation* counting);
  // What another one found.
  void Take(const NoteTaker& other);
  // `in_list`: one row a record, so that nothing is added.
  void Write(bool in_list, std::vector<v1::Note>* notes);

 private:
  using Records = absl::flat_hash_set<int64_t>;
  void WithoutProbability(const Selection& selection, const Counts& counts);

  const Query& query_;
  Records no_rate_, no_probability_, no_value_, only_day_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_NOTES_H_
