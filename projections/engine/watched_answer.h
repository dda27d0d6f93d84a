// An answer that is watched: what it is at one position, and the messages that tell it, or what it has become since another one.
// Of what a message says nothing is stored: its token names the position, and what was answered there can be counted again.
#ifndef RECOUNT_PROJECTIONS_ENGINE_WATCHED_ANSWER_H_
#define RECOUNT_PROJECTIONS_ENGINE_WATCHED_ANSWER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "projections/engine/answer_difference.h"
#include "projections/engine/finished_answer.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// An answer of more rows is not watched: ANSWER_TOO_LARGE.
inline constexpr size_t kMostWatchedRows = 20000;

// The question of a watch. PARAMETER_INVALID of what names another moment than now, and of a timeline. What else may be wrong with it
// is found when it is counted.
absl::StatusOr<v1::RunReportRequest> WatchedQuestion(const v1::WatchReportRequest& request, const Catalogue& catalogue);

// What a resume_token says of this very question; `head`: the newest position. TOKEN_INVALID, PAGE_TOKEN_MISMATCH.
absl::StatusOr<storage::v1::ReportToken> ResumedToken(const v1::WatchReportRequest& request, const v1::RunReportRequest& question,
                                                      absl::string_view token_key, uint64_t head);

class WatchedAnswer {
 public:
  using Messages = std::vector<v1::WatchReportResponse>;

  // By what holds now, or as of a token. `context.label` must know names as they were at that position: an answer is then a matter of
  // the position alone. Of a token that can no longer be honoured: TOKEN_INVALID.
  static absl::StatusOr<std::shared_ptr<const WatchedAnswer>> Count(const Catalogue& catalogue, const v1::RunReportRequest& question,
                                                                    const storage::v1::ReportToken* resumed, const EngineContext& context);

  // All of it.
  Messages Whole() const;
  // What has changed since; empty: nothing that would be told.
  Messages Since(const WatchedAnswer& before) const;

  uint64_t position() const { return finished_.basis.position(); }

 private:
  class Teller;
  WatchedAnswer(WholeAnswer whole, storage::v1::ReportToken token, const EngineContext& context);
  std::string ResumeToken() const;

  const FinishedAnswer finished_;
  const storage::v1::ReportToken token_;  // with its pin
  const std::string token_key_;
  int64_t elapsed_micros_ = 0;
  std::vector<KeyedRow> rows_;  // of the answer's rows: as they are told, without ids
  std::string columns_, notes_;  // as they are told
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_WATCHED_ANSWER_H_
