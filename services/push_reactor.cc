// Methods that answer by a stream of messages that come when something happens: many streams, no thread for any of them.
#include <grpcpp/server_context.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "services/error_mapping.h"
#include "services/grpc_reactors.h"
#include "services/open_streams.h"
#include "services/push_queue.h"
#include "services/wire.h"

namespace recount::services {
namespace {

using Bytes = grpc::ByteBuffer;

constexpr int kMaxPushed = 4096;  // one tenant may have half of them

OpenStreams& Pushed() {
  static OpenStreams& streams = *new OpenStreams(kMaxPushed);
  return streams;
}

// Without a copy: as long as gRPC has them, the bytes are kept.
Bytes Shared(WireBytes message) {
  auto* const kept = new WireBytes(std::move(message));
  grpc::Slice slice(const_cast<char*>((*kept)->data()), (*kept)->size(), [](void* whose) { delete static_cast<WireBytes*>(whose); }, kept);
  return Bytes(&slice, 1);
}

// gRPC finishes a stream when nothing of it is being written: whoever ends it says so, and the write under way leads to the end.
class PushReactor : public grpc::ServerWriteReactor<Bytes>, public PushedStream {
 public:
  static PushReactor* Make(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto reactor = std::make_shared<PushReactor>();
    reactor->self_ = reactor;
    absl::Status begun = reactor->Begin(method, std::move(call), bytes);
    if (!begun.ok()) reactor->End(std::move(begun));
    return reactor.get();
  }

  bool Push(const std::vector<WireBytes>& messages, bool begins) override {
    std::unique_lock lock(mutex_);
    if (ended_) return false;
    if (queue_.Add(messages, begins)) {
      Continue(lock);
      return true;
    }
    EndWith(domain::Refuse(v1::READER_TOO_SLOW, absl::StrCat("more than ", kMostPushedBytes >> 20,
                                                             " MiB were waiting to be read: go on from the last token received")),
            lock);
    return false;
  }
  void End(absl::Status status) override {
    std::unique_lock lock(mutex_);
    if (!ended_) EndWith(std::move(status), lock);
  }

  void OnWriteDone(bool ok) override {
    std::unique_lock lock(mutex_);
    writing_ = false;
    if (!ok && !ended_) return EndWith(absl::CancelledError("the reader is gone"), lock);
    Continue(lock);
  }
  void OnCancel() override {
    End(absl::CancelledError("the reader is gone"));
    Leave();
  }
  void OnDone() override {
    Leave();
    if (!tenant_.empty()) Pushed().Leave(tenant_);
    self_.reset();
  }

 private:
  absl::Status Begin(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto request = call.ok() ? ParseRequest(method, bytes) : call.status();
    if (!request.ok()) return request.status();
    if (!Pushed().Take(call->caller.tenant_id)) return domain::Refuse(v1::TOO_MANY_COMMANDS, "too many streams are open: try again");
    tenant_ = call->caller.tenant_id;
    auto leave = method.handler->push(*call, **request, self_);
    if (!leave.ok()) return leave.status();
    std::lock_guard lock(mutex_);
    leave_ = *std::move(leave);
    return absl::OkStatus();
  }

  void Leave() {
    std::function<void()> leave;
    {
      std::lock_guard lock(mutex_);
      leave = leave_;
    }
    if (leave != nullptr) leave();
  }

  void EndWith(absl::Status status, std::unique_lock<std::mutex>& lock) {
    ended_ = true;
    status_ = std::move(status);
    queue_.Clear();
    Continue(lock);
  }

  // The next message, or the end. Gives the lock back: gRPC is called without it.
  void Continue(std::unique_lock<std::mutex>& lock) {
    if (writing_ || finished_) return;
    if (ended_) {
      finished_ = true;
      lock.unlock();
      return Finish(ToGrpc(status_));
    }
    if (queue_.empty()) return;
    buffer_ = Shared(queue_.Take());
    writing_ = true;
    grpc::WriteOptions options;
    if (!queue_.empty()) options.set_buffer_hint();  // the next one comes at once
    lock.unlock();
    StartWrite(&buffer_, options);
  }

  std::shared_ptr<PushReactor> self_;
  std::string tenant_;  // whose place it takes; empty: none
  std::mutex mutex_;
  Bytes buffer_;         // being written
  absl::Status status_;  // once it has ended
  // Guarded by mutex_.
  PushQueue queue_;
  std::function<void()> leave_;
  bool writing_ = false, ended_ = false, finished_ = false;
};

}  // namespace

grpc::ServerWriteReactor<Bytes>* AnswerByPushing(const WireMethod& method, grpc::CallbackServerContext* context,
                                                 const Bytes* request) {
  return PushReactor::Make(method, Admit(method, *context), *request);
}

}  // namespace recount::services
