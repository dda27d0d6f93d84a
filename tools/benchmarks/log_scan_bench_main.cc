// How fast the log is scanned: packed, and one commit a value, with the same compression.
//
//   log_scan_bench FOLDER [COMMITS] [ROUNDS]
//
// Two logs get the same commits of one event of about 300 bytes; one packs all of them, the other none. Both are then scanned
// in turn, as stored records and as commits that are checked against the hash chain and parsed. CPU time stands beside the speed:
// it tells more on a machine that does other work. The folder must not exist; it is left there.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventstore/event_log.h"
#include "eventstore/rocksdb_log_start.h"
#include "eventstore/rocksdb_record_cursor.h"

namespace recount::tools {
namespace {

using eventstore::Direction;
using eventstore::EventLog;
using eventstore::Proposal;
using eventstore::RocksdbLogOptions;
using Clock = std::chrono::steady_clock;

constexpr eventstore::TenantNumber kTenant = 1;

RocksdbLogOptions Options(const std::string& directory, bool is_packed) {
  RocksdbLogOptions options;
  options.directory = directory;
  options.unpacked_events = is_packed ? 0 : eventstore::kNeverPack;
  return options;
}

// About as compressible as a real event: half of it names and words that come again, half of it ids, hashes and ciphertext.
Proposal MakeProposal(int i, std::mt19937_64& random) {
  Proposal proposal;
  proposal.tenant = kTenant;
  auto& record = proposal.record;
  const std::string stream = absl::StrCat("deals/0192f3a0-0000-7000-8000-", 100'000'000 + i / 4);
  record.set_recorded_micros(1'700'000'000'000'000 + i * 1'000);
  record.set_actor("users/ann");
  record.set_request_id(absl::StrCat("import-4711-", i));
  std::string noise(112, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  record.set_command_hash(noise.substr(0, 32));
  record.set_answer_name(stream);
  auto* event = record.add_events();
  event->set_stream(stream);
  event->set_type(4 << 16 | 1);
  event->set_schema_version(1);
  event->set_occurred_micros(record.recorded_micros());
  event->set_payload(absl::StrCat("stage changed from potential to offer, pipeline sales, reason: call", noise.substr(32, 80)));
  return proposal;
}

absl::Status Fill(const RocksdbLogOptions& options, int commits) {
  auto opened = OpenRocksdbEventLog(options);
  if (!opened.ok()) return opened.status();
  EventLog& log = **opened;
  std::mt19937_64 random(4711);
  for (int i = 0; i < commits; ++i) {
    auto sequenced = log.Sequence(MakeProposal(i, random), nullptr);
    if (!sequenced.ok()) return sequenced.status();
  }
  std::promise<absl::Status> durable;
  log.AfterPending(kTenant, [&](absl::Status status) { durable.set_value(status); });
  if (absl::Status status = durable.get_future().get(); !status.ok()) return status;
  return log.FinishUpkeep();
}

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().extension() == ".sst") bytes += entry.file_size();
  }
  return bytes;
}

// What is still in the WAL goes into tables when a log is opened; then deleted commits are merged away in the background.
absl::Status Settle(const std::string& directory) {
  auto opened = eventstore::OpenLogFolder(directory, nullptr);
  if (!opened.ok()) return opened.status();
  for (int quiet = 0; quiet < 5;) {
    uint64_t pending = 0, running = 0;
    opened->files.db->GetIntProperty("rocksdb.compaction-pending", &pending);
    opened->files.db->GetIntProperty("rocksdb.num-running-compactions", &running);
    quiet = pending + running == 0 ? quiet + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return absl::OkStatus();
}

// A scan of everything; of zeros: something went wrong.
struct Scan {
  double a_second = 0;
  double cpu_nanos = 0;  // of the scanning thread, a commit
};

class Stopwatch {
 public:
  Scan Stop(int commits) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return {commits / seconds, (CpuNanos() - cpu_start_) / commits};
  }

 private:
  static double CpuNanos() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
  }

  const Clock::time_point start_ = Clock::now();
  const double cpu_start_ = CpuNanos();
};

