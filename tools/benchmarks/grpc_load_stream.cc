#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <cstdio>
#include <deque>

#include "recount/v1/command.pb.h"
#include "tools/benchmarks/grpc_load.h"
#include "tools/benchmarks/grpc_stream_call.h"

namespace recount::tools {
namespace {

using google::protobuf::io::CodedInputStream;

constexpr uint32_t kLengthDelimited = 2;
constexpr uint32_t TagOf(int field) { return field << 3 | kLengthDelimited; }

struct Tally {
  uint64_t outcomes = 0;
  uint64_t refused = 0;
};

// Of a serialized CommandOutcomes, without making messages: a status that is not empty is a
// refusal.
Tally TallyOf(const grpc::ByteBuffer& answer) {
  grpc::ByteBuffer readable = answer;
  grpc::ProtoBufferReader reader(&readable);
  CodedInputStream bytes(&reader);
  Tally tally;
  while (bytes.ReadTag() == TagOf(v1::CommandOutcomes::kOutcomesFieldNumber)) {
    uint32_t size = 0;
    if (!bytes.ReadVarint32(&size)) Fail("an answer cannot be read");
    const auto limit = bytes.PushLimit(static_cast<int>(size));
    ++tally.outcomes;
    while (const uint32_t tag = bytes.ReadTag()) {
      uint64_t number = 0;
      if (tag == (v1::CommandOutcome::kSequenceFieldNumber << 3)) {
        bytes.ReadVarint64(&number);
        continue;
      }
      if (!bytes.ReadVarint32(&size) || !bytes.Skip(static_cast<int>(size)))
        Fail("an answer cannot be read");
      if (tag == TagOf(v1::CommandOutcome::kStatusFieldNumber) && size > 0) ++tally.refused;
    }
    bytes.PopLimit(limit);
  }
  return tally;
}

void SayFirstRefusal(const grpc::ByteBuffer& answer) {
  grpc::ByteBuffer readable = answer;
  grpc::ProtoBufferReader reader(&readable);
  v1::CommandOutcomes outcomes;
  outcomes.ParseFromZeroCopyStream(&reader);
  for (const v1::CommandOutcome& outcome : outcomes.outcomes()) {
    if (outcome.status().code() == 0) continue;
    std::fprintf(stderr, "refused: %s\n", outcome.status().message().c_str());
    return;
  }
}

class StreamLoad {
 public:
  explicit StreamLoad(const LoadOptions& options)
      : options_(options),
        commands_(options.mix),
        call_(options.channel, "/recount.v1.CommandService/Stream"),
        next_(options.first_command),
        window_(options) {}

  ResultLine Run() {
    call_.StartRead();
    WriteIfThereIsRoom();
    while (!closing_ || !sent_.empty()) {
      switch (call_.Next()) {
        case StreamCall::Done::kWritten:
          writing_ = false;
          break;
        case StreamCall::Done::kRead:
          Take();
          if (!closing_ || !sent_.empty()) call_.StartRead();
          break;
        case StreamCall::Done::kEnded:
          Fail("the stream broke: " + call_.Finish().error_message());
      }
      if (!writing_ && !closing_) window_.is_over() ? Close() : WriteIfThereIsRoom();
    }
    return window_.Result();
  }

 private:
  bool HasRoom() const {
    return static_cast<int>(sent_.size()) < options_.in_flight && written_ < MostMessages();
  }

  uint64_t MostMessages() const {
    const uint64_t size = options_.commands_a_message;
    return options_.most_commands / size + (options_.most_commands % size == 0 ? 0 : 1);
  }

  void WriteIfThereIsRoom() {
    if (writing_ || !HasRoom()) return;
    bytes_.clear();
    for (int i = 0; i < options_.commands_a_message;) {
      if (commands_.IsThere(next_)) commands_.AppendBatch(next_, &bytes_), ++i;
      ++next_;
    }
    sent_.push_back(Clock::now());
    ++written_;
    writing_ = true;
    call_.StartWrite(BufferOf(bytes_));
  }

  void Close() {
    closing_ = true;
    writing_ = true;
    call_.StartWritesDone();
  }

  void Take() {
    const Tally tally = TallyOf(call_.answer());
    if (tally.refused > 0 && !std::exchange(said_, true)) SayFirstRefusal(call_.answer());
    if (static_cast<int>(tally.outcomes) != options_.commands_a_message)
      Fail("an answer has other outcomes than asked");
    window_.Count(tally.outcomes, tally.refused, sent_.front());
    sent_.pop_front();
  }

  const LoadOptions& options_;
  const CommandBytes commands_;
  StreamCall call_;
  std::string bytes_;
  uint64_t next_;
  uint64_t written_ = 0;
  std::deque<Clock::time_point> sent_;
  LoadWindow window_;
  bool writing_ = false;
  bool closing_ = false;
  bool said_ = false;
};

}  // namespace

ResultLine LoadStream(const LoadOptions& options) { return StreamLoad(options).Run(); }

}  // namespace recount::tools
