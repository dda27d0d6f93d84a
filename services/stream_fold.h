// Streams read back: stored events opened, shown, and folded into states.
#ifndef RECOUNT_SERVICES_STREAM_FOLD_H_
#define RECOUNT_SERVICES_STREAM_FOLD_H_

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/aggregate.h"
#include "eventstore/event_log.h"
#include "eventstore/key_vault.h"
#include "recount/v1/event.pb.h"

namespace recount::services {

inline constexpr uint64_t kAnyPosition = std::numeric_limits<uint64_t>::max();

// Where streams are kept.
struct Archive {
  eventstore::EventLog* log = nullptr;
  eventstore::KeyVault* vault = nullptr;
};

// A stream's state with what the sequencer must know of it.
struct FoldedStream {
  domain::State state;
  uint64_t revision = 0;
  uint64_t position = 0;  // of its newest event; 0: no event
  size_t event_bytes = 0;  // of the payloads of all its events
};

// The payload with personal fields as far as they can be opened; *erased is set if some cannot. An unknown type is
// DATA_DAMAGED.
absl::Status OpenPayload(eventstore::KeyVault& vault, eventstore::TenantNumber tenant,
                         const storage::v1::StoredEvent& event, v1::EventPayload* payload, bool* erased);

domain::EventMeta MetaOf(const eventstore::StreamEvent& event);

// As history, subscriptions and explanations show it.
absl::StatusOr<v1::Event> ShowEvent(eventstore::KeyVault& vault, eventstore::TenantNumber tenant,
                                    const eventstore::StreamEvent& event);

// Folds a stream up to a position.
absl::StatusOr<FoldedStream> FoldStream(const Archive& archive, eventstore::TenantNumber tenant,
                                        absl::string_view stream, uint64_t as_of = kAnyPosition);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_STREAM_FOLD_H_
