// How long a rebuild takes, and will take yet.
#ifndef RECOUNT_PROJECTIONS_REBUILD_CLOCK_H_
#define RECOUNT_PROJECTIONS_REBUILD_CLOCK_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace recount::projections {

// Positions cost about the same throughout a log; when all are folded, the tables are written, which takes a share of that time.
class RebuildClock {
 public:
  RebuildClock() = default;
  RebuildClock(absl::Time begin, bool writes) : begin_(begin), writing_(writes ? kWriting : 0) {}

  void Folded(absl::Time now) { folded_ = now; }

  absl::Duration Elapsed(absl::Time now) const { return now - begin_; }
  // Zero as long as nothing is known.
  absl::Duration Left(absl::Time now, uint64_t position, uint64_t target) const {
    if (position == 0 || target == 0) return absl::ZeroDuration();
    const bool is_folded = folded_ != absl::InfiniteFuture();
    const absl::Duration folding = is_folded ? folded_ - begin_ : (now - begin_) * (static_cast<double>(target) / static_cast<double>(position));
    return std::max(absl::ZeroDuration(), folding * (1 + writing_) - (now - begin_));
  }

 private:
  static constexpr double kWriting = 0.08;  // of folding; measured: 0.06 to 0.1

  absl::Time begin_ = absl::InfinitePast();
  absl::Time folded_ = absl::InfiniteFuture();
  double writing_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_REBUILD_CLOCK_H_