Scan ScanRecords(const std::string& directory, int commits) {
  auto opened = eventstore::OpenLogFolder(directory, nullptr);
  if (!opened.ok()) return std::fprintf(stderr, "%s\n", opened.status().ToString().c_str()), Scan();
  const Stopwatch stopwatch;
  eventstore::RecordCursor records(opened->database.get(), kTenant, commits, eventstore::CursorUse::kScan);
  int seen = 0;
  size_t bytes = 0;
  absl::Status status = records.Seek(1);
  for (; status.ok() && records.is_valid(); status = records.Next()) {
    ++seen;
    bytes += records.parts().record_bytes.size();
  }
  const Scan scan = stopwatch.Stop(commits);
  return status.ok() && seen == commits && bytes > 0 ? scan : Scan();
}

Scan ReadCommits(const RocksdbLogOptions& options, int commits) {
  auto opened = OpenRocksdbEventLog(options);
  if (!opened.ok()) return std::fprintf(stderr, "%s\n", opened.status().ToString().c_str()), Scan();
  const Stopwatch stopwatch;
  int seen = 0;
  absl::Status status = (*opened)->ReadCommits(kTenant, 0, Direction::kForward, [&](const eventstore::StoredCommit&) {
    ++seen;
    return true;
  });
  const Scan scan = stopwatch.Stop(commits);
  return status.ok() && seen == commits ? scan : Scan();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// In turn, so that a slow moment of the machine meets both.
bool Compare(const char* what, int rounds, const std::function<Scan()>& single, const std::function<Scan()>& packed) {
  std::vector<double> speeds[2], nanos[2];
  bool is_whole = true;
  for (int i = 0; i < 2 * rounds; ++i) {
    const Scan scan = i % 2 == 0 ? single() : packed();
    is_whole &= scan.a_second > 0;
    speeds[i % 2].push_back(scan.a_second);
    nanos[i % 2].push_back(scan.cpu_nanos);
  }
  std::printf("%s\n", what);
  for (int i = 0; i < 2; ++i) {
    std::printf("  %-12s %10.0f/s  [%.0f..%.0f]  CPU %6.0f ns\n", i == 0 ? "one a value" : "packed", Median(speeds[i]),
                *std::min_element(speeds[i].begin(), speeds[i].end()), *std::max_element(speeds[i].begin(), speeds[i].end()),
                Median(nanos[i]));
  }
  std::printf("  ratio of speeds %.2f, of CPU %.2f\n", Median(speeds[1]) / Median(speeds[0]),
              Median(nanos[0]) / Median(nanos[1]));
  return is_whole;
}

int Run(const std::string& folder, int commits, int rounds) {
  const RocksdbLogOptions single = Options(folder + "/single", false);
  const RocksdbLogOptions packed = Options(folder + "/packed", true);
  for (const RocksdbLogOptions& options : {single, packed}) {
    absl::Status status = Fill(options, commits);
    if (status.ok()) status = Settle(options.directory);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      return 1;
    }
  }
  std::printf("%d commits of one event; log/ takes %.1f MB one a value, %.1f MB packed\n", commits,
              BytesIn(single.directory + "/log") / 1e6, BytesIn(packed.directory + "/log") / 1e6);
  bool is_whole = Compare("records as stored", rounds, [&] { return ScanRecords(single.directory, commits); },
                          [&] { return ScanRecords(packed.directory, commits); });
  is_whole &= Compare("commits, hash chain and parsing", rounds, [&] { return ReadCommits(single, commits); },
                      [&] { return ReadCommits(packed, commits); });
  return is_whole ? 0 : 1;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: log_scan_bench FOLDER [COMMITS] [ROUNDS]\n");
    return 2;
  }
  return recount::tools::Run(argv[1], argc > 2 ? std::atoi(argv[2]) : 500'000, argc > 3 ? std::atoi(argv[3]) : 5);
}
