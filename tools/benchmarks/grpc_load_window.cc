#include "tools/benchmarks/grpc_load.h"

namespace recount::tools {

void LoadWindow::Count(uint64_t commands, uint64_t refused, Clock::time_point sent) {
  answered_ += commands;
  refused_ += refused;
  const double elapsed = SecondsSince(begin_);
  if (!is_measuring_ && elapsed >= options_.warm_seconds) {
    is_measuring_ = true;
    begin_ = Clock::now();
    cpu_.Start();
    return;
  }
  if (is_measuring_ && !is_over_) {
    counted_ += commands;
    latencies_.Add(MicrosSince(sent));
  }
  const bool ends =
      (is_measuring_ && elapsed >= options_.seconds) || answered_ >= options_.most_commands;
  if (!ends || is_over_) return;
  is_over_ = true;
  seconds_ = elapsed;
  cpu_.Stop();
}

ResultLine LoadWindow::Result() const {
  ResultLine line;
  line.Add("operations", static_cast<double>(counted_)).Add("seconds", seconds_);
  line.Add("per_second", seconds_ > 0 ? counted_ / seconds_ : 0)
      .Add("refused", static_cast<double>(refused_));
  cpu_.AddTo(&line, static_cast<double>(counted_));
  line.Add(latencies_);
  return line;
}

}  // namespace recount::tools
