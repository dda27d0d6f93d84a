// The embedded log in process: version check, request ids, key claims and hash chain on, every
// commit durable.
//
//   log_bench MODE --folder=FOLDER [--tenant=1]
//
//   append  --writers=64 --seconds=2 --warm=0.3 [--old-deals=N --old-revision=R --slice=S]:
//           threads that wait for each commit; every fourth makes a deal. With N every second one
//           goes to one of the N deals that `fill` left at revision R, chosen by chance from the
//           S-th slice of 32: a log's slice can be used once.
//   fill    --commits=N --deals=M --in-flight=2000: until the tenant's log has N events, on M deals
//   scan    reads all commits as the log's readers get them
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "eventstore/event_log.h"
#include "tools/benchmarks/measuring.h"
#include "tools/benchmarks/sample_commits.h"
#include "tools/benchmarks/writers.h"

namespace recount::tools {
namespace {

using eventstore::EventLog;
using eventstore::TenantNumber;

std::string FilledDeal(uint64_t number) {
  return absl::StrFormat("deals/0192f3a0-6c1b-7000-8000-%012d", number);
}

uint64_t Mixed(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr uint64_t kMostWriters = 64;
constexpr uint64_t kMostSlices = 32;

// Deals that `fill` made. A run takes one slice of them, and each writer its share of that, so that
// everybody knows the revision of what he moves.
struct OldDeals {
  uint64_t count = 0;  // 0: none
  uint64_t revision = 0;
  uint64_t slice = 0;

  uint64_t Pick(int writer, uint64_t chance) const {
    const uint64_t share = count / (kMostWriters * kMostSlices);
    return (slice * kMostWriters + writer) * share + Mixed(chance) % share;
  }
};

// Hands commits to the log as the product does: writers fill a queue, one thread looks the request
// up and sequences.
class Sequencing {
 public:
  Sequencing(EventLog* log, TenantNumber tenant, OldDeals old_deals)
      : log_(log),
        tenant_(tenant),
        old_deals_(old_deals),
        head_(log->SequencedHead(tenant).position),
        thread_([this] { Run(); }) {}

  ~Sequencing() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      work_.notify_one();
    }
    thread_.join();
  }

  void Submit(int writer, uint64_t number, Ticket* ticket) {
    Work work{MakeCommit(writer, number), ticket};
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (queue_.size() == 1) work_.notify_one();
  }

 private:
  struct Work {
    eventstore::Proposal proposal;
    Ticket* ticket = nullptr;
  };

  eventstore::Proposal MakeCommit(int writer, uint64_t number) {
    const std::string request = absl::StrFormat("%d-%d-%d", head_, writer, number);
    if (old_deals_.count > 0 && number % 2 == 1) {
      const uint64_t old = old_deals_.Pick(writer, head_ + number);
      uint64_t& revision = revisions_[writer].try_emplace(old, old_deals_.revision).first->second;
      return SampleCommit(tenant_, FilledDeal(old), revision++, request);
    }
    const uint64_t of_a_deal = old_deals_.count > 0 ? 2 : 4;
    const std::string deal = absl::StrFormat("deals/0192f3a0-6c1b-7000-9000-%d-%d-%d", head_,
                                             writer, number / of_a_deal);
    return SampleCommit(tenant_, deal, number % of_a_deal, request);
  }

  template <typename T>
  static T Checked(absl::StatusOr<T> value) {
    if (!value.ok()) Fail(value.status().message());
    return *std::move(value);
  }

  void Run() {
    std::deque<Work> taken;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        taken.swap(queue_);
      }
      for (Work& work : taken) Sequence(std::move(work));
      taken.clear();
    }
  }

  void Sequence(Work work) {
    const storage::v1::CommitRecord& record = work.proposal.record;
    Checked(log_->FindRequest(tenant_, record.actor(), record.request_id()));
    Checked(log_->Sequence(std::move(work.proposal), [ticket = work.ticket](absl::Status status) {
      if (!status.ok()) Fail(status.message());
      ticket->Done();
    }));
  }

  EventLog* const log_;
  const TenantNumber tenant_;
  const OldDeals old_deals_;
  const uint64_t head_;
  // Of the old deals that a writer has moved; each writer uses its own.
  std::array<absl::flat_hash_map<uint64_t, uint64_t>, kMostWriters> revisions_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Work> queue_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;
};

