#include "services/stream_fold.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "domain/calendar.h"
#include "domain/refusal.h"
#include "eventstore/sealing.h"

namespace recount::services {

absl::Status OpenPayload(eventstore::KeyVault& vault, eventstore::TenantNumber tenant,
                         const storage::v1::StoredEvent& event, v1::EventPayload* payload, bool* erased) {
  google::protobuf::Message* message = domain::MutableEvent(event.type(), payload);
  if (message == nullptr) {
    return domain::Refuse(v1::DATA_DAMAGED,
                          absl::StrCat("stream ", event.stream(), " holds an event of the unknown type ", event.type(),
                                       ": it was written by a newer version of recountd"));
  }
  return eventstore::OpenInto(vault, tenant, event, message, erased);
}

domain::EventMeta MetaOf(const eventstore::StreamEvent& event) {
  domain::EventMeta meta;
  meta.stream = event.event->stream();
  meta.position = event.position;
  meta.revision = event.event->revision();
  meta.occurred_micros = event.event->occurred_micros();
  meta.precision = static_cast<v1::Precision>(event.event->precision());
  meta.recorded_micros = event.commit->recorded_micros();
  meta.actor = event.commit->actor();
  return meta;
}

absl::StatusOr<v1::Event> ShowEvent(eventstore::KeyVault& vault, eventstore::TenantNumber tenant,
                                    const eventstore::StreamEvent& stored) {
  const storage::v1::StoredEvent& event = *stored.event;
  const storage::v1::CommitRecord& commit = *stored.commit;
  v1::Event shown;
  shown.set_position(stored.position);
  shown.set_commit_position(stored.commit_last_position);
  shown.set_stream(event.stream());
  shown.set_revision(event.revision());
  shown.set_type(event.type());
  shown.set_type_name(domain::TypeName(event.type()));
  *shown.mutable_occurred_time() = domain::TimestampFrom(event.occurred_micros());
  shown.set_precision(static_cast<v1::Precision>(event.precision()));
  *shown.mutable_recorded_time() = domain::TimestampFrom(commit.recorded_micros());
  shown.set_actor(commit.actor());
  shown.set_actor_authenticated(commit.actor_authenticated());
  shown.set_on_behalf_of(commit.on_behalf_of());
  shown.set_channel(static_cast<v1::Channel>(commit.channel()));
  shown.set_request_id(commit.request_id());
  shown.set_correlation_id(commit.correlation_id());
  shown.set_causation_id(commit.causation_id());
  shown.set_schema_version(event.schema_version());
  shown.set_rulebook_position(commit.rulebook_position());
  bool erased = false;
  if (absl::Status opened = OpenPayload(vault, tenant, event, shown.mutable_payload(), &erased); !opened.ok())
    return opened;
  shown.set_personal_data_erased(erased);
  return shown;
}

absl::StatusOr<FoldedStream> FoldStream(const Archive& archive, eventstore::TenantNumber tenant,
                                        absl::string_view stream, uint64_t as_of) {
  FoldedStream result;
  absl::Status opened;
  absl::Status read = archive.log->ReadStream(
      tenant, stream, 0, eventstore::Direction::kForward, [&](const eventstore::StreamEvent& event) {
        if (event.position > as_of) return false;
        v1::EventPayload payload;
        bool erased = false;
        opened = OpenPayload(*archive.vault, tenant, *event.event, &payload, &erased);
        if (!opened.ok()) return false;
        domain::Evolve(payload, MetaOf(event), &result.state);
        result.revision = event.event->revision();
        result.position = event.position;
        result.event_bytes += payload.ByteSizeLong();
        return true;
      });
  if (!read.ok()) return read;
  if (!opened.ok()) return opened;
  return result;
}

}  // namespace recount::services
