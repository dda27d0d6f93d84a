#include "projections/payload_reader.h"

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"

namespace recount::projections {

absl::StatusOr<const v1::EventPayload*> PayloadReader::Read(const storage::v1::StoredEvent& event, uint64_t position) {
  Slot& slot = slots_[event.type()];
  if (slot.payload == nullptr) {
    slot.payload = std::make_unique<v1::EventPayload>();
    slot.event = domain::MutableEvent(event.type(), slot.payload.get());
  }
  if (slot.event == nullptr) {
    return absl::DataLossError(absl::StrCat("the event at position ", position, " has type ", event.type() >> 16, "/",
                                            event.type() & 0xffff, ", which this version does not know: run a newer one"));
  }
  if (!slot.event->ParseFromString(event.payload())) {
    return absl::DataLossError(absl::StrCat("the event at position ", position, " cannot be parsed: run `recount verify`"));
  }
  return slot.payload.get();
}

}  // namespace recount::projections
