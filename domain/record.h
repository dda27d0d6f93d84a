// What records of all types share: name, external ids, tags, custom fields, deletion.
#ifndef RECOUNT_DOMAIN_RECORD_H_
#define RECOUNT_DOMAIN_RECORD_H_

#include "domain/aggregate.h"
#include "domain/custom_fields.h"
#include "domain/deciding.h"

namespace recount::domain {

// ---- decide ----

absl::Status Decide(const v1::DeleteRecordRequest& command, Deciding* deciding);
absl::Status Decide(const v1::RestoreRecordRequest& command, Deciding* deciding);
absl::Status Decide(const v1::LinkExternalIdRequest& command, Deciding* deciding);
absl::Status Decide(const v1::AnnotateRecordRequest& command, Deciding* deciding);

// Fills the parts that all creations share into EVENT, and claims the external ids.
template <typename Command, typename Created>
absl::Status FillCreation(const Command& command, const Place& place, Deciding* deciding,
                          Created* event);

// For allow_existing: links external ids that the record has not yet, replaces its tags if any are
// given, and changes fields as given.
absl::Status AddToExisting(const State& state,
                           const google::protobuf::RepeatedPtrField<v1::ExternalId>& external_ids,
                           const google::protobuf::RepeatedPtrField<std::string>& tags,
                           const FieldChanges& fields, Deciding* deciding);

// Event numbers that all aggregates share.
inline constexpr int kDeletedEvent = v1::DealEvent::kDeleted;
inline constexpr int kRestoredEvent = v1::DealEvent::kRestored;
inline constexpr int kExternalIdLinkedEvent = v1::DealEvent::kExternalIdLinked;
inline constexpr int kAnnotatedEvent = v1::DealEvent::kAnnotated;

// ---- evolve ----

// The parts of a creation that all types have.
template <typename Created>
void BeginRecord(const Created& event, const EventMeta& meta, v1::RecordInfo* info);

void EvolveRecord(const v1::RecordDeleted& event, const EventMeta& meta, v1::RecordInfo* info);
void EvolveRecord(const v1::RecordRestored& event, const EventMeta& meta, v1::RecordInfo* info);
void EvolveRecord(const v1::ExternalIdLinked& event, v1::RecordInfo* info);
void EvolveRecord(const v1::RecordAnnotated& event, v1::RecordInfo* info);

// ---- what the templates need ----

absl::Status FillTags(const google::protobuf::RepeatedPtrField<std::string>& given,
                      google::protobuf::RepeatedPtrField<std::string>* tags);

template <typename Command, typename Created>
absl::Status FillCreation(const Command& command, const Place& place, Deciding* deciding,
                          Created* event) {
  RECOUNT_RETURN_IF_ERROR(FillTags(command.tags(), event->mutable_tags()));
  RECOUNT_ASSIGN_OR_RETURN(
      CheckedFields fields,
      CheckFields(CollectionOf(place.stream), command.fields(), deciding->rules(),
                  deciding->moment().day, /*at_creation=*/true));
  event->mutable_fields()->Swap(&fields.open);
  event->mutable_personal_fields()->Swap(&fields.personal);
  deciding->Claim(place.stream, command.external_ids(), event->mutable_external_ids());
  return absl::OkStatus();
}

void SetTags(const google::protobuf::RepeatedPtrField<std::string>& tags, v1::RecordInfo* info);
void ApplyFields(const google::protobuf::RepeatedPtrField<v1::FieldChange>& changes,
                 google::protobuf::Map<std::string, v1::FieldValue>* fields);

template <typename Created>
void BeginRecord(const Created& event, const EventMeta& meta, v1::RecordInfo* info) {
  *info->mutable_external_ids() = event.external_ids();
  SetTags(event.tags(), info);
  ApplyFields(event.fields(), info->mutable_fields());
  ApplyFields(event.personal_fields(), info->mutable_personal_fields());
  *info->mutable_create_time() = TimestampFrom(meta.occurred_micros);
  info->set_create_precision(meta.precision);
  if constexpr (requires { event.data_subject(); }) info->set_data_subject(event.data_subject());
}

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_RECORD_H_
