// A record's history: its events with what each changed.
#ifndef RECOUNT_SERVICES_STREAM_TELLER_H_
#define RECOUNT_SERVICES_STREAM_TELLER_H_

#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/v1/history.pb.h"
#include "services/stream_fold.h"

namespace recount::services {

// Folds a record's events and shows those of a span of revisions. For one question.
class StreamTeller {
 public:
  struct Span {
    uint64_t first = 1;  // revisions
    uint64_t last = 0;
    uint64_t as_of = kAnyPosition;
    bool backwards = false;
    size_t max_bytes = 0;  // of the entries, if they are more than one
  };
  StreamTeller(const Archive& archive, eventstore::TenantNumber tenant) : archive_(archive), tenant_(tenant) {}

  // The oldest entries of the span in order or, backwards, the newest ones, newest first; never holds much more than
  // `max_bytes`.
  absl::StatusOr<std::deque<v1::HistoryEntry>> Tell(absl::string_view stream, const Span& span);

 private:
  absl::StatusOr<v1::HistoryEntry> TellOne(const eventstore::StreamEvent& event);
  absl::Status Skip(const eventstore::StreamEvent& event);

  const Archive archive_;
  const eventstore::TenantNumber tenant_;
  domain::State state_;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_STREAM_TELLER_H_
