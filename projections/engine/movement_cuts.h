// When something changed that a movement's question looks at and that is not in the deal's own states: other fields of the deal,
// and the records that it refers to.
#ifndef RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_CUTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_CUTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "projections/engine/query.h"
#include "projections/engine/record_timeline.h"

namespace recount::projections {

class MovementCuts {
 public:
  explicit MovementCuts(const Query& query) : query_(query) {}
  // Ascending, each once; also some before the opening.
  std::vector<int64_t> Of(int64_t deal);

 private:
  using Records = std::vector<int64_t>;
  // What an expression over these records of a subject looks at.
  void Look(const Expr& expr, const Subject& subject, const Records& records, std::vector<int64_t>* cuts);
  void CutAt(const Subject& subject, const Records& records, std::vector<int64_t>* cuts);
  // Every record that a reference of theirs ever led to.
  Records Targets(absl::string_view reference, const Subject& subject, const Records& records);
  const RecordTimeline& TimelineOf(const Subject& subject, const IntervalTable& table);

  const Query& query_;
  std::map<const Subject*, RecordTimeline> timelines_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_MOVEMENT_CUTS_H_
