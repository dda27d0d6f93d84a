#include "tools/benchmarks/writers.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace recount::tools {
namespace {

enum class Phase { kWarming, kMeasuring, kEnding };

struct Writer {
  Ticket ticket;
  Latencies latencies;
  std::thread thread;
};

}  // namespace

ResultLine RunWriters(const WritersOptions& options,
                      const std::function<void(int, uint64_t, Ticket*)>& submit) {
  std::atomic<Phase> phase{Phase::kWarming};
  std::atomic<uint64_t> done{0};
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < options.writers; ++i) {
    writers.push_back(std::make_unique<Writer>());
    writers.back()->thread = std::thread([&, i, writer = writers.back().get()] {
      for (uint64_t number = 0; phase != Phase::kEnding; ++number) {
        const Clock::time_point begin = Clock::now();
        submit(i, number, &writer->ticket);
        writer->ticket.Await();
        if (phase != Phase::kMeasuring) continue;
        writer->latencies.Add(MicrosSince(begin));
        done.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(options.warm_seconds));
  CpuMeter cpu(0);
  const Clock::time_point begin = Clock::now();
  phase = Phase::kMeasuring;
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  phase = Phase::kEnding;
  const double seconds = SecondsSince(begin);
  cpu.Stop();
  for (auto& writer : writers) writer->thread.join();
  Latencies latencies;
  for (auto& writer : writers) latencies.Add(writer->latencies);
  ResultLine line;
  line.Add("operations", static_cast<double>(done))
      .Add("seconds", seconds)
      .Add("per_second", done / seconds);
  cpu.AddTo(&line, static_cast<double>(done));
  line.Add(std::move(latencies));
  return line;
}

}  // namespace recount::tools
