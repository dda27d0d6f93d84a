// The load of a gRPC server of commands: the same for the product and for the empty echo, and as
// cheap as it can be made, since client and server share the processor. One thread, one completion
// queue, one connection; requests are bytes (command_bytes.h), answers are looked at only as far as
// needed to see a refusal.
#ifndef RECOUNT_TOOLS_BENCHMARKS_GRPC_LOAD_H_
#define RECOUNT_TOOLS_BENCHMARKS_GRPC_LOAD_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "tools/benchmarks/command_bytes.h"
#include "tools/benchmarks/measuring.h"

namespace recount::tools {

struct LoadOptions {
  std::shared_ptr<grpc::Channel> channel;
  CommandMix mix = CommandMix::kPlain;
  uint64_t first_command = CommandBytes::kRunIn;
  int in_flight = 64;  // calls or messages
  int commands_a_message = 1;
  double warm_seconds = 0.5;
  double seconds = 2;
  uint64_t most_commands = ~uint64_t{0};  // ends when so many are answered
  int server_pid = 0;
};

// Commands answered within `seconds` after warming up: fields `operations`, `seconds`, `refused`,
// latencies of a call or message, processor time for a command.
ResultLine LoadUnary(const LoadOptions& options);
ResultLine LoadStream(const LoadOptions& options);

// Makes the tenant and publishes its rules.
void PrepareTenant(const LoadOptions& options);
// The commands before CommandBytes::kRunIn. Fails if one is refused.
void RunIn(const LoadOptions& options);

// Reads the whole log by a subscription: `messages`, `bytes`, `seconds`. With `save_to` every
// message is written there, after its length (4 bytes, in this machine's order).
ResultLine ReadSubscription(const LoadOptions& options, const std::string& save_to);

// Head of the log and the position of the read models.
void AddStatus(const LoadOptions& options, ResultLine* line);

// Counts commands in a window of time that begins after a warm-up.
class LoadWindow {
 public:
  explicit LoadWindow(const LoadOptions& options)
      : options_(options), cpu_(options.server_pid), begin_(Clock::now()) {}

  // `commands` were answered, `refused` of them not with OK.
  void Count(uint64_t commands, uint64_t refused, Clock::time_point sent);
  bool is_over() const { return is_over_; }
  ResultLine Result() const;

 private:
  const LoadOptions& options_;
  CpuMeter cpu_;
  Clock::time_point begin_;
  bool is_measuring_ = false;
  bool is_over_ = false;
  double seconds_ = 0;
  uint64_t counted_ = 0;  // within the window
  uint64_t answered_ = 0;
  uint64_t refused_ = 0;
  Latencies latencies_;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_GRPC_LOAD_H_
