// Methods as the services write them: no gRPC here. grpc_service.h puts them on the wire, with authentication, limits
// and errors in one place.
#ifndef RECOUNT_SERVICES_RPC_H_
#define RECOUNT_SERVICES_RPC_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/credentials.h"
#include "services/worker_pool.h"

namespace recount::services {

// What is known of a call beside its request.
struct Call {
  Caller caller;
  absl::Time deadline = absl::InfiniteFuture();
  // Whether the caller is gone; may be asked on any thread until the call is answered. Empty: nobody knows.
  std::function<bool()> cancelled;

  // Whether somebody still waits for the answer: CANCELLED, or DEADLINE_PASSED.
  absl::Status CheckGoesOn() const;
};

using Message = google::protobuf::Message;
// gRPC's clients take answers of up to 4 MB unless told otherwise. Pages are cut before, the rest is on the next one.
inline constexpr size_t kMaxAnswerBytes = 3 << 20;
// Answers a call once, from any thread.
using Reply = std::function<void(absl::StatusOr<std::unique_ptr<Message>>)>;
// Answers one message by one; must not block.
using UnaryHandler = std::function<void(const Call&, std::unique_ptr<Message> request, Reply reply)>;

// Where a streaming method writes. Write() waits until the message before is taken.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // READER_TOO_SLOW, or CANCELLED when the reader is gone.
  virtual absl::Status Write(const Message& message) = 0;
  // For progress: writes nothing if the message before is not taken yet.
  virtual void WriteIfFree(const Message& message) = 0;
  virtual bool cancelled() const = 0;
};
// Runs on a thread of its own until it returns.
using StreamHandler = std::function<absl::Status(const Call&, const Message& request, StreamWriter& writer)>;

// A message as it goes out, the same bytes for all who are told it.
using WireBytes = std::shared_ptr<const std::string>;

// A stream that needs no thread: messages are put into its queue, from any thread, and go out as the reader takes them.
class PushedStream {
 public:
  virtual ~PushedStream() = default;
  // Never waits. False: the stream has ended, maybe just now with READER_TOO_SLOW (push_queue.h). `begins`: a whole answer.
  virtual bool Push(const std::vector<WireBytes>& messages, bool begins) = 0;
  // After what is being written; what waits is dropped. A second time it does nothing.
  virtual void End(absl::Status status) = 0;
};
// Returns what is to be called when the stream has ended or its reader is gone, maybe more than once; must not block.
using PushHandler =
    std::function<absl::StatusOr<std::function<void()>>(const Call&, const Message& request, std::shared_ptr<PushedStream> stream)>;

struct Method {
  Access access = Access::kRead;
  UnaryHandler unary;    // of unary methods, and of each message of a bidirectional one
  StreamHandler stream;  // of methods that answer by a stream
  PushHandler push;      // of those whose streams are many and mostly silent
  size_t max_request_bytes = 1 << 20;
  absl::Duration default_deadline = absl::Seconds(30);  // where the caller gives none
  // What a message takes of the window of its stream; without it, 1.
  std::function<size_t(const Message& request)> weight;
  bool checks_limits = true;  // false: the handler does it, for each command of a batch by itself
};

// Every method of every service by its full name, e.g. `recount.v1.LeadService.CaptureLead`.
class MethodTable {
 public:
  explicit MethodTable(WorkerPool* pool) : pool_(pool) {}

  void Add(std::string name, Method method) { methods_.insert_or_assign(std::move(name), std::move(method)); }
  // nullptr: nobody answers it.
  const Method* Find(absl::string_view name) const {
    const auto found = methods_.find(name);
    return found == methods_.end() ? nullptr : &found->second;
  }

  // A query: `answer` may wait; it runs on a thread of the pool.
  void AddQuery(std::string name, Access access,
                std::function<absl::StatusOr<std::unique_ptr<Message>>(const Call&, const Message&)> answer);
  // The same with types: absl::StatusOr<Response> answer(const Call&, const Request&).
  template <typename Request, typename Response>
  void AddTyped(std::string name, Access access,
                std::function<absl::StatusOr<Response>(const Call&, const Request&)> answer) {
    AddQuery(std::move(name), access,
             [answer = std::move(answer)](const Call& call,
                                          const Message& request) -> absl::StatusOr<std::unique_ptr<Message>> {
               absl::StatusOr<Response> response = answer(call, static_cast<const Request&>(request));
               if (!response.ok()) return response.status();
               return std::make_unique<Response>(*std::move(response));
             });
  }

 private:
  WorkerPool* const pool_;
  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RPC_H_