ResultLine Fill(EventLog* log, TenantNumber tenant, uint64_t commits, uint64_t deals,
                int most_in_flight) {
  const Clock::time_point begin = Clock::now();
  std::mutex mutex;
  std::condition_variable room;
  int in_flight = 0;
  const uint64_t head = log->SequencedHead(tenant).position;
  for (uint64_t i = 0; head + i < commits; ++i) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return in_flight < most_in_flight; });
      ++in_flight;
    }
    const std::string deal = FilledDeal(i % deals);
    auto sequenced = log->Sequence(SampleCommit(tenant, deal, i / deals, absl::StrCat("f-", i)),
                                   [&](absl::Status status) {
                                     if (!status.ok()) Fail(status.message());
                                     std::lock_guard lock(mutex);
                                     if (--in_flight < most_in_flight / 2) room.notify_one();
                                   });
    if (!sequenced.ok()) Fail(sequenced.status().message());
  }
  std::unique_lock lock(mutex);
  room.wait(lock, [&] { return in_flight == 0; });
  ResultLine line;
  line.Add("operations", static_cast<double>(commits - head)).Add("seconds", SecondsSince(begin));
  return line;
}

ResultLine Scan(EventLog* log, TenantNumber tenant) {
  CpuMeter cpu(0);
  const Clock::time_point begin = Clock::now();
  uint64_t events = 0;
  uint64_t bytes = 0;
  const absl::Status read = log->ReadCommits(
      tenant, 0, eventstore::Direction::kForward, [&](const eventstore::StoredCommit& commit) {
        events += commit.last_position - commit.first_position + 1;
        bytes += commit.bytes.size();
        return true;
      });
  if (!read.ok()) Fail(read.message());
  const double seconds = SecondsSince(begin);
  cpu.Stop();
  ResultLine line;
  line.Add("operations", static_cast<double>(events))
      .Add("bytes", static_cast<double>(bytes))
      .Add("seconds", seconds);
  line.Add("per_second", events / seconds);
  cpu.AddTo(&line, static_cast<double>(events));
  return line;
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv, "log_bench append|fill|scan --folder=FOLDER ...");
  eventstore::RocksdbLogOptions log_options;
  log_options.directory = arguments.Text("folder");
  const auto tenant = static_cast<TenantNumber>(arguments.Number("tenant", 1));
  WritersOptions options;
  options.writers = static_cast<int>(arguments.Number("writers", 64));
  options.seconds = arguments.Number("seconds", 2);
  options.warm_seconds = arguments.Number("warm", 0.3);
  OldDeals old_deals;
  old_deals.count = arguments.Count("old-deals", 0);
  old_deals.revision = arguments.Count("old-revision", 0);
  old_deals.slice = arguments.Count("slice", 0);
  const uint64_t commits = arguments.Count("commits", 0);
  const uint64_t deals = arguments.Count("deals", 1);
  const int in_flight = static_cast<int>(arguments.Number("in-flight", 2000));
  arguments.Finish();
  if (options.writers > static_cast<int>(kMostWriters) || old_deals.slice >= kMostSlices)
    Fail("--writers is at most 64 and --slice less than 32");
  if (old_deals.count > 0 && old_deals.count < kMostWriters * kMostSlices)
    Fail("--old-deals is 2048 or more");
  const Clock::time_point begin = Clock::now();
  auto opened = OpenRocksdbEventLog(log_options);
  if (!opened.ok()) Fail(opened.status().message());
  const std::unique_ptr<EventLog> log = *std::move(opened);
  const double open_seconds = SecondsSince(begin);
  ResultLine line;
  if (arguments.mode() == "append") {
    Sequencing sequencing(log.get(), tenant, old_deals);
    line = RunWriters(options, [&](int writer, uint64_t number, Ticket* ticket) {
      sequencing.Submit(writer, number, ticket);
    });
  } else if (arguments.mode() == "fill") {
    line = Fill(log.get(), tenant, commits, deals, in_flight);
  } else if (arguments.mode() == "scan") {
    line = Scan(log.get(), tenant);
  } else {
    Fail("MODE is append, fill or scan");
  }
  line.Add("open_seconds", open_seconds);
  line.Add("head", static_cast<double>(log->DurableHead(tenant).position));
  log->Close();
  line.Print();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
