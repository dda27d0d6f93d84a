// Methods that answer by a stream of messages.
#include <grpcpp/server_context.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "domain/refusal.h"
#include "services/error_mapping.h"
#include "services/grpc_reactors.h"
#include "services/open_streams.h"
#include "services/wire.h"

namespace recount::services {
namespace {

using Bytes = grpc::ByteBuffer;

// Of a stream of answers: what waits for gRPC to take it.
constexpr size_t kMostQueued = 256;
constexpr size_t kMostQueuedBytes = 1 << 20;
constexpr std::chrono::seconds kSlowestReader(30);
constexpr int kMaxStreams = 256;  // each has a thread; one tenant may have half of them

OpenStreams& Streams() {
  static OpenStreams& streams = *new OpenStreams(kMaxStreams);
  return streams;
}

// One thread runs the handler and is a window of messages ahead of gRPC's threads, which take one after the other: a message
// costs no change of threads, and small ones go out together. It lives as long as both need it.
class StreamReactor : public grpc::ServerWriteReactor<Bytes>, public StreamWriter {
 public:
  static StreamReactor* Make(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto reactor = std::make_shared<StreamReactor>();
    reactor->self_ = reactor;
    reactor->Begin(method, std::move(call), bytes);
    return reactor.get();
  }

  absl::Status Write(const Message& message) override {
    Bytes bytes = Serialized(message);
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return queue_.size() < kMostQueued && queued_bytes_ < kMostQueuedBytes; };
    const bool in_time = taken_.wait_for(lock, kSlowestReader, [&] { return has_room() || cancelled_; });
    if (cancelled_) return absl::CancelledError("the reader is gone");
    if (!in_time) {
      return domain::Refuse(v1::READER_TOO_SLOW,
                            "a message was not taken within 30 s: subscribe again after the last position received");
    }
    Queue(std::move(bytes), lock);
    return absl::OkStatus();
  }

  void WriteIfFree(const Message& message) override {
    Bytes bytes = Serialized(message);
    std::unique_lock lock(mutex_);
    if (!writing_ && queue_.empty() && !cancelled_) Queue(std::move(bytes), lock);
  }

  bool cancelled() const override {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }

  void OnWriteDone(bool ok) override {
    std::unique_lock lock(mutex_);
    writing_ = false;
    if (!ok) cancelled_ = true;
    // Woken when half of the window is free, not for each message.
    const bool half_free = queue_.size() <= kMostQueued / 2 && queued_bytes_ <= kMostQueuedBytes / 2;
    if (half_free || cancelled_) taken_.notify_all();
    StartNext(lock);
  }

  void OnCancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    taken_.notify_all();
  }

  void OnDone() override { self_.reset(); }

 private:
  void Begin(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto request = call.ok() ? ParseRequest(method, bytes) : call.status();
    if (!request.ok()) return Finish(ToGrpc(request.status()));
    if (!Streams().Take(call->caller.tenant_id)) {
      return Finish(ToGrpc(domain::Refuse(v1::TOO_MANY_COMMANDS, "too many streams are open: try again")));
    }
    std::shared_ptr<Message> shared = *std::move(request);
    std::thread([self = self_, handler = method.handler, call = *std::move(call), shared] {
      const absl::Status status = handler->stream(call, *shared, *self);
      self->AwaitTaken();
      Streams().Leave(call.caller.tenant_id);
      self->Finish(ToGrpc(status));
    }).detach();
  }

  void Queue(Bytes bytes, std::unique_lock<std::mutex>& lock) {
    queued_bytes_ += bytes.Length();
    queue_.push_back(std::move(bytes));
    StartNext(lock);
  }

  // Ends without the lock if it starts one: gRPC is called without it.
  void StartNext(std::unique_lock<std::mutex>& lock) {
    if (writing_ || cancelled_ || queue_.empty()) return;
    buffer_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= buffer_.Length();
    writing_ = true;
    grpc::WriteOptions options;
    if (!queue_.empty()) options.set_buffer_hint();  // the next one comes at once
    lock.unlock();
    StartWrite(&buffer_, options);
  }

  void AwaitTaken() {
    std::unique_lock lock(mutex_);
    taken_.wait_for(lock, kSlowestReader, [&] { return (!writing_ && queue_.empty()) || cancelled_; });
    // Nothing is written after the end.
    cancelled_ = true;
    queue_.clear();
  }

  std::shared_ptr<StreamReactor> self_;
  mutable std::mutex mutex_;
  std::condition_variable taken_;
  Bytes buffer_;  // being written
  // Guarded by mutex_.
  std::deque<Bytes> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool cancelled_ = false;
};

}  // namespace

grpc::ServerWriteReactor<Bytes>* AnswerByStream(const WireMethod& method, grpc::CallbackServerContext* context,
                                                const Bytes* request) {
  return StreamReactor::Make(method, Admit(method, *context), *request);
}

}  // namespace recount::services
