// Methods that answer each message of a stream by one.
#include <grpcpp/server_context.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "services/error_mapping.h"
#include "services/grpc_reactors.h"
#include "services/wire.h"

namespace recount::services {
namespace {

using Bytes = grpc::ByteBuffer;

// What a stream may have on its way before its next message is read: many small messages, or few large ones.
constexpr size_t kWindowWeight = 7000;  // commands
constexpr size_t kWindowBytes = 16 << 20;

class EachReactor : public grpc::ServerBidiReactor<Bytes, Bytes>, public std::enable_shared_from_this<EachReactor> {
 public:
  static EachReactor* Make(const WireMethod& method, absl::StatusOr<Call> call) {
    auto reactor = std::make_shared<EachReactor>(method, std::move(call));
    reactor->self_ = reactor;
    reactor->Begin();
    return reactor.get();
  }

  EachReactor(const WireMethod& method, absl::StatusOr<Call> call) : method_(method), call_(std::move(call)) {}

  void OnReadDone(bool ok) override {
    auto slot = std::make_shared<Slot>();
    bool taken = false;
    {
      std::lock_guard lock(mutex_);
      reading_ = false;
      ended_ = ended_ || !ok;
      taken = ok && status_.ok();
      handing_ = taken;
      if (taken) unanswered_.push_back(slot);
    }
    // Reading goes on only after the handler took this one: the order of the messages is the order of their commands.
    if (taken) {
      HandIn(slot);
      std::lock_guard lock(mutex_);
      handing_ = false;
    }
    GoOn();
  }

  void OnWriteDone(bool ok) override {
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      PopLocked();
      if (!ok) is_gone_ = true;
      if (!ok && status_.ok()) status_ = absl::CancelledError("the client is gone");
    }
    GoOn();
  }

  void OnDone() override { self_.reset(); }

 private:
  struct Slot {
    size_t weight = 0;
    size_t bytes = 0;
    std::optional<Bytes> answer;
    bool is_failure = false;  // nothing to write: the stream ends with its status
  };

  void Begin() {
    if (!call_.ok()) {
      finished_ = true;
      return Finish(ToGrpc(call_.status()));
    }
    reading_ = true;
    StartRead(&request_);
  }

  void HandIn(const std::shared_ptr<Slot>& slot) {
    auto request = ParseRequest(method_, request_);
    {
      std::lock_guard lock(mutex_);
      // An empty message takes its place, too.
      slot->weight = request.ok() && method_.handler->weight ? std::max<size_t>(1, method_.handler->weight(**request)) : 1;
      slot->bytes = request_.Length();
      under_way_ += slot->weight;
      bytes_under_way_ += slot->bytes;
    }
    Reply reply = [self = shared_from_this(), slot](absl::StatusOr<std::unique_ptr<Message>> answer) {
      self->Answer(*slot, std::move(answer));
    };
    if (!request.ok()) return reply(request.status());
    method_.handler->unary(*call_, *std::move(request), std::move(reply));
  }

  void PopLocked() {
    under_way_ -= unanswered_.front()->weight;
    bytes_under_way_ -= unanswered_.front()->bytes;
    unanswered_.pop_front();
  }

  void Answer(Slot& slot, absl::StatusOr<std::unique_ptr<Message>> answer) {
    Bytes bytes;
    if (answer.ok()) bytes = Serialized(**answer);
    {
      std::lock_guard lock(mutex_);
      // A message that is no batch at all ends the stream, after the answers to those before it; refused commands do
      // not come here.
      if (!answer.ok() && status_.ok()) status_ = answer.status();
      slot.is_failure = !answer.ok();
      bytes_under_way_ += bytes.Length();
      slot.bytes += bytes.Length();
      slot.answer = std::move(bytes);
    }
    GoOn();
  }

  // Starts whatever may be done next. gRPC is called without the lock: its end may be ours.
  void GoOn() {
    const std::shared_ptr<EachReactor> self = shared_from_this();
    const Bytes* write = nullptr;
    bool read = false;
    std::optional<grpc::Status> finish;
    {
      std::lock_guard lock(mutex_);
      if (finished_) return;
      while (!writing_ && !unanswered_.empty() && unanswered_.front()->answer.has_value() &&
             (is_gone_ || unanswered_.front()->is_failure))
        PopLocked();
      if (!writing_ && !unanswered_.empty() && unanswered_.front()->answer.has_value()) {
        writing_ = true;
        write = &*unanswered_.front()->answer;
      }
      read = !reading_ && !ended_ && status_.ok() && !handing_ && under_way_ < kWindowWeight &&
             bytes_under_way_ < kWindowBytes;
      if (read) reading_ = true;
      if (unanswered_.empty() && !writing_ && (ended_ || !status_.ok())) {
        finished_ = true;
        finish = ToGrpc(status_);
      }
    }
    if (write != nullptr) StartWrite(write);
    if (read) StartRead(&request_);
    if (finish.has_value()) Finish(*finish);
  }

  std::shared_ptr<EachReactor> self_;
  const WireMethod method_;
  const absl::StatusOr<Call> call_;
  Bytes request_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<std::shared_ptr<Slot>> unanswered_;  // in the order of the messages
  size_t under_way_ = 0;                          // the sum of their weights
  size_t bytes_under_way_ = 0;
  absl::Status status_;
  bool is_gone_ = false;
  bool reading_ = false;
  bool handing_ = false;
  bool writing_ = false;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace

grpc::ServerBidiReactor<Bytes, Bytes>* AnswerEach(const WireMethod& method, grpc::CallbackServerContext* context) {
  return EachReactor::Make(method, Admit(method, *context));
}

}  // namespace recount::services
