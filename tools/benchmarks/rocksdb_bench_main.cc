// RocksDB alone: the floor under the log.
//
//   rocksdb_bench MODE --folder=FOLDER
//
//   append  --writers=64 --seconds=2 --warm=0.3: one put for a commit and nothing else, one
//   committer thread that writes
//           all waiting commits in one batch and syncs once
//   fill    --commits=N [--like-log=1]: that many, not synced. like-log: with the options of the
//   product's log, so that
//           `scan` reads the same compression
//   scan    --like-log=1 [--decode=1]: every value, its bytes touched; decode: parsed, and checked
//   against the hash chain
#include <rocksdb/db.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_options.h"
#include "tools/benchmarks/measuring.h"
#include "tools/benchmarks/sample_commits.h"
#include "tools/benchmarks/writers.h"

namespace recount::tools {
namespace {

constexpr size_t kSamples = 1024;
constexpr eventstore::TenantNumber kTenant = 1;

void Check(const rocksdb::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

rocksdb::Options PlainOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 64 << 20;
  options.max_total_wal_size = 256 << 20;
  options.max_background_jobs = 2;
  options.compression = rocksdb::kNoCompression;
  return options;
}

std::vector<std::string> Samples() {
  std::vector<std::string> samples;
  eventstore::ChainHash hash{};
  for (uint64_t i = 0; i < kSamples; ++i)
    samples.push_back(StoredSample(
        1'000'000 + i, absl::StrCat("deals/0192f3a0-6c1b-7000-8000-", 100'000'000'000 + i), i % 4,
        &hash));
  return samples;
}

uint64_t LastPosition(rocksdb::DB* db) {
  const std::unique_ptr<rocksdb::Iterator> iterator(db->NewIterator({}));
  iterator->SeekToLast();
  Check(iterator->status());
  if (!iterator->Valid()) return 0;
  const auto place = eventstore::ParseLogKey(eventstore::ToView(iterator->key()));
  return place.has_value() ? place->first_position : 0;
}

// One thread that writes what waits.
class Committer {
 public:
  explicit Committer(rocksdb::DB* db) : db_(db), samples_(Samples()), position_(LastPosition(db)) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Committer() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      work_.notify_one();
    }
    thread_.join();
  }

  void Add(Ticket* ticket) {
    std::lock_guard lock(mutex_);
    waiting_.push_back(ticket);
    if (waiting_.size() == 1) work_.notify_one();
  }

 private:
  void Run() {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    rocksdb::WriteBatch batch;
    std::vector<Ticket*> group;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        group.swap(waiting_);
      }
      batch.Clear();
      for (size_t i = 0; i < group.size(); ++i) {
        ++position_;
        Check(batch.Put(eventstore::LogKey(kTenant, position_), samples_[position_ % kSamples]));
      }
      Check(db_->Write(synced, &batch));
      for (Ticket* ticket : group) ticket->Done();
      group.clear();
    }
  }

  rocksdb::DB* const db_;
  const std::vector<std::string> samples_;
  uint64_t position_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<Ticket*> waiting_;  // guarded by mutex_
  bool ending_ = false;           // guarded by mutex_
  std::thread thread_;
};

// Commits as `log_bench fill` makes them, in one chain.
void Fill(rocksdb::DB* db, uint64_t commits, uint64_t deals) {
  rocksdb::WriteOptions unsynced;
  unsynced.disableWAL = true;
  rocksdb::WriteBatch batch;
  eventstore::ChainHash hash{};
  for (uint64_t i = 0; i < commits; ++i) {
    const std::string deal =
        absl::StrCat("deals/0192f3a0-6c1b-7000-8000-", 100'000'000'000 + i % deals);
    Check(
        batch.Put(eventstore::LogKey(kTenant, i + 1), StoredSample(i + 1, deal, i / deals, &hash)));
    if (batch.Count() < 1000 && i + 1 < commits) continue;
    Check(db->Write(unsynced, &batch));
    batch.Clear();
  }
  Check(db->Flush({}));
}

ResultLine Scan(rocksdb::DB* db, bool decode) {
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> iterator(db->NewIterator(options));
  CpuMeter cpu(0);
  const Clock::time_point begin = Clock::now();
  uint64_t events = 0;
  uint64_t bytes = 0;
  uint64_t touched = 0;
  eventstore::StoredCommit commit;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const absl::string_view stored = eventstore::ToView(iterator->value());
    ++events;
    bytes += stored.size();
    touched += static_cast<unsigned char>(stored.back());
    if (!decode) continue;
    const auto parts = eventstore::SplitStoredCommit(kTenant, events, stored);
    if (!parts.ok()) Fail(parts.status().message());
    const eventstore::ChainHash previous = commit.hash;
    const absl::Status decoded =
        eventstore::DecodeCommit(kTenant, events, *parts, previous, &commit);
    if (!decoded.ok()) Fail(decoded.message());
  }
  Check(iterator->status());
  const double seconds = SecondsSince(begin);
  cpu.Stop();
  ResultLine line;
  line.Add("operations", static_cast<double>(events))
      .Add("bytes", static_cast<double>(bytes))
      .Add("seconds", seconds);
  line.Add("per_second", events / seconds).Add("touched", static_cast<double>(touched));
  cpu.AddTo(&line, static_cast<double>(events));
  return line;
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv, "rocksdb_bench append|fill|scan --folder=FOLDER ...");
  const std::string folder = arguments.Text("folder");
  WritersOptions options;
  options.writers = static_cast<int>(arguments.Number("writers", 64));
  options.seconds = arguments.Number("seconds", 2);
  options.warm_seconds = arguments.Number("warm", 0.3);
  const uint64_t commits = arguments.Count("commits", 0);
  const uint64_t deals = arguments.Count("deals", 1);
  const bool like_log = arguments.Number("like-log", 0) != 0;
  const bool decode = arguments.Number("decode", 0) != 0;
  arguments.Finish();
  rocksdb::DB* opened = nullptr;
  Check(rocksdb::DB::Open(like_log ? eventstore::LogDatabaseOptions(nullptr) : PlainOptions(),
                          folder, &opened));
  const std::unique_ptr<rocksdb::DB> db(opened);
  ResultLine line;
  if (arguments.mode() == "append") {
    Committer committer(db.get());
    line = RunWriters(options, [&](int, uint64_t, Ticket* ticket) { committer.Add(ticket); });
  } else if (arguments.mode() == "fill") {
    Fill(db.get(), commits, deals);
  } else if (arguments.mode() == "scan") {
    line = Scan(db.get(), decode);
  } else {
    Fail("MODE is append, fill or scan");
  }
  line.Print();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
