// P and D: positions, times, dates as points.
#include <algorithm>
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

const domain::Rulebook& HeadRules(const EngineContext& context) {
  return context.head_rules != nullptr ? *context.head_rules : context.snapshot->rulebook();
}

absl::StatusOr<uint64_t> ResolvePosition(const v1::AsOf& as_of, const domain::Calendar& calendar, const EngineContext& context) {
  const uint64_t here = context.snapshot->position();
  uint64_t position = here;
  if (as_of.at_case() == v1::AsOf::kPosition) {
    if (auto status = CheckWithinHead(as_of.position(), context); !status.ok()) return status;
    if (as_of.position() == 0 && here > 0) return NothingKnown(context);
    if (as_of.position() == here || context.log == nullptr) return as_of.position();
    auto end = context.log->CommitEnd(context.tenant, as_of.position());
    if (!end.ok()) return end;
    position = *end;
  } else if (as_of.at_case() == v1::AsOf::kTime && context.log != nullptr) {
    auto time = ResolveTime(as_of.time(), calendar, "parameters.as_of");
    if (!time.ok()) return time.status();
    if (*time >= context.head.recorded_micros) {
      position = std::max(here, context.head.position);
    } else {
      auto at = context.log->PositionAt(context.tenant, *time);
      if (!at.ok()) return at;
      if (*at == 0 && here > 0) return NothingKnown(context);
      position = *at;
    }
  }
  if (auto status = CheckReached(position, context); !status.ok()) return status;
  return position;
}

absl::Status CheckWithinHead(uint64_t position, const EngineContext& context) {
  const uint64_t head = std::max(context.head.position, context.snapshot->position());
  if (position <= head) return absl::OkStatus();
  return domain::Refuse(v1::POSITION_BEYOND_HEAD, absl::StrCat("position ", position, " is beyond the head, ", head),
                        "parameters.as_of", {{"head", absl::StrCat(head)}});
}

absl::Status CheckReached(uint64_t position, const EngineContext& context) {
  const uint64_t here = context.snapshot->position();
  if (position <= here) return absl::OkStatus();
  if (context.awaits != nullptr) *context.awaits = position;
  return domain::Refuse(v1::READ_MODEL_BEHIND, absl::StrCat("the read models stand at ", here, ", not yet at ", position), "",
                        {{"position", absl::StrCat(here)}});
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
