// Days of many instants, fast: each local day's instants are looked up once.
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
    // Most days begin as far from midnight UTC as the last that had to be looked for.
    const int64_t shifted = micros - shift_;
    int32_t day = static_cast<int32_t>(shifted / kDayMicros - (shifted % kDayMicros < 0));
    const Span& guessed = SpanOf(day);
    if (guessed.begin <= micros && micros < guessed.end) return day;
    while (SpanOf(day).begin > micros) --day;
    while (SpanOf(day).end <= micros) ++day;
    shift_ = SpanOf(day).begin - day * kDayMicros;
    return day;
  }

 private:
  static constexpr int64_t kDayMicros = 86400000000;
  static constexpr size_t kKept = 2048;  // five years, and some
  struct Span {
    int32_t day = std::numeric_limits<int32_t>::min();
    int64_t begin = 0, end = 0;
  };

  const Span& SpanOf(int32_t day) {
    if (spans_.empty()) spans_.resize(kKept);
    Span& span = spans_[static_cast<uint32_t>(day) % kKept];
    if (span.day != day) span = {day, calendar_.StartOf(day), calendar_.StartOf(day + 1)};
    return span;
  }

  const domain::Calendar& calendar_;
  std::vector<Span> spans_;  // each at its day's remainder
  int64_t shift_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DAY_CLOCK_H_
