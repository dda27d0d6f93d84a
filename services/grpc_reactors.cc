#include "services/grpc_reactors.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "domain/aggregate.h"
#include "domain/refusal.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

using Bytes = grpc::ByteBuffer;

// What a stream may have on its way before its next message is read: many small messages, or few large ones.
constexpr size_t kWindowWeight = 7000;  // commands
constexpr size_t kWindowBytes = 16 << 20;
constexpr std::chrono::seconds kSlowestReader(30);
constexpr int kMaxStreams = 256;  // each has a thread; one tenant may have half of them

class OpenStreams {
 public:
  bool Take(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    if (total_ >= kMaxStreams || by_tenant_[tenant] >= kMaxStreams / 2) return false;
    ++total_;
    ++by_tenant_[tenant];
    return true;
  }
  void Leave(const std::string& tenant) {
    std::lock_guard lock(mutex_);
    --total_;
    if (--by_tenant_[tenant] == 0) by_tenant_.erase(tenant);
  }

 private:
  std::mutex mutex_;
  // Guarded by mutex_.
  int total_ = 0;
  std::map<std::string, int> by_tenant_;
};

OpenStreams& Streams() {
  static OpenStreams& streams = *new OpenStreams();
  return streams;
}

Bytes Serialized(const Message& message) {
  Bytes bytes;
  bool own = false;
  grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(message, &bytes, &own);
  return bytes;
}

std::string MetadataValue(const grpc::CallbackServerContext& context, absl::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

// Who calls and until when; refuses who may not.
absl::StatusOr<Call> Admit(const WireMethod& method, const grpc::CallbackServerContext& context) {
  auto caller = method.gate.credentials->Identify([&](absl::string_view key) { return MetadataValue(context, key); });
  if (!caller.ok()) return caller.status();
  if (absl::Status access = CheckAccess(*caller, method.handler->access); !access.ok()) return access;
  Call call;
  call.caller = *std::move(caller);
  if (context.deadline() != std::chrono::system_clock::time_point::max())
    call.deadline = absl::FromChrono(context.deadline());
  return call;
}

absl::StatusOr<std::unique_ptr<Message>> Parse(const WireMethod& method, const Bytes& bytes) {
  if (bytes.Length() > method.handler->max_request_bytes) {
    return domain::Refuse(v1::FIELD_TOO_LONG,
                          absl::StrCat("the request has ", bytes.Length(), " bytes; this method takes ",
                                       method.handler->max_request_bytes));
  }
  std::unique_ptr<Message> request(method.request_prototype->New());
  Bytes readable = bytes;  // shares the slices
  grpc::ProtoBufferReader reader(&readable);
  if (!request->ParseFromZeroCopyStream(&reader)) {
    return domain::Refuse(v1::FIELD_INVALID,
                          absl::StrCat("the request is no sound ", request->GetDescriptor()->full_name(),
                                       ": malformed, nested too deep, or with text that is not UTF-8"));
  }
  if (method.handler->checks_limits) {
    if (absl::Status limits = domain::CheckLimits(*request); !limits.ok()) return limits;
  }
  return request;
}

// Hands a request in, or the reason why not out.
void Hand(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes, Reply reply) {
  if (!call.ok()) return reply(call.status());
  auto request = Parse(method, bytes);
  if (!request.ok()) return reply(request.status());
  if (call->deadline == absl::InfiniteFuture()) call->deadline = absl::Now() + method.handler->default_deadline;
  method.handler->unary(*call, *std::move(request), std::move(reply));
}

// One thread runs the handler; gRPC's threads tell it when a message is taken. It lives as long as both need it.
class StreamReactor : public grpc::ServerWriteReactor<Bytes>, public StreamWriter {
 public:
  static StreamReactor* Make(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto reactor = std::make_shared<StreamReactor>();
    reactor->self_ = reactor;
    reactor->Begin(method, std::move(call), bytes);
    return reactor.get();
  }

  absl::Status Write(const Message& message) override {
    std::unique_lock lock(mutex_);
    const bool in_time = taken_.wait_for(lock, kSlowestReader, [&] { return !writing_ || cancelled_; });
    if (cancelled_) return absl::CancelledError("the reader is gone");
    if (!in_time) {
      return domain::Refuse(v1::READER_TOO_SLOW,
                            "a message was not taken within 30 s: subscribe again after the last position received");
    }
    StartLocked(message, lock);
    return absl::OkStatus();
  }

  void WriteIfFree(const Message& message) override {
    std::unique_lock lock(mutex_);
    if (!writing_ && !cancelled_) StartLocked(message, lock);
  }

  bool cancelled() const override {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok) cancelled_ = true;
    taken_.notify_all();
  }

  void OnCancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    taken_.notify_all();
  }

  void OnDone() override { self_.reset(); }

 private:
  void Begin(const WireMethod& method, absl::StatusOr<Call> call, const Bytes& bytes) {
    auto request = call.ok() ? Parse(method, bytes) : call.status();
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

  void StartLocked(const Message& message, std::unique_lock<std::mutex>& lock) {
    buffer_ = Serialized(message);
    writing_ = true;
    lock.unlock();
    StartWrite(&buffer_);
  }

  void AwaitTaken() {
    std::unique_lock lock(mutex_);
    taken_.wait_for(lock, kSlowestReader, [&] { return !writing_ || cancelled_; });
  }

  std::shared_ptr<StreamReactor> self_;
  mutable std::mutex mutex_;
  std::condition_variable taken_;
  Bytes buffer_;
  bool writing_ = false;
  bool cancelled_ = false;
};

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
    auto request = Parse(method_, request_);
    {
      std::lock_guard lock(mutex_);
      slot->weight = request.ok() && method_.handler->weight ? method_.handler->weight(**request) : 1;
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

grpc::ServerUnaryReactor* AnswerUnary(const WireMethod& method, grpc::CallbackServerContext* context,
                                      const Bytes* request, Bytes* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Hand(method, Admit(method, *context), *request,
       [reactor, response](absl::StatusOr<std::unique_ptr<Message>> answer) {
         if (answer.ok()) *response = Serialized(**answer);
         reactor->Finish(ToGrpc(answer.status()));
       });
  return reactor;
}

grpc::ServerWriteReactor<Bytes>* AnswerByStream(const WireMethod& method, grpc::CallbackServerContext* context,
                                                const Bytes* request) {
  return StreamReactor::Make(method, Admit(method, *context), *request);
}

grpc::ServerBidiReactor<Bytes, Bytes>* AnswerEach(const WireMethod& method, grpc::CallbackServerContext* context) {
  return EachReactor::Make(method, Admit(method, *context));
}

}  // namespace recount::services
