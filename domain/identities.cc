#include "domain/identities.h"

#include "domain/contact.h"
#include "domain/details.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// ---- decide ----

absl::Status NameRequired() {
  return Refuse(v1::NAME_REQUIRED, "a name is needed", "display_name");
}

// The member of the payload that events of a type go into.
v1::UserEvent* EventOf(v1::EventPayload* payload, const v1::User*) {
  return payload->mutable_user();
}
v1::TeamEvent* EventOf(v1::EventPayload* payload, const v1::Team*) {
  return payload->mutable_team();
}
v1::OrgUnitEvent* EventOf(v1::EventPayload* payload, const v1::OrgUnit*) {
  return payload->mutable_org_unit();
}

template <typename Record, typename Changed>
void ChangeDetails(const Record& record, Changed changed, Deciding* deciding) {
  if (!KeepChanges(record, &changed)) return;
  if constexpr (requires { changed.emails(); }) {
    AddLookups(Phones(), changed.emails(), record.info().name(), deciding->decision());
  }
  v1::EventPayload* payload = deciding->Append(record.info().name(), record.info().data_subject());
  *EventOf(payload, &record)->mutable_details_changed() = std::move(changed);
}

// Users, teams and units are made and changed alike; users have e-mails and a data subject besides.
template <typename Record, typename Created, typename Changed, typename Command>
absl::Status CreateOrUpdate(absl::string_view collection, const Command& command, Changed details,
                            Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Place place,
                           deciding->PlaceFor(collection, command.name(), command.external_ids(),
                                              command.allow_existing()));
  if (place.is_there) {
    RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(place.stream));
    const Record& record = *std::get_if<Record>(state);
    if (!command.display_name().empty()) details.set_display_name(command.display_name());
    ChangeDetails(record, std::move(details), deciding);
    return AddToExisting(*state, command.external_ids(), command.tags(), command.fields(),
                         deciding);
  }
  if (command.display_name().empty()) return NameRequired();
  Created event;
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  event.set_display_name(command.display_name());
  std::string subject;
  if constexpr (requires { event.data_subject(); }) {
    AddLookups(Phones(), details.emails(), place.stream, deciding->decision());
    event.mutable_emails()->Swap(details.mutable_emails());
    subject = deciding->context().new_id();
    event.set_data_subject(subject);
  }
  v1::EventPayload* payload = deciding->Append(place.stream, subject);
  *EventOf(payload, static_cast<const Record*>(nullptr))->mutable_created() = std::move(event);
  return absl::OkStatus();
}

template <typename Record, typename Changed, typename Command>
absl::Status Change(absl::string_view collection, const v1::Ref& ref, absl::string_view field,
                    const Command& command, Changed details, Deciding* deciding) {
  if (command.has_display_name()) {
    if (command.display_name().empty()) return NameRequired();
    details.set_display_name(command.display_name());
  }
  RECOUNT_ASSIGN_OR_RETURN(const Record* record,
                           deciding->TargetAs<Record>(collection, ref, field));
  ChangeDetails(*record, std::move(details), deciding);
  return absl::OkStatus();
}

// ---- evolve ----

template <typename Event, typename Record>
void EvolveIdentity(const Event& event, const EventMeta& meta, Record* record) {
  switch (event.event_case()) {
    case Event::kCreated:
      BeginRecord(event.created(), meta, record->mutable_info());
      record->set_display_name(event.created().display_name());
      if constexpr (requires { event.created().emails(); })
        *record->mutable_emails() = event.created().emails();
      break;
    case Event::kDetailsChanged:
      ApplyDetails(event.details_changed(), record);
      break;
    case Event::kDeleted:
      EvolveRecord(event.deleted(), meta, record->mutable_info());
      break;
    case Event::kRestored:
      EvolveRecord(event.restored(), meta, record->mutable_info());
      break;
    case Event::kExternalIdLinked:
      EvolveRecord(event.external_id_linked(), record->mutable_info());
      break;
    case Event::kAnnotated:
      EvolveRecord(event.annotated(), record->mutable_info());
      break;
    case Event::EVENT_NOT_SET:
      break;
  }
}

}  // namespace

absl::Status Decide(const v1::CreateUserRequest& command, Deciding* deciding) {
  v1::UserDetailsChanged details;
  *details.mutable_emails() = Normalized(command.emails(), deciding->context());
  return CreateOrUpdate<v1::User, v1::UserCreated>("users", command, std::move(details), deciding);
}

absl::Status Decide(const v1::ChangeUserDetailsRequest& command, Deciding* deciding) {
  v1::UserDetailsChanged details;
  *details.mutable_emails() = Normalized(command.emails(), deciding->context());
  return Change<v1::User>("users", command.user(), "user", command, std::move(details), deciding);
}

absl::Status Decide(const v1::CreateTeamRequest& command, Deciding* deciding) {
  return CreateOrUpdate<v1::Team, v1::TeamCreated>("teams", command, v1::TeamDetailsChanged(),
                                                   deciding);
}

absl::Status Decide(const v1::ChangeTeamDetailsRequest& command, Deciding* deciding) {
  return Change<v1::Team>("teams", command.team(), "team", command, v1::TeamDetailsChanged(),
                          deciding);
}

absl::Status Decide(const v1::CreateOrgUnitRequest& command, Deciding* deciding) {
  return CreateOrUpdate<v1::OrgUnit, v1::OrgUnitCreated>("org_units", command,
                                                         v1::OrgUnitDetailsChanged(), deciding);
}

absl::Status Decide(const v1::ChangeOrgUnitDetailsRequest& command, Deciding* deciding) {
  return Change<v1::OrgUnit>("org_units", command.org_unit(), "org_unit", command,
                             v1::OrgUnitDetailsChanged(), deciding);
}

void EvolveUser(const v1::UserEvent& event, const EventMeta& meta, v1::User* user) {
  EvolveIdentity(event, meta, user);
}

void EvolveTeam(const v1::TeamEvent& event, const EventMeta& meta, v1::Team* team) {
  EvolveIdentity(event, meta, team);
}

void EvolveOrgUnit(const v1::OrgUnitEvent& event, const EventMeta& meta, v1::OrgUnit* unit) {
  EvolveIdentity(event, meta, unit);
}

}  // namespace recount::domain
