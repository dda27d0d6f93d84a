// Rows of a finished answer as they go out: values, labels, and the ids by which their cells open.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ANSWER_PAGE_H_
#define RECOUNT_PROJECTIONS_ENGINE_ANSWER_PAGE_H_

#include "projections/engine/finished_answer.h"
#include "projections/engine/render.h"
#include "projections/engine/tokens.h"

namespace recount::projections {

// gRPC's clients take messages of up to 4 MiB unless told otherwise: pages end before. One row alone has less.
inline constexpr size_t kPageBytes = 3 << 20;
// What requests take back (report.proto).
inline constexpr size_t kLongestToken = 16384;

absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t by_default);

// Where cells have no id, since it would be longer than ExplainReport takes.
v1::Note CellsDoNotOpen();

class AnswerPage {
 public:
  // `token`: of the answer, with its pins.
  AnswerPage(const FinishedAnswer& finished, const storage::v1::ReportToken& token, const EngineContext& context);

  v1::Row Render(const AnswerRow& from);
  // In two steps, for whom the ids matter only of some rows: they change with every position.
  v1::Row RenderWithoutIds(const AnswerRow& from);
  void AddIds(const AnswerRow& from, v1::Row* row);
  // What names the row at every position: its groups, of a list its record; a total and a row apart by their kind.
  std::string KeyOf(const AnswerRow& row);
  // Some cell had no id: to be said by CellsDoNotOpen().
  bool left_out_ids() const { return left_out_ids_; }

 private:
  void SetKey(const AnswerRow& row);
  std::string CellId(const AnswerColumn& column);

  const FinishedAnswer& finished_;
  Renderer renderer_;
  const AlikeTokens ids_;
  storage::v1::ReportToken cell_;  // what the id of a cell has beside
  bool left_out_ids_ = false;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ANSWER_PAGE_H_
