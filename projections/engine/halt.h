// Why a question is not worked out to its end: its caller is gone, its deadline passed, or its answer would be too large.
#ifndef RECOUNT_PROJECTIONS_ENGINE_HALT_H_
#define RECOUNT_PROJECTIONS_ENGINE_HALT_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace recount::projections {

// Whoever goes over many rows asks it and leaves early; what comes out then is of the right form but means nothing, and the engine
// throws it away. Of one question, on one thread.
class Halt {
 public:
  // `goes_on`: asked now and then; what is not OK ends the question with that status. May be empty.
  explicit Halt(std::function<absl::Status()> goes_on = nullptr) : goes_on_(std::move(goes_on)) {}

  // For the steps of loops: every 1,024th of them asks.
  bool AtStep() { return !status_.ok() || (steps_++ % 1024 == 0 && AskNow()); }
  bool AskNow() {
    if (status_.ok() && goes_on_ != nullptr) status_ = goes_on_();
    return !status_.ok();
  }
  void Because(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  const absl::Status& status() const { return status_; }

 private:
  const std::function<absl::Status()> goes_on_;
  absl::Status status_;
  uint64_t steps_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_HALT_H_
