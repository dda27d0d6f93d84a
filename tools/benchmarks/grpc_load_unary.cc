#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "tools/benchmarks/grpc_load.h"
#include "tools/benchmarks/grpc_requests.h"

namespace recount::tools {
namespace {

// One of the calls under way; used again when it is answered.
struct UnaryCall {
  std::optional<grpc::ClientContext> context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  Clock::time_point sent;
};

class UnaryLoad {
 public:
  explicit UnaryLoad(const LoadOptions& options)
      : options_(options),
        commands_(options.mix),
        method_("/recount.v1.CommandService/Execute", nullptr,
                grpc::internal::RpcMethod::NORMAL_RPC, options.channel),
        next_(options.first_command),
        window_(options) {}

  ResultLine Run() {
    std::vector<UnaryCall> calls(options_.in_flight);
    for (UnaryCall& call : calls) Start(&call);
    int under_way = options_.in_flight;
    void* tag = nullptr;
    bool ok = false;
    while (under_way > 0 && queue_.Next(&tag, &ok)) {
      auto* const call = static_cast<UnaryCall*>(tag);
      if (!call->status.ok()) SayOnce(call->status);
      window_.Count(1, call->status.ok() ? 0 : 1, call->sent);
      if (window_.is_over()) {
        --under_way;
      } else {
        Start(call);
      }
    }
    queue_.Shutdown();
    while (queue_.Next(&tag, &ok)) continue;
    return window_.Result();
  }

 private:
  void Start(UnaryCall* call) {
    bytes_.clear();
    commands_.AppendCommand(next_++, &bytes_);
    call->reader.reset();  // lives in the memory of the call before
    call->context.emplace();
    AddCaller(&*call->context);
    call->sent = Clock::now();
    call->reader.reset(grpc::internal::ClientAsyncResponseReaderHelper::Create<grpc::ByteBuffer>(
        options_.channel.get(), &queue_, method_, &*call->context, BufferOf(bytes_)));
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
  }

  void SayOnce(const grpc::Status& status) {
    if (!std::exchange(said_, true))
      std::fprintf(stderr, "refused: %s\n", status.error_message().c_str());
  }

  const LoadOptions& options_;
  const CommandBytes commands_;
  const grpc::internal::RpcMethod method_;
  grpc::CompletionQueue queue_;
  std::string bytes_;
  uint64_t next_;
  LoadWindow window_;
  bool said_ = false;
};

}  // namespace

ResultLine LoadUnary(const LoadOptions& options) { return UnaryLoad(options).Run(); }

}  // namespace recount::tools
