#include "services/record_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/missing.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "services/prepared_command.h"

namespace recount::services {
namespace {

constexpr int64_t kMicrosADay = 86400 * 1000000LL;
constexpr int kAwaitSliceMs = 500;

absl::Status Behind(uint64_t wanted, uint64_t reached) {
  return domain::Refuse(v1::READ_MODEL_BEHIND,
                        absl::StrCat("position ", wanted, " was not reached in time; the log stands at ", reached),
                        "min_position", {{"position", absl::StrCat(reached)}});
}

// A little before the deadline: at the deadline nobody would hear the reason any more.
absl::Time AnswerBy(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return deadline;
  const absl::Time now = eventstore::SteadyNow();
  return deadline - std::clamp((deadline - now) / 4, absl::ZeroDuration(), absl::Milliseconds(200));
}

absl::Status Stopping() { return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: ask again"); }

}  // namespace

absl::Status RecordReader::AwaitPosition(const Tenant& tenant, uint64_t position, absl::Time deadline) const {
  const auto reached = [&] { return backend_->archive.log->DurableHead(tenant.number()).position; };
  if (position <= reached()) {
    tenant.AwaitApplied(position);
    return absl::OkStatus();
  }
  const absl::Time answer_by = AnswerBy(deadline);
  const auto subscription = backend_->archive.log->Subscribe(tenant.number(), position - 1);
  while (position > reached()) {
    const int64_t left_ms = absl::ToInt64Milliseconds(answer_by - eventstore::SteadyNow());
    if (left_ms <= 0) return Behind(position, reached());
    if (backend_->stopping) return Stopping();
    auto commits = subscription->Next(1, static_cast<int>(std::min<int64_t>(left_ms, kAwaitSliceMs)));
    if (!commits.ok()) return commits.status();
  }
  tenant.AwaitApplied(position);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<projections::Snapshot>> RecordReader::Snapshot(const Tenant& tenant,
                                                                              uint64_t min_position,
                                                                              const Call& call) const {
  // In slices, so that a long deadline does not hold up the end of the server, nor a thread for a caller who is gone.
  const absl::Time answer_by = AnswerBy(call.deadline);
  while (true) {
    const absl::Time slice = std::min(answer_by, eventstore::SteadyNow() + absl::Milliseconds(kAwaitSliceMs));
    auto snapshot = tenant.models().Read(min_position, slice);
    if (snapshot.ok() || eventstore::SteadyNow() >= answer_by || !absl::IsDeadlineExceeded(snapshot.status())) return snapshot;
    if (backend_->stopping) return Stopping();
    if (absl::Status waits = call.CheckGoesOn(); !waits.ok()) return waits;
  }
}

absl::StatusOr<std::shared_ptr<const FoldedStream>> RecordReader::Read(const Tenant& tenant,
                                                                       absl::string_view stream) const {
  auto folded = LoadStream(backend_->archive, backend_->bus->cache(), tenant.number(), stream);
  if (!folded.ok()) return folded;
  if ((*folded)->position > backend_->archive.log->DurableHead(tenant.number()).position) {
    if (absl::Status settled = backend_->bus->Settle(tenant); !settled.ok()) return settled;
  }
  return folded;
}

absl::StatusOr<std::shared_ptr<const FoldedStream>> RecordReader::ReadAt(const Tenant& tenant, absl::string_view stream,
                                                                         uint64_t position) const {
  if (position == kAnyPosition) return Read(tenant, stream);
  tenant.AwaitApplied(std::min(position, backend_->archive.log->DurableHead(tenant.number()).position));
  auto cached = backend_->bus->cache().Find(tenant.number(), stream);
  if (cached != nullptr && cached->position <= position) return cached;
  auto folded = FoldStream(backend_->archive, tenant.number(), stream, position);
  if (!folded.ok()) return folded.status();
  return std::make_shared<const FoldedStream>(*std::move(folded));
}

absl::StatusOr<std::shared_ptr<const domain::Rulebook>> RecordReader::Rules(const Tenant& tenant) const {
  tenant.AwaitApplied(backend_->archive.log->DurableHead(tenant.number()).position);
  std::shared_ptr<const domain::Rulebook> rules = tenant.rules();
  if (rules->position() > backend_->archive.log->DurableHead(tenant.number()).position) {
    if (absl::Status settled = backend_->bus->Settle(tenant); !settled.ok()) return settled;
  }
  return rules;
}

absl::StatusOr<std::string> RecordReader::Resolve(const Tenant& tenant, absl::string_view collection,
                                                  const v1::Ref& ref) const {
  if (ref.has_external()) {
    auto found = backend_->archive.log->FindKey(tenant.number(), domain::ExternalKey(collection, ref.external()));
    if (!found.ok()) return found.status();
    if (found->has_value()) return **found;
    return domain::NoneHas(collection, ref.external());
  }
  if (ref.name().empty())
    return domain::Refuse(v1::FIELD_REQUIRED, "name a record by its name or an external id", "ref");
  if (!collection.empty() && domain::CollectionOf(ref.name()) != collection) {
    return domain::Refuse(v1::FIELD_INVALID, absl::StrCat("`", ref.name(), "` is none of ", collection), "ref");
  }
  return ref.name();
}

absl::StatusOr<uint64_t> RecordReader::PositionOf(const Tenant& tenant, const v1::AsOf& as_of) const {
  eventstore::EventLog& log = *backend_->archive.log;
  const uint64_t head = log.DurableHead(tenant.number()).position;
  if (as_of.has_position()) {
    if (as_of.position() <= head) return log.CommitEnd(tenant.number(), as_of.position());
    return domain::Refuse(v1::POSITION_BEYOND_HEAD,
                          absl::StrCat("position ", as_of.position(), " is beyond the head of the log, ", head),
                          "as_of.position", {{"head", absl::StrCat(head)}});
  }
  if (as_of.time().has_time()) return log.PositionAt(tenant.number(), domain::MicrosFrom(as_of.time().time()));
  if (!as_of.time().has_date()) return kAnyPosition;
  auto day = domain::DayFromDate(as_of.time().date(), "as_of.time.date");
  if (!day.ok()) return day.status();
  auto calendar = CalendarOf(tenant);
  if (!calendar.ok()) return calendar.status();
  return log.PositionAt(tenant.number(), calendar->EndOf(*day) - 1);
}

absl::StatusOr<std::vector<v1::Event>> RecordReader::Events(const Tenant& tenant, absl::string_view stream,
                                                            uint64_t as_of, int64_t valid_at) const {
  std::vector<v1::Event> events;
  absl::Status shown_all;
  absl::Status read = backend_->archive.log->ReadStream(
      tenant.number(), stream, 0, eventstore::Direction::kForward, [&](const eventstore::StreamEvent& event) {
        if (event.position > as_of) return false;
        if (event.event->occurred_micros() > valid_at) return true;
        auto shown = ShowEvent(*backend_->archive.vault, tenant.number(), event);
        if (!shown.ok()) {
          shown_all = shown.status();
          return false;
        }
        events.push_back(*std::move(shown));
        return true;
      });
  if (!read.ok()) return read;
  if (!shown_all.ok()) return shown_all;
  const auto order = [](const v1::Event& event) {
    return std::make_tuple(event.revision() != 1, domain::MicrosFrom(event.occurred_time()), event.position());
  };
  std::sort(events.begin(), events.end(), [&](const v1::Event& a, const v1::Event& b) { return order(a) < order(b); });
  return events;
}

std::string RecordReader::Label(const Tenant& tenant, absl::string_view stream) const {
  auto folded = LoadStream(backend_->archive, backend_->bus->cache(), tenant.number(), stream);
  return folded.ok() ? DisplayName((*folded)->state) : "";
}

absl::StatusOr<domain::Calendar> RecordReader::CalendarOf(const Tenant& tenant) const {
  return domain::Calendar::Make(tenant.rules()->CalendarOn(backend_->clock->NowMicros() / kMicrosADay));
}

std::string DisplayName(const domain::State& state) {
  if (const auto* lead = std::get_if<domain::LeadState>(&state)) {
    const std::string& person = lead->lead.person_name().display();
    return person.empty() ? lead->lead.organization_name() : person;
  }
  if (const auto* person = std::get_if<v1::Person>(&state)) return person->person_name().display();
  if (const auto* deal = std::get_if<domain::DealState>(&state)) return deal->deal.title();
  const google::protobuf::Message* resource = domain::ResourceOf(state);
  if (resource == nullptr) return "";
  const auto* field = resource->GetDescriptor()->FindFieldByName("display_name");
  return field == nullptr ? "" : resource->GetReflection()->GetString(*resource, field);
}

}  // namespace recount::services
