// A streaming call of bytes on a completion queue of its own, waited for by the one thread that
// uses it.
#ifndef RECOUNT_TOOLS_BENCHMARKS_GRPC_STREAM_CALL_H_
#define RECOUNT_TOOLS_BENCHMARKS_GRPC_STREAM_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "tools/benchmarks/grpc_requests.h"
#include "tools/benchmarks/measuring.h"

namespace recount::tools {

class StreamCall {
 public:
  enum class Done { kWritten, kRead, kEnded };

  StreamCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method)
      : stub_(channel) {
    AddCaller(&context_);
    call_ = stub_.PrepareCall(&context_, method, &queue_);
    call_->StartCall(TagOf(kStarted));
    if (Await(nullptr) != kStarted) Fail("the stream did not start");
  }

  ~StreamCall() {
    context_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  // One of each at a time. gRPC's hint that more follows brought nothing here.
  void StartWrite(const grpc::ByteBuffer& message) { call_->Write(message, TagOf(kWritten)); }
  void StartWritesDone() { call_->WritesDone(TagOf(kWritten)); }
  void StartRead() { call_->Read(&answer_, TagOf(kRead)); }

  // Waits for what was started. kEnded: there is nothing more to read or nobody who reads.
  Done Next() {
    bool ok = false;
    const Tag tag = Await(&ok);
    if (!ok) return Done::kEnded;
    return tag == kRead ? Done::kRead : Done::kWritten;
  }
  const grpc::ByteBuffer& answer() const { return answer_; }

  // How the call ended; waits for it.
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, TagOf(kFinished));
    while (Await(nullptr) != kFinished) continue;
    return status;
  }

 private:
  enum Tag : intptr_t { kStarted = 1, kWritten, kRead, kFinished };
  static void* TagOf(Tag tag) { return reinterpret_cast<void*>(tag); }

  Tag Await(bool* ok) {
    void* tag = nullptr;
    bool is_ok = false;
    if (!queue_.Next(&tag, &is_ok)) Fail("the completion queue ended");
    if (ok != nullptr) *ok = is_ok;
    return static_cast<Tag>(reinterpret_cast<intptr_t>(tag));
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer answer_;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_GRPC_STREAM_CALL_H_
