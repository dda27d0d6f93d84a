// An empty server of the same messages: what gRPC costs when nothing is decided and nothing kept.
//
//   grpc_echo --listen=127.0.0.1:0 [--api=callback|async] [--stream=FILE]
//
// Answers CommandService.Execute and Stream at once. async: Execute by one completion queue and one
// thread. FILE holds messages as `grpc_load subscribe --save-to` writes them:
// HistoryService.Subscribe streams them from memory. Prints `listening on ADDRESS`; ends on
// SIGTERM.
#include <grpcpp/grpcpp.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "recount/v1/command.grpc.pb.h"
#include "recount/v1/history.grpc.pb.h"
#include "tools/benchmarks/measuring.h"

namespace recount::tools {
namespace {

constexpr int64_t kRecordedSeconds = 1'790'000'000;

std::atomic<uint64_t> position{0};

absl::string_view NameIn(const v1::Command& command) {
  if (command.has_create_deal()) return command.create_deal().name();
  if (command.has_capture_lead()) return command.capture_lead().name();
  return command.change_deal_stage().deal().name();
}

void AnswerTo(const v1::Command& command, v1::CommandResult* result) {
  const absl::string_view name = NameIn(command);
  result->set_position(++position);
  result->set_name(name.data(), name.size());
  v1::StreamRevision* revision = result->add_revisions();
  revision->set_stream(name.data(), name.size());
  revision->set_revision(1);
  result->mutable_recorded_time()->set_seconds(kRecordedSeconds);
  result->mutable_recorded_time()->set_nanos(123456000);
}

class EchoStream : public grpc::ServerBidiReactor<v1::CommandBatch, v1::CommandOutcomes> {
 public:
  EchoStream() { StartRead(&batch_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    outcomes_.Clear();
    for (const v1::SequencedCommand& command : batch_.commands()) {
      v1::CommandOutcome* outcome = outcomes_.add_outcomes();
      outcome->set_sequence(command.sequence());
      outcome->mutable_status();
      AnswerTo(command.command(), outcome->mutable_result());
    }
    StartWrite(&outcomes_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&batch_);
  }

  void OnDone() override { delete this; }

 private:
  v1::CommandBatch batch_;
  v1::CommandOutcomes outcomes_;
};

class EchoCommands : public v1::CommandService::CallbackService {
  grpc::ServerUnaryReactor* Execute(grpc::CallbackServerContext* context,
                                    const v1::Command* command,
                                    v1::CommandResult* result) override {
    AnswerTo(*command, result);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<v1::CommandBatch, v1::CommandOutcomes>* Stream(
      grpc::CallbackServerContext*) override {
    return new EchoStream;
  }
};

using AsyncCommands = v1::CommandService::WithAsyncMethod_Execute<v1::CommandService::Service>;

// One unary call of the completion queue; deletes itself when answered.
class AsyncCall {
 public:
  AsyncCall(AsyncCommands* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue) {
    service->RequestExecute(&context_, &command_, &writer_, queue, queue, this);
  }

  void GoOn(bool ok) {
    if (!ok || answered_) {
      delete this;
      return;
    }
    new AsyncCall(service_, queue_);
    AnswerTo(command_, &result_);
    answered_ = true;
    writer_.Finish(result_, grpc::Status::OK, this);
  }

 private:
  AsyncCommands* const service_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ServerContext context_;
  v1::Command command_;
  v1::CommandResult result_;
  grpc::ServerAsyncResponseWriter<v1::CommandResult> writer_{&context_};
  bool answered_ = false;
};

std::vector<grpc::ByteBuffer> LoadMessages(const std::string& path) {
  std::vector<grpc::ByteBuffer> messages;
  std::ifstream file(path, std::ios::binary);
  uint32_t size = 0;
  std::string bytes;
  while (file.read(reinterpret_cast<char*>(&size), sizeof(size))) {
    bytes.resize(size);
    if (!file.read(bytes.data(), size)) Fail(path + " ends within a message");
    const grpc::Slice slice(bytes);
    messages.emplace_back(&slice, 1);
  }
  if (messages.empty()) Fail(path + " holds no messages");
  return messages;
}

class MemoryStream : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit MemoryStream(const std::vector<grpc::ByteBuffer>* messages) : messages_(messages) {
    WriteNext();
  }
  void OnWriteDone(bool ok) override { ok ? WriteNext() : Finish(grpc::Status::OK); }
  void OnDone() override { delete this; }

 private:
  // Without the hint that more follows: with it on every message gRPC 1.51 waits for ever.
  void WriteNext() {
    if (next_ == messages_->size()) return Finish(grpc::Status::OK);
    StartWrite(&(*messages_)[next_++]);
  }

  const std::vector<grpc::ByteBuffer>* const messages_;
  size_t next_ = 0;
};

class MemoryHistory
    : public v1::HistoryService::WithRawCallbackMethod_Subscribe<v1::HistoryService::Service> {
 public:
  explicit MemoryHistory(const std::string& path) {
    if (!path.empty()) messages_ = LoadMessages(path);
  }
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext*,
                                                        const grpc::ByteBuffer*) override {
    return new MemoryStream(&messages_);
  }

 private:
  std::vector<grpc::ByteBuffer> messages_;
};

void ServeQueue(AsyncCommands* service, grpc::ServerCompletionQueue* queue) {
  constexpr int kWaiting = 64;
  for (int i = 0; i < kWaiting; ++i) new AsyncCall(service, queue);
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<AsyncCall*>(tag)->GoOn(ok);
}

int Run(int argc, char** argv) {
  Arguments arguments(argc, argv,
                      "grpc_echo --listen=HOST:PORT [--api=callback|async] [--stream=FILE]");
  const std::string listen = arguments.Text("listen", "127.0.0.1:0");
  const bool is_async = arguments.Text("api", "callback") == "async";
  MemoryHistory history(arguments.Text("stream"));
  arguments.Finish();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  EchoCommands callback_commands;
  AsyncCommands async_commands;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&history);
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  if (is_async) {
    builder.RegisterService(&async_commands);
    queue = builder.AddCompletionQueue();
  } else {
    builder.RegisterService(&callback_commands);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) Fail(absl::StrCat("cannot listen on ", listen));
  std::thread serving;
  if (is_async) serving = std::thread([&] { ServeQueue(&async_commands, queue.get()); });
  std::printf("listening on %s:%d\n", listen.substr(0, listen.rfind(':')).c_str(), port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
  if (queue != nullptr) queue->Shutdown();
  if (serving.joinable()) serving.join();
  return 0;
}

}  // namespace
}  // namespace recount::tools

int main(int argc, char** argv) { return recount::tools::Run(argc, argv); }
