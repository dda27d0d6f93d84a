// P and D: positions, times, dates as points.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "domain/refusal.h"
#include "projections/engine/resolve.h"

namespace recount::projections {
namespace {

// Before its first commit a tenant has no zone to tell days by, and no rules.
absl::Status NothingKnown(const EngineContext& context) {
  auto first = RecordedAt(1, context);
  if (!first.ok()) return first.status();
  const std::string recorded = absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(*first), absl::UTCTimeZone());
  return domain::Refuse(v1::PARAMETER_INVALID,
                        absl::StrCat("nothing was known then: the tenant's first event is of ", recorded, ", position 1"),
                        "parameters.as_of", {{"first_recorded", recorded}});
}

}  // namespace

absl::StatusOr<int64_t> ResolveTime(const v1::DateOrTime& time, const domain::Calendar& calendar, absl::string_view field) {
  if (time.has_date()) {
    auto day = domain::DayFromDate(time.date(), field);
    if (!day.ok()) return day.status();
    return calendar.EndOf(*day) - 1;
  }
  return domain::MicrosFrom(time.time());
}

absl::StatusOr<uint64_t> ResolvePosition(const v1::AsOf& as_of, const domain::Calendar& calendar, const EngineContext& context) {
  const uint64_t here = context.snapshot->position();
  uint64_t position = here;
  if (as_of.at_case() == v1::AsOf::kPosition) {
    const uint64_t head = context.log == nullptr ? here : context.log->DurableHead(context.tenant).position;
    if (as_of.position() > head) {
      return domain::Refuse(v1::POSITION_BEYOND_HEAD, absl::StrCat("position ", as_of.position(), " is beyond the head, ", head),
                            "parameters.as_of", {{"head", absl::StrCat(head)}});
    }
    if (as_of.position() == 0 && here > 0) return NothingKnown(context);
    if (as_of.position() == here || context.log == nullptr) return as_of.position();
    auto end = context.log->CommitEnd(context.tenant, as_of.position());
    if (!end.ok()) return end;
    position = *end;
  } else if (as_of.at_case() == v1::AsOf::kTime && context.log != nullptr) {
    auto time = ResolveTime(as_of.time(), calendar, "parameters.as_of");
    if (!time.ok()) return time.status();
    // From the newest commit of the tables on, nothing is known to have been recorded by then but those.
    if (*time >= context.log->DurableHead(context.tenant).recorded_micros) return here;
    auto at = context.log->PositionAt(context.tenant, *time);
    if (!at.ok()) return at;
    if (*at == 0 && here > 0) return NothingKnown(context);
    position = *at;
  }
  if (position > here) {
    return domain::Refuse(v1::READ_MODEL_BEHIND, absl::StrCat("the read models stand at ", here, ", not yet at ", position), "",
                          {{"position", absl::StrCat(here)}});
  }
  return position;
}

absl::StatusOr<int64_t> RecordedAt(uint64_t position, const EngineContext& context) {
  if (position == context.snapshot->position()) return context.snapshot->recorded_micros();
  if (position == 0 || context.log == nullptr) return 0;
  int64_t recorded = 0;
  auto read = context.log->ReadCommits(context.tenant, position - 1, eventstore::Direction::kForward,
                                       [&](const eventstore::StoredCommit& commit) {
                                         recorded = commit.record.recorded_micros();
                                         return false;
                                       });
  if (!read.ok()) return read;
  return recorded;
}

}  // namespace recount::projections
