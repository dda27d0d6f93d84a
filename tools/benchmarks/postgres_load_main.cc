// The peer: the event store of postgres_messages.sql, over a Unix socket.
//
//   postgres_load MODE --connection="host=... dbname=..." [--server-pid=PID of the postmaster]
//
//   single    --connections=64: each has one call of the write function under way
//   pipeline  --connections=8 --depth=16: libpq's pipeline mode, each call a transaction of its own
//   batch     --connections=2 --rows=100: a transaction of so many rows
//
// All: --seconds=2 --warm=0.5 --bytes=300 (size of an event). Empties the table first.
#include <libpq-fe.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/benchmarks/measuring.h"

namespace recount::tools {
namespace {

constexpr uint64_t kStreams = 4096;  // of a connection
constexpr const char* kType = "DealStageChanged";

enum class Phase { kWarming, kMeasuring, kEnding };

struct LoadOptions {
  std::string mode;
  std::string connection;
  int connections = 64;
  int depth = 16;
  int rows = 100;
  double seconds = 2;
  double warm_seconds = 0.5;
  size_t bytes = 300;
};

using Connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;

Connection Connect(const LoadOptions& options) {
  Connection connection(PQconnectdb(options.connection.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) Fail(PQerrorMessage(connection.get()));
  return connection;
}

void Check(PGconn* connection, PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_SYNC)
    Fail(PQerrorMessage(connection));
  PQclear(result);
}

// Texts of a CRM's kind, 1,024 of them.
std::vector<std::string> Events(size_t bytes) {
  static constexpr const char* kWords[] = {"customer", "offer",   "annual",   "billing",
                                           "contract", "review",  "meeting",  "budget",
                                           "approved", "pending", "discount", "renewal"};
  std::vector<std::string> events;
  uint64_t chance = 7;
  for (int i = 0; i < 1024; ++i) {
    std::string event;
    while (event.size() < bytes) {
      chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
      absl::StrAppend(&event, kWords[(chance >> 33) % 12], " ", (chance >> 40) % 10000, " ");
    }
    event.resize(bytes);
    events.push_back(std::move(event));
  }
  return events;
}

// One connection and its streams.
class Writer {
 public:
  Writer(const LoadOptions& options, int number, const std::vector<std::string>* events,
         const std::atomic<Phase>* phase)
      : options_(options),
        number_(number),
        events_(events),
        phase_(phase),
        connection_(Connect(options)) {
    Prepare("w", "select write_message($1::uuid,$2,$3,$4,$5)");
    Prepare("b", "select append_batch($1::uuid[],$2::text[],$3::bigint[],$4::text[],$5::bytea[])");
  }

  void Run() {
    if (options_.mode == "pipeline") return RunPipeline();
    while (*phase_ != Phase::kEnding) {
      const Clock::time_point begin = Clock::now();
      options_.mode == "batch" ? WriteBatch() : WriteOne();
      Count(begin, options_.mode == "batch" ? options_.rows : 1);
    }
  }

  uint64_t counted() const { return counted_; }
  const Latencies& latencies() const { return latencies_; }

 private:
  struct Row {
    std::string id, stream, expected;
    const std::string* data = nullptr;
  };

  void Prepare(const char* name, const char* text) {
    Check(connection_.get(), PQprepare(connection_.get(), name, text, 0, nullptr));
  }

  Row NextRow() {
    const uint64_t stream = written_ % kStreams;
    Row row;
    row.id = absl::StrFormat("0192f3a0-6c1b-7000-%04x-%012x", number_, written_);
    row.stream = absl::StrCat("deal-", static_cast<uint64_t>(number_) * kStreams + stream);
    row.expected = absl::StrCat(static_cast<int64_t>(written_ / kStreams) - 1);
    row.data = &(*events_)[written_ % events_->size()];
    ++written_;
    return row;
  }

  void WriteOne() {
    const Row row = NextRow();
    const char* values[] = {row.id.c_str(), row.stream.c_str(), row.expected.c_str(), kType,
                            row.data->data()};
    const int lengths[] = {0, 0, 0, 0, static_cast<int>(row.data->size())};
    const int formats[] = {0, 0, 0, 0, 1};
    if (options_.mode != "pipeline")
      return Check(connection_.get(),
                   PQexecPrepared(connection_.get(), "w", 5, values, lengths, formats, 1));
    if (!PQsendQueryPrepared(connection_.get(), "w", 5, values, lengths, formats, 1) ||
        !PQpipelineSync(connection_.get()))
      Fail(PQerrorMessage(connection_.get()));
  }

