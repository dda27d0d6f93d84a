// The time that deadlines are measured by.
#ifndef RECOUNT_EVENTSTORE_STEADY_TIME_H_
#define RECOUNT_EVENTSTORE_STEADY_TIME_H_

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace recount::eventstore {

// As absl::Now() was when it was first asked, and from then on evenly: whoever sets the machine's clock makes no wait longer or
// shorter. Not for times that are recorded.
inline absl::Time SteadyNow() {
  using Steady = std::chrono::steady_clock;
  static const absl::Time beginning = absl::Now();
  static const Steady::time_point steady_beginning = Steady::now();
  return beginning + absl::FromChrono(Steady::now() - steady_beginning);
}

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_STEADY_TIME_H_
