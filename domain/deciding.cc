#include "domain/deciding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

constexpr size_t kLongestId = 200;

bool IsGiven(const v1::Ref& ref) { return ref.ref_case() != v1::Ref::REF_NOT_SET; }

absl::Status Deleted(absl::string_view name, absl::string_view field) {
  return Refuse(v1::RECORD_DELETED, absl::StrCat(name, " is deleted; restore it first"), field,
                {{"name", name}});
}

}  // namespace

absl::Status CheckRecordName(absl::string_view collection, absl::string_view name,
                             absl::string_view field) {
  const bool fits =
      CollectionOf(name) == collection && name.size() - collection.size() - 1 <= kLongestId;
  bool readable = true;
  for (const unsigned char c : name) readable = readable && c > ' ' && c != 0x7f;
  if (fits && readable) return absl::OkStatus();
  return Refuse(v1::FIELD_INVALID,
                absl::StrCat("a name here is '", collection,
                             "/{id}', the id without spaces and slashes and up to ", kLongestId,
                             " bytes; '", name, "' is not"),
                field);
}

absl::Status Deciding::Begin(const v1::CommandHeader& header) {
  const v1::DateOrTime& occurred = header.occurred();
  switch (occurred.value_case()) {
    case v1::DateOrTime::kTime:
      moment_.at = {MicrosFrom(occurred.time()), v1::PRECISION_INSTANT};
      moment_.is_given = true;
      break;
    case v1::DateOrTime::kDate: {
      RECOUNT_ASSIGN_OR_RETURN(const int32_t day,
                               DayFromDate(occurred.date(), "header.occurred.date"));
      moment_.at = {context_.calendar->StartOf(day), v1::PRECISION_DAY};
      moment_.is_given = true;
      break;
    }
    case v1::DateOrTime::VALUE_NOT_SET:
      moment_.at = {context_.now_micros, v1::PRECISION_INSTANT};
      break;
  }
  if (moment_.at.micros > context_.now_micros + context_.future_tolerance_micros) {
    return Refuse(
        v1::OCCURRED_IN_FUTURE,
        "what has not happened yet cannot be recorded: the occurred time is in the future",
        "header.occurred");
  }
  moment_.day = context_.calendar->DayOf(moment_.at.micros);
  return header.on_behalf_of().empty()
             ? absl::OkStatus()
             : CheckRecordName("users", header.on_behalf_of(), "header.on_behalf_of");
}

absl::StatusOr<const State*> Deciding::Load(absl::string_view stream) {
  return context_.records->Load(stream);
}

absl::StatusOr<const State*> Deciding::TargetEvenDeleted(absl::string_view collection,
                                                         const v1::Ref& ref,
                                                         absl::string_view field) {
  if (!IsGiven(ref))
    return Refuse(v1::FIELD_REQUIRED, absl::StrCat("say which of the ", collection, " is meant"),
                  field);
  RECOUNT_ASSIGN_OR_RETURN(const std::string name,
                           context_.records->Resolve(collection, ref, field));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, Load(name));
  if (InfoOf(*state) == nullptr) {
    return Refuse(v1::RECORD_NOT_FOUND, absl::StrCat("there is no ", name), field,
                  {{"name", name}});
  }
  decision_->answer_name = name;
  return state;
}

absl::StatusOr<const State*> Deciding::Target(absl::string_view collection, const v1::Ref& ref,
                                              absl::string_view field) {
  RECOUNT_ASSIGN_OR_RETURN(const State* state, TargetEvenDeleted(collection, ref, field));
  if (InfoOf(*state)->deleted()) return Deleted(decision_->answer_name, field);
  return state;
}

absl::StatusOr<std::string> Deciding::Refer(absl::string_view collection, const v1::Ref& ref,
                                            absl::string_view field) {
  if (!IsGiven(ref)) return std::string();
  RECOUNT_ASSIGN_OR_RETURN(std::string name, context_.records->Resolve(collection, ref, field));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, Load(name));
  const v1::RecordInfo* info = InfoOf(*state);
  if (info == nullptr) {
    return Refuse(v1::RECORD_NOT_FOUND, absl::StrCat("there is no ", name), field,
                  {{"name", name}});
  }
  if (info->deleted()) return Deleted(name, field);
  return name;
}

absl::StatusOr<Place> Deciding::PlaceFor(
    absl::string_view collection, absl::string_view name,
    const google::protobuf::RepeatedPtrField<v1::ExternalId>& external_ids, bool allow_existing) {
  Place place;
  if (!name.empty()) {
    RECOUNT_RETURN_IF_ERROR(CheckRecordName(collection, name, "name"));
    place.stream = std::string(name);
    RECOUNT_ASSIGN_OR_RETURN(const State* state, Load(name));
    place.is_there = Exists(*state);
    if (place.is_there && !allow_existing) {
      return Refuse(v1::RECORD_EXISTS, absl::StrCat(name, " is there already"), "name",
                    {{"name", name}});
    }
  }
  for (const v1::ExternalId& id : external_ids) {
    RECOUNT_ASSIGN_OR_RETURN(const std::string holder,
                             context_.records->FindKey(ExternalKey(collection, id)));
    if (holder.empty() || holder == place.stream) continue;
    if (!allow_existing || !place.stream.empty()) {
      return Refuse(
          v1::EXTERNAL_ID_TAKEN,
          absl::StrCat(holder, " has the external id '", id.source(), "' '", id.id(), "'"),
          "external_ids", {{"name", holder}, {"source", id.source()}, {"id", id.id()}});
    }
    place.stream = holder;
    place.is_there = true;
  }
  if (place.is_there) {
    RECOUNT_ASSIGN_OR_RETURN(const State* state, Load(place.stream));
    if (const v1::RecordInfo* info = InfoOf(*state); info != nullptr && info->deleted())
      return Deleted(place.stream, "");
  }
  if (place.stream.empty()) place.stream = absl::StrCat(collection, "/", context_.new_id());
  decision_->answer_name = place.stream;
  return place;
}

void Deciding::ClaimOne(absl::string_view stream, const v1::ExternalId& id) {
  storage::v1::KeyClaim& claim = decision_->claims.emplace_back();
  claim.set_key(ExternalKey(CollectionOf(stream), id));
  claim.set_stream(std::string(stream));
}

void Deciding::Claim(absl::string_view stream,
                     const google::protobuf::RepeatedPtrField<v1::ExternalId>& given,
                     google::protobuf::RepeatedPtrField<v1::ExternalId>* into) {
  for (const v1::ExternalId& id : given) {
    const bool is_repeated =
        std::any_of(into->begin(), into->end(), [&id](const v1::ExternalId& other) {
          return other.source() == id.source() && other.id() == id.id();
        });
    if (is_repeated) continue;
    *into->Add() = id;
    ClaimOne(stream, id);
  }
}

v1::EventPayload* Deciding::Append(absl::string_view stream, absl::string_view data_subject) {
  NewEvent& event = decision_->events.emplace_back();
  event.stream = std::string(stream);
  event.occurred_micros = moment_.at.micros;
  event.precision = moment_.at.precision;
  event.data_subject = std::string(data_subject);
  return &event.payload;
}

}  // namespace recount::domain
