// Time, which the server gives to everything below it. Recorded and occurred times come from here, deadlines do not.
#ifndef RECOUNT_SERVICES_CLOCK_H_
#define RECOUNT_SERVICES_CLOCK_H_

#include <cstdint>
#include <mutex>

#include "absl/status/status.h"

namespace recount::services {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMicros() = 0;
  virtual bool simulated() const { return false; }
  // CLOCK_NOT_SIMULATED, CLOCK_BACKWARDS.
  virtual absl::Status Set(int64_t micros);
};

class SystemClock : public Clock {
 public:
  int64_t NowMicros() override;
};

// Stands still until it is set.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(int64_t micros) : now_(micros) {}
  int64_t NowMicros() override;
  bool simulated() const override { return true; }
  absl::Status Set(int64_t micros) override;

 private:
  std::mutex mutex_;
  int64_t now_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_CLOCK_H_
