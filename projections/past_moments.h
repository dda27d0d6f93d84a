// Which moments of the past are asked about so often that their rows are worth lying side by side, as those of the present do.
#ifndef RECOUNT_PROJECTIONS_PAST_MOMENTS_H_
#define RECOUNT_PROJECTIONS_PAST_MOMENTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "projections/present_rows.h"

namespace recount::projections {

// Of one table and all copies of it. On any thread.
class PastMoments {
 public:
  // So many moments' rows lie side by side at most: two that are compared, and one more.
  static constexpr size_t kMostKept = 3;

  // The rows of the moment if they lie side by side and `table` is no copy from before; nullptr: they do not.
  std::shared_ptr<const PresentRows> Find(const IntervalTable& table, RowMoment moment);
  // A question about the moment looked at so many rows one by one. `is_newest`: at no position of the table's is more known.
  void Note(RowMoment moment, bool is_newest, size_t looked_at);
  // True once what questions about the moment looked at is `rows`, about what putting them side by side costs; then the caller does
  // that, and nobody else is told to.
  bool IsWorthIt(RowMoment moment, bool is_newest, size_t rows);
  void Keep(std::shared_ptr<const PresentRows> rows);

 private:
  static constexpr size_t kMostNoted = 32;
  struct Noted {
    uint64_t position;  // kNewest: whichever it is
    int64_t valid_at;
    size_t looked_at;
  };
  static constexpr uint64_t kNewest = UINT64_MAX;
  std::vector<Noted>::iterator FindNoted(RowMoment moment, bool is_newest);

  std::mutex mutex_;
  std::vector<Noted> noted_;                              // the newest last
  std::vector<std::shared_ptr<const PresentRows>> kept_;  // the last that was asked for last
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_PAST_MOMENTS_H_
