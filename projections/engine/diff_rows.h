// Rows of two answers beside each other, for a comparison by cause.
#ifndef RECOUNT_PROJECTIONS_ENGINE_DIFF_ROWS_H_
#define RECOUNT_PROJECTIONS_ENGINE_DIFF_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "projections/engine/shape.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// Columns of the measures that both answers have, in the order of `after`. ANSWERS_NOT_COMPARABLE where the groups are others or no
// measure is common.
absl::StatusOr<std::vector<std::string>> CommonMeasures(const Query& before_query, const Answer& before, const Query& after_query,
                                                        const Answer& after);

// Its groups and those measures, in that order.
absl::StatusOr<Answer> WithMeasures(const std::vector<std::string>& measures, Answer answer);

// A measure in an answer that Compare() made: places of both values and, of a number, of the change; -1: none.
struct ComparedColumn {
  size_t value, compared;
  int change;
};
std::vector<ComparedColumn> ComparedColumns(const Answer& compared);
// Whether the two values are not the same.
bool Differs(const Answer& compared, const AnswerRow& row, const ComparedColumn& column);

// Names a row in any answer with the same groups, whatever its query's codes.
std::string NameOf(const std::vector<AnswerColumn>& columns, const AnswerRow& row, const Texts& texts);
// Where it is, for the id of a cell.
void PutPlace(const std::vector<AnswerColumn>& columns, const AnswerRow& row, const Texts& texts, storage::v1::ReportToken* cell);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DIFF_ROWS_H_
