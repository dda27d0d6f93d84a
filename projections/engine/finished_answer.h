// A whole answer that needs no tables any more: what pages are cut from, and what is kept for the next page.
#ifndef RECOUNT_PROJECTIONS_ENGINE_FINISHED_ANSWER_H_
#define RECOUNT_PROJECTIONS_ENGINE_FINISHED_ANSWER_H_

#include <memory>
#include <optional>
#include <string>

#include "projections/engine/engine_run.h"
#include "projections/lru_cache.h"

namespace recount::projections {

struct FinishedAnswer {
  // Takes over the answer's rows; their texts become its own.
  explicit FinishedAnswer(WholeAnswer whole);
  // `answer` is of `query`, beside what was counted by `compared`; nullptr: nothing.
  FinishedAnswer(Answer answer, const Query& query, const Query* compared);

  Answer answer;                    // sorted
  Texts texts;                      // of the answer
  domain::Calendar calendar;
  v1::Basis basis;                  // without the time taken
  std::optional<v1::Basis> compared_basis;  // not set: no comparison
  size_t bytes = 0;                 // about what it takes
};

// What a query was resolved to, and the rows that it looked at; without the time taken.
v1::Basis BasisOf(const Query& query);

class AnswerCache : public LruCache<FinishedAnswer> {
 public:
  using LruCache<FinishedAnswer>::LruCache;
};

// What makes the answer that a token with pins is of: tenant, question, position, rules, rights, definition, and the generation of the
// tables, so that a rebuild that puts them right is seen.
std::string IdentityOf(const storage::v1::ReportToken& token, const EngineContext& context);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_FINISHED_ANSWER_H_
