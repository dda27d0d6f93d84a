#ifndef RECOUNT_PROJECTIONS_ROW_MOMENT_H_
#define RECOUNT_PROJECTIONS_ROW_MOMENT_H_

#include <cstdint>

namespace recount::projections {

// What was believed at a position about a time.
struct RowMoment {
  uint64_t position;
  int64_t valid_at;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROW_MOMENT_H_
