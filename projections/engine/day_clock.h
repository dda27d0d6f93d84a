// Days of many instants, fast: each local day's first instant is looked up once.
#ifndef RECOUNT_PROJECTIONS_ENGINE_DAY_CLOCK_H_
#define RECOUNT_PROJECTIONS_ENGINE_DAY_CLOCK_H_

#include <cstdint>

#include <limits>
#include <vector>

#include "projections/engine/world.h"

namespace recount::projections {

class DayClock {
 public:
  explicit DayClock(const World& world) : calendar_(world.rules().calendar) {}
  explicit DayClock(const domain::Calendar& calendar) : calendar_(calendar) {}

  // Local day that holds an instant.
  int32_t DayOf(int64_t micros) {
    if (begin_ <= micros && micros < end_) return day_;  // one often lies near the other
    constexpr int64_t kDayMicros = 86400000000;
    int32_t day = static_cast<int32_t>(micros / kDayMicros - (micros % kDayMicros < 0));
    while (StartOf(day) > micros) --day;
    while (StartOf(day + 1) <= micros) ++day;
    begin_ = StartOf(day);
    end_ = StartOf(day + 1);
    return day_ = day;
  }

 private:
  struct Start {
    int32_t day = std::numeric_limits<int32_t>::min();
    int64_t micros = 0;
  };
  static constexpr size_t kKept = 2048;  // five years, and some

  int64_t StartOf(int32_t day) {
    if (starts_.empty()) starts_.resize(kKept);
    Start& start = starts_[static_cast<uint32_t>(day) % kKept];
    if (start.day != day) start = {day, calendar_.StartOf(day)};
    return start.micros;
  }

  const domain::Calendar& calendar_;
  std::vector<Start> starts_;  // each at its day's remainder
  int64_t begin_ = 0, end_ = 0;  // of the day of the last call
  int32_t day_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DAY_CLOCK_H_
