// Columns of the aggregate and list shapes beyond what the definition says: order and labels of stages, currency.
#ifndef RECOUNT_PROJECTIONS_ENGINE_KEY_LABELS_H_
#define RECOUNT_PROJECTIONS_ENGINE_KEY_LABELS_H_

#include "projections/engine/shape.h"

namespace recount::projections {

// Stages stand in their pipelines' order; stages, pipelines and reasons have the labels of the rules asked for; units of time are
// named in the column's `unit` (`month` ...). A stage has the label of its pipeline; without one (Scalar::pipeline) the label that
// all pipelines with this stage id give it, and none, so that its id is shown, where they disagree. A custom field has its own label
// and those of its options, in the options' order.
void DescribeKey(const Query& query, const Node& expr, AnswerColumn* column);

// The pipelines of what an expression names as stages, over the same rows; nullptr: it names none.
Expr PipelineOf(const Expr& expr);

// The column that splits rows by currency.
AnswerColumn CurrencyColumn(const Query& query);

// One number over another; no value where the denominator is empty or 0.
Scalar RatioOf(const Scalar& numerator, const Scalar& denominator);
// A mean that is compared: both parts add up over groups.
struct Mean {
  Scalar sum, count;
};
// 1 - mean(group) / mean(all of the whole that are not in the group), in least terms (decisions.md 23); no value without a base.
Scalar BelowOthers(const Mean& group, const Mean& whole);

absl::StatusOr<Explanation> ExplainAggregate(const Query& query, const CellAddress& cell);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_KEY_LABELS_H_
