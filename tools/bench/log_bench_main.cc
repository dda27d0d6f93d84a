// How many commits a second the embedded log makes durable, in process.
//
//   log_bench FOLDER [COMMITS] [IN_FLIGHT] [UNPACKED_EVENTS]
//
// One thread sequences commits of one event of about 300 bytes, each with a request id and every fourth on a new stream
// with a key claim, while at most IN_FLIGHT wait for the disk. The folder must not exist; it is left there.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "eventstore/event_log.h"

namespace recount::tools {
namespace {

using eventstore::EventLog;
using eventstore::Proposal;
using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

double ThreadCpuMicros() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

Proposal MakeProposal(int i) {
  Proposal proposal;
  proposal.tenant = 1;
  auto& record = proposal.record;
  const std::string stream = absl::StrCat("deals/0192f3a0-0000-7000-8000-", i / 4);
  record.set_recorded_micros(1'700'000'000'000'000 + i);
  record.set_actor("users/ann");
  record.set_request_id(absl::StrCat("import-4711-", i));
  record.set_command_hash(std::string(32, 'h'));
  record.set_answer_name(stream);
  auto* event = record.add_events();
  event->set_stream(stream);
  event->set_type(4 << 16 | 1);
  event->set_occurred_micros(record.recorded_micros());
  event->set_payload(std::string(150, 'p'));
  proposal.expectations.push_back({stream, static_cast<uint64_t>(i % 4)});
  if (i % 4 == 0) {
    auto* claim = record.add_claims();
    claim->set_key(absl::StrCat("deals/external/bench/", i));
    claim->set_stream(stream);
  }
  return proposal;
}

int Run(const std::string& folder, int commits, int most_in_flight, uint64_t unpacked_events) {
  eventstore::RocksdbLogOptions options;
  options.unpacked_events = unpacked_events;
  options.directory = folder;
  auto opened = OpenRocksdbEventLog(options);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    return 1;
  }
  std::unique_ptr<EventLog> log = *std::move(opened);
  std::mutex mutex;
  std::condition_variable done;
  int in_flight = 0;
  const auto start = Clock::now();
  const double cpu_before = ThreadCpuMicros();
  double sequence_micros = 0;
  for (int i = 0; i < commits; ++i) {
    {
      std::unique_lock lock(mutex);
      done.wait(lock, [&] { return in_flight < most_in_flight; });
      ++in_flight;
    }
    Proposal proposal = MakeProposal(i);
    const auto before = Clock::now();
    (void)log->FindRequest(1, "users/ann", proposal.record.request_id());
    auto sequenced = log->Sequence(std::move(proposal), [&](absl::Status status) {
      std::lock_guard lock(mutex);
      if (--in_flight == most_in_flight / 2 || in_flight == 0) done.notify_one();
    });
    sequence_micros += std::chrono::duration<double, std::micro>(Clock::now() - before).count();
    if (!sequenced.ok()) {
      std::fprintf(stderr, "%s\n", sequenced.status().ToString().c_str());
      return 1;
    }
  }
  {
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return in_flight == 0; });
  }
  const double seconds = Seconds(start);
  std::printf("%d commits, %d in flight: %.0f/s, FindRequest and Sequence %.2f us each, sequencing thread's CPU %.2f us\n",
              commits, most_in_flight, commits / seconds, sequence_micros / commits,
              (ThreadCpuMicros() - cpu_before) / commits);
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: log_bench FOLDER [COMMITS] [IN_FLIGHT] [UNPACKED_EVENTS]\n");
    return 2;
  }
  return recount::tools::Run(argv[1], argc > 2 ? std::atoi(argv[2]) : 500'000, argc > 3 ? std::atoi(argv[3]) : 64,
                             argc > 4 ? std::strtoull(argv[4], nullptr, 10) : recount::eventstore::RocksdbLogOptions().unpacked_events);
}
