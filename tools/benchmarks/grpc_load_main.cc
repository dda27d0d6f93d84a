// The client of the benchmark.
//
//   grpc_load MODE --address=HOST:PORT [--server-pid=PID] ...
//
//   prepare    makes the tenant `bench` with its rules and the deals that later commands move (--tenant-only=1: no deals)
//   unary      --in-flight=64
//   stream     --in-flight=256 --commands-a-message=1: one bidirectional stream
//   subscribe  [--save-to=FILE]: the whole log
//   status     head of the log and position of the read models
//
// unary and stream: --seconds=2 --warm=0.5 --mix=plain|personal, --status=1 adds what `status`
// says.
#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "tools/benchmarks/grpc_load.h"

namespace recount::tools {
namespace {

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)))
    Fail(absl::StrCat("nobody answers at ", address));
  return channel;
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv,
                      "grpc_load prepare|unary|stream|subscribe|status --address=HOST:PORT ...");
  LoadOptions options;
  options.server_pid = static_cast<int>(arguments.Number("server-pid", 0));
  options.seconds = arguments.Number("seconds", 2);
  options.warm_seconds = arguments.Number("warm", 0.5);
  options.in_flight = static_cast<int>(arguments.Number("in-flight", 64));
  options.commands_a_message = static_cast<int>(arguments.Number("commands-a-message", 1));
  if (arguments.Text("mix", "plain") == "personal") options.mix = CommandMix::kPersonal;
  const bool tenant_only = arguments.Number("tenant-only", 0) != 0;
  const bool with_status = arguments.Number("status", 0) != 0;
  const std::string save_to = arguments.Text("save-to");
  const std::string address = arguments.Text("address");
  arguments.Finish();
  options.channel = Connect(address);
  ResultLine line;
  if (arguments.mode() == "prepare") {
    PrepareTenant(options);
    if (!tenant_only) RunIn(options);
  } else if (arguments.mode() == "unary") {
    line = LoadUnary(options);
  } else if (arguments.mode() == "stream") {
    line = LoadStream(options);
  } else if (arguments.mode() == "subscribe") {
    line = ReadSubscription(options, save_to);
  } else if (arguments.mode() != "status") {
    Fail("MODE is prepare, unary, stream, subscribe or status");
  }
  if (with_status || arguments.mode() == "status") AddStatus(options, &line);
  line.Print();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
