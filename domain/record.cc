#include "domain/record.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "domain/deal_checks.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

using Tags = google::protobuf::RepeatedPtrField<std::string>;

bool Has(const Tags& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// Collection of the record that a command names; FIELD_INVALID or FIELD_REQUIRED.
template <typename Command>
absl::StatusOr<std::string> CollectionNamedBy(const Command& command) {
  std::string collection = command.collection();
  const absl::string_view of_name = CollectionOf(command.record().name());
  if (collection.empty()) collection = std::string(of_name);
  if (collection.empty()) {
    return Refuse(v1::FIELD_REQUIRED,
                  "say the type of the record, e.g. `deals`, beside an external id", "collection");
  }
  const int aggregate = AggregateOf(collection);
  const bool is_record = aggregate != 0 && aggregate < v1::EventPayload::kRule;
  if (!is_record || (!of_name.empty() && of_name != collection)) {
    return Refuse(v1::FIELD_INVALID,
                  absl::StrCat("'", collection, "' is not the type of the record"), "collection");
  }
  return collection;
}

template <typename Event>
void AppendShared(const v1::RecordInfo& info, int number, const Event& event, Deciding* deciding) {
  const uint32_t type = static_cast<uint32_t>(AggregateOf(CollectionOf(info.name()))) << 16 |
                        static_cast<uint32_t>(number);
  MutableEvent(type, deciding->Append(info.name(), info.data_subject()))->CopyFrom(event);
}

// A change of a deal lies not before its creation (decisions.md 4).
absl::Status CheckAfterCreation(const State& state, const Deciding& deciding) {
  const DealState* deal = std::get_if<DealState>(&state);
  return deal == nullptr ? absl::OkStatus() : CheckDealIsThere(*deal, deciding);
}

// Deletions and restorations come in the order of occurrence, in which reports fold them: else a
// record would be deleted in the one place and there in the other.
absl::Status CheckAfter(bool has_happened, const google::protobuf::Timestamp& time,
                        absl::string_view what, const Deciding& deciding) {
  if (!has_happened || deciding.moment().at.micros >= MicrosFrom(time)) return absl::OkStatus();
  return Conflict(absl::StrCat("the ", what, " of the record came after that"), what,
                  {MicrosFrom(time)}, deciding);
}

// Tags and custom fields at the command's moment.
v1::RecordInfo InfoThen(const State& state, const Deciding& deciding) {
  const int64_t micros = deciding.moment().at.micros;
  if (const LeadState* lead = std::get_if<LeadState>(&state)) {
    v1::Lead scratch;
    return lead->past.At(micros, lead->lead, &scratch).info();
  }
  if (const DealState* deal = std::get_if<DealState>(&state)) {
    v1::Deal scratch;
    return deal->past.At(micros, deal->deal, &scratch).info();
  }
  return *InfoOf(state);
}

// The record that a command names, also if it is deleted. Valid until the next call.
template <typename Command>
absl::StatusOr<const State*> EvenDeleted(const Command& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string collection, CollectionNamedBy(command));
  return deciding->TargetEvenDeleted(collection, command.record(), "record");
}

template <typename Command>
absl::StatusOr<const State*> Living(const Command& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string collection, CollectionNamedBy(command));
  return deciding->Target(collection, command.record(), "record");
}

void Annotate(const v1::RecordInfo& info, v1::RecordAnnotated annotated, CheckedFields fields,
              Deciding* deciding) {
  KeepFieldChanges(info, &fields);
  annotated.mutable_fields()->Swap(&fields.open);
  annotated.mutable_personal_fields()->Swap(&fields.personal);
  if (annotated.ByteSizeLong() > 0) AppendShared(info, kAnnotatedEvent, annotated, deciding);
}

}  // namespace

// ---- decide ----

absl::Status Decide(const v1::DeleteRecordRequest& command, Deciding* deciding) {
  if (command.reason().empty())
    return Refuse(v1::REASON_REQUIRED, "say why the record is deleted", "reason");
  RECOUNT_ASSIGN_OR_RETURN(const State* state, EvenDeleted(command, deciding));
  if (InfoOf(*state)->deleted()) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckAfterCreation(*state, *deciding));
  const v1::RecordInfo& info = *InfoOf(*state);
  RECOUNT_RETURN_IF_ERROR(
      CheckAfter(info.has_restore_time(), info.restore_time(), "restoration", *deciding));
  v1::RecordDeleted event;
  if (info.data_subject().empty()) {
    event.set_reason(command.reason());
  } else {
    event.set_personal_reason(command.reason());
  }
  AppendShared(info, kDeletedEvent, event, deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::RestoreRecordRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const State* state, EvenDeleted(command, deciding));
  const v1::RecordInfo& info = *InfoOf(*state);
  if (!info.deleted()) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(
      CheckAfter(info.has_delete_time(), info.delete_time(), "deletion", *deciding));
  AppendShared(info, kRestoredEvent, v1::RecordRestored(), deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::LinkExternalIdRequest& command, Deciding* deciding) {
  if (!command.has_external_id())
    return Refuse(v1::FIELD_REQUIRED, "say which external id", "external_id");
  const v1::ExternalId& id = command.external_id();
  RECOUNT_ASSIGN_OR_RETURN(const std::string collection, CollectionNamedBy(command));
  RECOUNT_ASSIGN_OR_RETURN(const std::string holder,
                           deciding->context().records->FindKey(ExternalKey(collection, id)));
  RECOUNT_ASSIGN_OR_RETURN(const State* state,
                           deciding->Target(collection, command.record(), "record"));
  const v1::RecordInfo& info = *InfoOf(*state);
  if (holder == info.name()) return absl::OkStatus();
  if (!holder.empty()) {
    return Refuse(v1::EXTERNAL_ID_TAKEN,
                  absl::StrCat(holder, " has the external id '", id.source(), "' '", id.id(), "'"),
                  "external_id", {{"name", holder}, {"source", id.source()}, {"id", id.id()}});
  }
  RECOUNT_RETURN_IF_ERROR(CheckAfterCreation(*state, *deciding));
  v1::ExternalIdLinked event;
  *event.mutable_external_id() = id;
  AppendShared(info, kExternalIdLinkedEvent, event, deciding);
  deciding->ClaimOne(info.name(), id);
  return absl::OkStatus();
}

