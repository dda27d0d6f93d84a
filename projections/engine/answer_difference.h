// What must be told of an answer that has become another (report.proto, WatchReportResponse).
#ifndef RECOUNT_PROJECTIONS_ENGINE_ANSWER_DIFFERENCE_H_
#define RECOUNT_PROJECTIONS_ENGINE_ANSWER_DIFFERENCE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace recount::projections {

struct KeyedRow {
  std::string key;      // none twice in an answer
  std::string content;  // equal for rows that need not be told again
};

struct AnswerDifference {
  std::vector<std::string> removed;  // keys that are no more
  std::vector<size_t> given;         // places in the new answer, ascending: rows that are new, changed, or stand elsewhere
  bool is_empty() const { return removed.empty() && given.empty(); }
};

// Whoever takes the removed rows and those that are given out of `before`, and then puts each given one in at its place, has `after`.
// Of rows that only changed places as few as possible are given.
AnswerDifference DifferenceOf(const std::vector<KeyedRow>& before, const std::vector<KeyedRow>& after);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ANSWER_DIFFERENCE_H_
