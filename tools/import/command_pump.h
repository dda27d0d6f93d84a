// Sends commands in batches with many in flight, and takes the answers apart. One thread sends, one reads; answers come in the
// order of the batches, so the order of commands holds and nothing needs to be looked up.
//
// In mode upsert a command that was there differently before (another one under its request id, or the record exists) is sent once
// more when all others are through, under a request id that names its content and with `allow_existing`: a change, not a creation.
//
// A command that several rows asked for (planned_step.h) counts once, and is refused with each row that it could not be taken with.
#ifndef RECOUNT_TOOLS_IMPORT_COMMAND_PUMP_H_
#define RECOUNT_TOOLS_IMPORT_COMMAND_PUMP_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "recount/v1/command.pb.h"
#include "tools/import/import_target.h"
#include "tools/import/planned_step.h"

namespace recount::tools {

// A row whose commands are on their way.
struct SentRow {
  uint64_t number = 0;
  std::vector<std::string> cells;
};

struct SentBatch {
  api::CommandBatch batch;
  std::vector<PlannedStep> steps;  // of each command
  std::vector<std::shared_ptr<const SentRow>> rows;  // of each command
  bool is_retry = false;
  uint64_t last_row = 0;   // all rows up to it are in this or an earlier batch
};

struct PumpCounts {
  uint64_t sent = 0;       // commands; not retries, nor what was sent with several rows and did nothing but once
  uint64_t accepted = 0;   // changed something
  uint64_t unchanged = 0;  // accepted, nothing had to change
  uint64_t repeated = 0;   // answered from an earlier import
  uint64_t refused = 0;
  uint64_t position = 0;   // newest position that an answer named
};

class CommandPump {
 public:
  // Called by the reading thread for each refused command.
  using OnRefused = std::function<void(const SentRow& row, const PlannedStep& step, const google::rpc::Status& status)>;
  // Called by the reading thread when all rows up to one are answered, and nothing of them has to be sent again.
  using OnRows = std::function<void(uint64_t last_row)>;

  CommandPump(std::unique_ptr<CommandStream> stream, bool upsert, size_t max_in_flight, OnRefused on_refused, OnRows on_rows);
  ~CommandPump();

  // Waits while too much is in flight. Not OK: the stream broke; what is not answered may be sent again safely.
  absl::Status Send(SentBatch batch);
  // Waits for all answers, sends what upsert has to send again, and closes the stream.
  absl::Status Finish();
  PumpCounts counts() const;

 private:
  void ReadAnswers();
  void Take(const SentBatch& sent, const api::CommandOutcomes& outcomes);
  bool IsDone(const PlannedStep& step, const api::CommandOutcome& outcome);
  bool Retry(const SentBatch& sent, int index, const google::rpc::Status& status);
  absl::Status Broken();

  std::unique_ptr<CommandStream> stream_;
  const bool upsert_;
  const size_t max_in_flight_;
  OnRefused on_refused_;
  OnRows on_rows_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SentBatch> in_flight_;  // guarded by mutex_
  std::deque<SentBatch> again_;      // guarded by mutex_
  PumpCounts counts_;                // guarded by mutex_
  absl::flat_hash_set<std::string> retried_;  // request ids of what upsert sends again; the reading thread's
  bool broken_ = false;              // guarded by mutex_
  bool done_ = false;                // guarded by mutex_: no more will be sent
  std::thread reader_;
};

// The command as a change under an id of its own (see above), which is returned.
std::string MakeUpsert(api::Command* command);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_COMMAND_PUMP_H_