  void RunPipeline() {
    PQenterPipelineMode(connection_.get());
    std::deque<Clock::time_point> sent;
    while (*phase_ != Phase::kEnding || !sent.empty()) {
      while (*phase_ != Phase::kEnding && static_cast<int>(sent.size()) < options_.depth) {
        sent.push_back(Clock::now());
        WriteOne();
      }
      if (sent.empty()) break;
      Check(connection_.get(), PQgetResult(connection_.get()));
      if (PQgetResult(connection_.get()) != nullptr) Fail("a call of the pipeline has two results");
      Check(connection_.get(), PQgetResult(connection_.get()));  // the end of its transaction
      Count(sent.front(), 1);
      sent.pop_front();
    }
  }

  void WriteBatch() {
    std::vector<std::string> arrays(5, "{");
    for (int i = 0; i < options_.rows; ++i) {
      const Row row = NextRow();
      const char* comma = i == 0 ? "" : ",";
      absl::StrAppend(&arrays[0], comma, row.id);
      absl::StrAppend(&arrays[1], comma, row.stream);
      absl::StrAppend(&arrays[2], comma, row.expected);
      absl::StrAppend(&arrays[3], comma, kType);
      absl::StrAppend(&arrays[4], comma, "\"\\\\x", absl::BytesToHexString(*row.data), "\"");
    }
    const char* values[5];
    for (int i = 0; i < 5; ++i) {
      arrays[i] += '}';
      values[i] = arrays[i].c_str();
    }
    Check(connection_.get(),
          PQexecPrepared(connection_.get(), "b", 5, values, nullptr, nullptr, 1));
  }

  void Count(Clock::time_point begin, int rows) {
    if (*phase_ != Phase::kMeasuring) return;
    counted_ += rows;
    latencies_.Add(MicrosSince(begin));
  }

  const LoadOptions& options_;
  const int number_;
  const std::vector<std::string>* const events_;
  const std::atomic<Phase>* const phase_;
  const Connection connection_;
  uint64_t written_ = 0;
  uint64_t counted_ = 0;
  Latencies latencies_;
};

void EmptyTable(const LoadOptions& options) {
  const Connection connection = Connect(options);
  Check(connection.get(), PQexec(connection.get(), "truncate messages"));
  Check(connection.get(), PQexec(connection.get(), "checkpoint"));
}

ResultLine Load(const LoadOptions& options, int server_pid) {
  EmptyTable(options);
  const std::vector<std::string> events = Events(options.bytes);
  std::atomic<Phase> phase{Phase::kWarming};
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < options.connections; ++i)
    writers.push_back(std::make_unique<Writer>(options, i, &events, &phase));
  std::vector<std::thread> threads;
  for (auto& writer : writers) threads.emplace_back([&writer] { writer->Run(); });
  std::this_thread::sleep_for(std::chrono::duration<double>(options.warm_seconds));
  CpuMeter cpu(server_pid);
  const Clock::time_point begin = Clock::now();
  phase = Phase::kMeasuring;
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  phase = Phase::kEnding;
  const double seconds = SecondsSince(begin);
  cpu.Stop();
  for (std::thread& thread : threads) thread.join();
  uint64_t counted = 0;
  Latencies latencies;
  for (auto& writer : writers) {
    counted += writer->counted();
    latencies.Add(writer->latencies());
  }
  ResultLine line;
  line.Add("operations", static_cast<double>(counted))
      .Add("seconds", seconds)
      .Add("per_second", counted / seconds);
  cpu.AddTo(&line, static_cast<double>(counted));
  line.Add(std::move(latencies));
  return line;
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv, "postgres_load single|pipeline|batch --connection=TEXT ...");
  LoadOptions options;
  options.mode = arguments.mode();
  options.connection = arguments.Text("connection");
  options.connections = static_cast<int>(arguments.Number("connections", 64));
  options.depth = static_cast<int>(arguments.Number("depth", 16));
  options.rows = static_cast<int>(arguments.Number("rows", 100));
  options.seconds = arguments.Number("seconds", 2);
  options.warm_seconds = arguments.Number("warm", 0.5);
  options.bytes = arguments.Count("bytes", 300);
  const int server_pid = static_cast<int>(arguments.Number("server-pid", 0));
  arguments.Finish();
  if (options.mode != "single" && options.mode != "pipeline" && options.mode != "batch")
    Fail("MODE is single, pipeline or batch");
  Load(options, server_pid).Print();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
