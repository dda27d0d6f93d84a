// The way in for every command (DESIGN.md, "The write side"): bounded queues, one sequencer's thread, answers that wait
// for the disk.
#ifndef RECOUNT_SERVICES_COMMAND_BUS_H_
#define RECOUNT_SERVICES_COMMAND_BUS_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "recount/v1/command.pb.h"
#include "services/clock.h"
#include "services/credentials.h"
#include "services/prepared_command.h"
#include "services/sequencer.h"
#include "services/state_cache.h"
#include "services/tenants.h"
#include "services/worker_pool.h"

namespace recount::services {

// Commands that came together.
struct Submission {
  Tenant* tenant = nullptr;
  Caller caller;
  std::shared_ptr<google::protobuf::Message> owner;  // holds the commands
  std::vector<v1::Command*> commands;                // changed by the bus
  bool atomic = false;
  absl::Time deadline = absl::InfiniteFuture();
  // Called once with an outcome for each command, from the committer's, the sequencer's, the caller's or, for repeats, another
  // thread. Must not block.
  std::function<void(std::vector<Outcome>)> done;
};

struct CommandBusOptions {
  // Accepted and not answered, of all tenants; one tenant may have half of each. A stream of commands keeps at most 8,000 on
  // their way, so that it waits instead of being refused.
  size_t max_commands = 65536;
  size_t max_bytes = 256 << 20;
  StateCache::Limits cached;
  // Called when a write of the log failed: nothing can be promised any more.
  std::function<void(absl::Status)> on_write_failure;
};

class CommandBus {
 public:
  CommandBus(Archive archive, Clock* clock, CommandBusOptions options);
  ~CommandBus();

  // Prepares on the caller's thread, which may read from the disk; TOO_MANY_COMMANDS and SERVER_STOPPING come at once,
  // as the outcome of every command.
  void Submit(Submission submission);

  // Runs `job` on the sequencer's thread in its turn. False if the bus is ending.
  bool Run(std::function<void()> job);

  // Waits until what was sequenced so far is durable: a reader's way to be told only what cannot be lost.
  absl::Status Settle(const Tenant& tenant);

  StateCache& cache() { return cache_; }

  // Answers everything accepted, then ends.
  void Drain();

 private:
  struct Share {
    size_t commands = 0;
    size_t bytes = 0;
  };
  struct Task {
    std::function<void()> run;
  };

  absl::Status Reserve(const Submission& submission, size_t bytes);
  void Release(eventstore::TenantNumber tenant, size_t commands, size_t bytes);
  void Work();
  void Process(Submission& submission, const std::vector<PreparedCommand>& prepared, size_t bytes);

  const Archive archive_;
  const CommandBusOptions options_;
  StateCache cache_;
  Sequencer sequencer_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  // Guarded by mutex_.
  std::deque<Task> queue_;
  Share total_;
  absl::flat_hash_map<eventstore::TenantNumber, Share> shares_;
  bool ending_ = false;

  WorkerPool repeats_;
  std::thread thread_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_COMMAND_BUS_H_