absl::Status Decide(const v1::AnnotateRecordRequest& command, Deciding* deciding) {
  if (command.tags().add().empty() && command.tags().remove().empty() && command.fields().empty()) {
    return Refuse(v1::EMPTY_COMMAND, "give tags or fields to change");
  }
  RECOUNT_ASSIGN_OR_RETURN(const State* state, Living(command, deciding));
  RECOUNT_RETURN_IF_ERROR(CheckAfterCreation(*state, *deciding));
  const v1::RecordInfo info = InfoThen(*state, *deciding);
  RECOUNT_ASSIGN_OR_RETURN(
      CheckedFields fields,
      CheckFields(CollectionOf(info.name()), command.fields(), deciding->rules(),
                  deciding->moment().day, /*at_creation=*/false));
  Tags added;
  RECOUNT_RETURN_IF_ERROR(FillTags(command.tags().add(), &added));
  v1::RecordAnnotated event;
  for (const std::string& tag : added) {
    if (Has(command.tags().remove(), tag)) {
      return Refuse(v1::FIELD_INVALID,
                    absl::StrCat("the tag '", tag, "' is added and removed at once"), "tags");
    }
    if (!Has(info.tags(), tag)) event.add_tags_added(tag);
  }
  for (const std::string& tag : info.tags()) {
    if (Has(command.tags().remove(), tag)) event.add_tags_removed(tag);
  }
  Annotate(info, std::move(event), std::move(fields), deciding);
  return absl::OkStatus();
}

absl::Status FillTags(const Tags& given, Tags* tags) {
  const std::set<std::string> sorted(given.begin(), given.end());
  if (sorted.count("") > 0) return Refuse(v1::FIELD_INVALID, "a tag cannot be empty", "tags");
  for (const std::string& tag : sorted) *tags->Add() = tag;
  return absl::OkStatus();
}

absl::Status AddToExisting(const State& state,
                           const google::protobuf::RepeatedPtrField<v1::ExternalId>& external_ids,
                           const Tags& tags, const FieldChanges& changes, Deciding* deciding) {
  const v1::RecordInfo& info = *InfoOf(state);
  RECOUNT_ASSIGN_OR_RETURN(CheckedFields fields,
                           CheckFields(CollectionOf(info.name()), changes, deciding->rules(),
                                       deciding->moment().day, /*at_creation=*/false));
  google::protobuf::RepeatedPtrField<v1::ExternalId> linked = info.external_ids();
  const int before = linked.size();
  deciding->Claim(info.name(), external_ids, &linked);
  for (int i = before; i < linked.size(); ++i) {
    v1::ExternalIdLinked event;
    *event.mutable_external_id() = linked[i];
    AppendShared(info, kExternalIdLinkedEvent, event, deciding);
  }
  Tags sorted;
  RECOUNT_RETURN_IF_ERROR(FillTags(tags, &sorted));
  const v1::RecordInfo then = InfoThen(state, *deciding);
  v1::RecordAnnotated annotated;
  for (const std::string& tag : sorted) {
    if (!Has(then.tags(), tag)) annotated.add_tags_added(tag);
  }
  for (const std::string& tag : then.tags()) {
    if (!sorted.empty() && !Has(sorted, tag)) annotated.add_tags_removed(tag);
  }
  Annotate(then, std::move(annotated), std::move(fields), deciding);
  return absl::OkStatus();
}

// ---- evolve ----

void SetTags(const Tags& tags, v1::RecordInfo* info) {
  *info->mutable_tags() = tags;
  std::sort(info->mutable_tags()->begin(), info->mutable_tags()->end());
}

void ApplyFields(const FieldChanges& changes,
                 google::protobuf::Map<std::string, v1::FieldValue>* fields) {
  for (const v1::FieldChange& change : changes) {
    if (change.remove()) {
      fields->erase(change.field_id());
    } else {
      (*fields)[change.field_id()] = change.value();
    }
  }
}

void EvolveRecord(const v1::RecordDeleted& event, const EventMeta& meta, v1::RecordInfo* info) {
  info->set_deleted(true);
  info->set_delete_reason(event.personal_reason().empty() ? event.reason() : event.personal_reason());
  *info->mutable_delete_time() = TimestampFrom(meta.occurred_micros);
}

void EvolveRecord(const v1::RecordRestored&, const EventMeta& meta, v1::RecordInfo* info) {
  info->clear_deleted();
  info->clear_delete_reason();
  info->clear_delete_time();
  *info->mutable_restore_time() = TimestampFrom(meta.occurred_micros);
}

void EvolveRecord(const v1::ExternalIdLinked& event, v1::RecordInfo* info) {
  *info->add_external_ids() = event.external_id();
}

void EvolveRecord(const v1::RecordAnnotated& event, v1::RecordInfo* info) {
  std::set<std::string> tags(info->tags().begin(), info->tags().end());
  for (const std::string& tag : event.tags_removed()) tags.erase(tag);
  tags.insert(event.tags_added().begin(), event.tags_added().end());
  info->mutable_tags()->Assign(tags.begin(), tags.end());
  ApplyFields(event.fields(), info->mutable_fields());
  ApplyFields(event.personal_fields(), info->mutable_personal_fields());
}

}  // namespace recount::domain
