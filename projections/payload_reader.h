// Parses stored payloads into messages that are made once for each type and used again.
#ifndef RECOUNT_PROJECTIONS_PAYLOAD_READER_H_
#define RECOUNT_PROJECTIONS_PAYLOAD_READER_H_

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "recount/storage/v1/commit.pb.h"
#include "recount/v1/event.pb.h"

namespace recount::projections {

class PayloadReader {
 public:
  // Valid until the next call with an event of the same type. A type that this program does not know, or a payload that is
  // none, is DATA_LOSS: a fold that skipped it would be silently wrong.
  absl::StatusOr<const v1::EventPayload*> Read(const storage::v1::StoredEvent& event, uint64_t position);

 private:
  struct Slot {
    std::unique_ptr<v1::EventPayload> payload;
    google::protobuf::Message* event = nullptr;  // inside of it
  };
  absl::flat_hash_map<uint32_t, Slot> slots_;  // by type number
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_PAYLOAD_READER_H_
