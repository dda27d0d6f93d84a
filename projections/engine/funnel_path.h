// How far one record got in one pipeline, and what it brings to each line of a funnel (decisions.md 13). Pure: no tables, no
// rules; the funnel shape and its explain count with the same marks.
#ifndef RECOUNT_PROJECTIONS_ENGINE_FUNNEL_PATH_H_
#define RECOUNT_PROJECTIONS_ENGINE_FUNNEL_PATH_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace recount::projections {

enum class FunnelMode {
  kStrict,   // reached: was in all stages up to this one, in their order
  kTouched,  // reached: was in this stage
  kImplied,  // reached: was in this stage or in a later one
};

// A stay in one stage. Stages are numbered 0 .. stages-1 in the pipeline's order.
struct FunnelVisit {
  static constexpr int kUnknown = -1;  // a stage of which the rules asked for know nothing
  int stage = kUnknown;
  bool counts = true;                  // false: entered outside the period asked for, but still known to be past
};

struct FunnelPath {
  std::vector<FunnelVisit> visits;    // in order of entry
  bool won = false;                   // won, standing, and it counts
  std::optional<int> lost_in;         // lost, standing, and it counts: the stage of the last visit
};

// One line: the stages, then won, then the unknown stage.
struct FunnelLine {
  int64_t reached = 0;
  int64_t continued = 0;    // reached this and, after it, the next line
  int64_t came_through = 0; // reached the first line and this one, in strict and touched after it
  int64_t lost_here = 0;
  int64_t skipped = 0;      // came to a later line without having been here before
  int64_t regressions = 0;  // moves from here to an earlier stage

  FunnelLine& operator+=(const FunnelLine& other);
};

// stages + 2 lines; the counts of one record are 0 or 1, but for regressions.
void LinesOf(const FunnelPath& path, FunnelMode mode, int stages, std::vector<FunnelLine>* lines);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_FUNNEL_PATH_H_
