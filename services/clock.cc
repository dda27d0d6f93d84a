#include "services/clock.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "domain/refusal.h"

namespace recount::services {

absl::Status Clock::Set(int64_t micros) {
  return domain::Refuse(
      v1::CLOCK_NOT_SIMULATED,
      "this server's clock is the real one: start recountd with --simulated-clock on an empty folder");
}

int64_t SystemClock::NowMicros() { return absl::ToUnixMicros(absl::Now()); }

int64_t SimulatedClock::NowMicros() {
  std::lock_guard lock(mutex_);
  return now_;
}

absl::Status SimulatedClock::Set(int64_t micros) {
  std::lock_guard lock(mutex_);
  if (micros < now_) {
    return domain::Refuse(v1::CLOCK_BACKWARDS,
                          absl::StrCat("the simulated clock stands at ", absl::FormatTime(absl::FromUnixMicros(now_)),
                                       " and may not go back"),
                          "time");
  }
  now_ = micros;
  return absl::OkStatus();
}

}  // namespace recount::services
