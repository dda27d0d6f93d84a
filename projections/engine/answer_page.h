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

class AnswerPage {
 public:
  // `token`: of the answer, with its pins.
  AnswerPage(const FinishedAnswer& finished, const storage::v1::ReportToken& token, const EngineContext& context);

  v1::Row Render(const AnswerRow& from);
  // Some cell had no id, since it would have been longer than ExplainReport takes.
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
