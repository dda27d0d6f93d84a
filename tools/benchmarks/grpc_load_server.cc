// What is asked of a server beside commands: to get ready, to show its log, to say how it stands.
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "recount/v1/admin.grpc.pb.h"
#include "recount/v1/command.grpc.pb.h"
#include "recount/v1/history.pb.h"
#include "tools/benchmarks/grpc_load.h"
#include "tools/benchmarks/grpc_stream_call.h"

namespace recount::tools {
namespace {

void Check(const grpc::Status& status, const char* what) {
  if (!status.ok()) Fail(absl::StrCat(what, ": ", status.error_message()));
}

void SaveMessage(const grpc::ByteBuffer& message, std::ofstream* file) {
  const auto size = static_cast<uint32_t>(message.Length());
  file->write(reinterpret_cast<const char*>(&size), sizeof(size));
  std::vector<grpc::Slice> slices;
  Check(message.Dump(&slices), "a message cannot be read");
  for (const grpc::Slice& slice : slices)
    file->write(reinterpret_cast<const char*>(slice.begin()),
                static_cast<std::streamsize>(slice.size()));
}

// Only short messages can be the one that says so; the others are not parsed.
bool SaysCaughtUp(const grpc::ByteBuffer& message) {
  constexpr size_t kLongest = 32;
  if (message.Length() > kLongest) return false;
  grpc::ByteBuffer readable = message;
  grpc::ProtoBufferReader reader(&readable);
  v1::SubscribeResponse response;
  return response.ParseFromZeroCopyStream(&reader) && response.has_caught_up();
}

}  // namespace

void PrepareTenant(const LoadOptions& options) {
  const auto admin = v1::AdminService::NewStub(options.channel);
  v1::CreateTenantRequest tenant;
  tenant.set_tenant_id("bench");
  tenant.set_zone("Europe/Berlin");
  tenant.set_currency("EUR");
  tenant.set_region("DE");
  v1::Tenant made;
  grpc::ClientContext tenant_context;
  AddCaller(&tenant_context);
  Check(admin->CreateTenant(&tenant_context, tenant, &made), "the tenant cannot be made");
  const auto commands = v1::CommandService::NewStub(options.channel);
  v1::CommandResult result;
  grpc::ClientContext rules_context;
  AddCaller(&rules_context);
  Check(commands->Execute(&rules_context, PublishPipeline(), &result),
        "the rules cannot be published");
}

void RunIn(const LoadOptions& options) {
  LoadOptions run_in = options;
  run_in.mix = CommandMix::kPlain;
  run_in.first_command = 0;
  run_in.in_flight = 8;
  run_in.commands_a_message = 64;
  // All of them, however slow the disk is: later commands stand on these.
  run_in.warm_seconds = std::numeric_limits<double>::infinity();
  const CommandBytes bytes(CommandMix::kPlain);
  run_in.most_commands = 0;
  for (uint64_t i = 0; i < CommandBytes::kRunIn; ++i)
    run_in.most_commands += bytes.IsThere(i) ? 1 : 0;
  if (LoadStream(run_in).Get("refused") > 0) Fail("commands of the run-in were refused");
}

ResultLine ReadSubscription(const LoadOptions& options, const std::string& save_to) {
  std::ofstream file;
  if (!save_to.empty()) file.open(save_to, std::ios::binary);
  StreamCall call(options.channel, "/recount.v1.HistoryService/Subscribe");
  CpuMeter cpu(options.server_pid);
  const Clock::time_point begin = Clock::now();
  call.StartWrite(BufferOf(v1::SubscribeRequest().SerializeAsString()));
  if (call.Next() != StreamCall::Done::kWritten)
    Fail("the subscription was refused: " + call.Finish().error_message());
  call.StartWritesDone();
  call.StartRead();
  uint64_t messages = 0;
  uint64_t bytes = 0;
  while (true) {
    const StreamCall::Done done = call.Next();
    if (done == StreamCall::Done::kEnded)
      Fail("the subscription ended: " + call.Finish().error_message());
    if (done == StreamCall::Done::kWritten) continue;
    if (file.is_open()) SaveMessage(call.answer(), &file);
    if (SaysCaughtUp(call.answer())) break;
    ++messages;
    bytes += call.answer().Length();
    call.StartRead();
  }
  const double seconds = SecondsSince(begin);
  cpu.Stop();
  if (file.is_open() && !file.flush()) Fail(save_to + " cannot be written");
  ResultLine line;
  line.Add("operations", static_cast<double>(messages))
      .Add("bytes", static_cast<double>(bytes))
      .Add("seconds", seconds);
  line.Add("per_second", seconds > 0 ? messages / seconds : 0);
  cpu.AddTo(&line, static_cast<double>(messages));
  return line;
}

void AddStatus(const LoadOptions& options, ResultLine* line) {
  const auto admin = v1::AdminService::NewStub(options.channel);
  grpc::ClientContext context;
  AddCaller(&context);
  v1::Status status;
  Check(admin->GetStatus(&context, v1::GetStatusRequest(), &status),
        "the server does not say how it stands");
  uint64_t projected = status.head();
  for (const v1::ReadModelStatus& model : status.read_models())
    projected = std::min(projected, model.position());
  line->Add("head", static_cast<double>(status.head()))
      .Add("projected", static_cast<double>(projected));
}

}  // namespace recount::tools
