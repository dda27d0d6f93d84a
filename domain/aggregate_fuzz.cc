// Events as they lie in the log, folded into the state of their stream. Evolve never fails: it is used on the past.
#include "domain/aggregate.h"

#include <map>

#include "recount/storage/v1/commit.pb.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::domain {
namespace {

// The states of all streams of a commit, folded in its order; a stream holds events of one aggregate.
std::map<std::string, State> Fold(const storage::v1::CommitRecord& record) {
  std::map<std::string, State> states;
  uint64_t position = record.first_position();
  for (const auto& event : record.events()) {
    v1::EventPayload payload;
    google::protobuf::Message* message = MutableEvent(event.type(), &payload);
    if (message == nullptr || !message->ParseFromString(event.payload())) continue;
    EventMeta meta;
    const std::string stream = event.stream() + "/" + std::to_string(event.type() >> 16);
    meta.stream = stream;
    meta.position = ++position;
    meta.revision = event.revision();
    meta.occurred_micros = event.occurred_micros();
    meta.precision = event.precision() == 2 ? v1::PRECISION_DAY : v1::PRECISION_INSTANT;
    meta.recorded_micros = record.recorded_micros();
    meta.actor = record.actor();
    MUST(TypeOf(payload) == event.type() && !TypeName(event.type()).empty());
    Evolve(payload, meta, &states[stream]);
  }
  return states;
}

std::string Text(const State& state) {
  const google::protobuf::Message* resource = ResourceOf(state);
  return resource == nullptr ? "" : resource->DebugString();
}

}  // namespace
}  // namespace recount::domain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  storage::v1::CommitRecord record;
  if (!record.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto states = domain::Fold(record);
  const auto again = domain::Fold(record);
  for (const auto& [stream, state] : states) {
    MUST(domain::Text(again.at(stream)) == domain::Text(state));
    const google::protobuf::Message* resource = domain::ResourceOf(state);
    if (resource == nullptr) continue;
    std::unique_ptr<google::protobuf::Message> read(resource->New());  // an answer that clients can read
    MUST(read->ParseFromString(resource->SerializeAsString()));
  }
  return 0;
}
