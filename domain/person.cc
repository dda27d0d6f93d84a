#include "domain/person.h"

#include "domain/contact.h"
#include "domain/details.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// ---- decide ----

// What creating and changing have in common.
template <typename Command>
absl::StatusOr<v1::PersonDetailsChanged> DetailsOf(const Command& command, Deciding* deciding) {
  v1::PersonDetailsChanged details;
  if (command.has_person_name())
    *details.mutable_person_name() = Normalized(command.person_name(), deciding->context());
  *details.mutable_phones() = Normalized(command.phones(), deciding->context());
  *details.mutable_emails() = Normalized(command.emails(), deciding->context());
  if (command.has_address()) *details.mutable_address() = command.address();
  if (command.has_birth_date()) {
    RECOUNT_RETURN_IF_ERROR(DayFromDate(command.birth_date(), "birth_date").status());
    *details.mutable_birth_date() = command.birth_date();
  }
  if (command.has_organization()) {
    RECOUNT_ASSIGN_OR_RETURN(
        *details.mutable_organization(),
        deciding->Refer("organizations", command.organization(), "organization"));
  }
  if (command.has_owner()) {
    RECOUNT_ASSIGN_OR_RETURN(*details.mutable_owner(),
                             deciding->Refer("users", command.owner(), "owner"));
  }
  return details;
}

void ChangeDetails(const v1::Person& person, v1::PersonDetailsChanged changed, Deciding* deciding) {
  if (!KeepChanges(person, &changed)) return;
  AddLookups(changed.phones(), changed.emails(), person.info().name(), deciding->decision());
  changed.set_normaliser_version(NormalizerVersion(deciding->context()));
  v1::EventPayload* payload = deciding->Append(person.info().name(), person.info().data_subject());
  *payload->mutable_person()->mutable_details_changed() = std::move(changed);
}

absl::Status Create(const v1::CreatePersonRequest& command, const Place& place,
                    v1::PersonDetailsChanged details, Deciding* deciding) {
  if (!IsNamed(details.person_name()) && !IsReachable(details.phones(), details.emails()) &&
      command.name().empty() && command.external_ids().empty()) {
    return Refuse(v1::NAME_REQUIRED, "a person needs a name, a phone, an e-mail or an id",
                  "person_name");
  }
  v1::PersonCreated event;
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  AddLookups(details.phones(), details.emails(), place.stream, deciding->decision());
  if (details.has_person_name()) event.mutable_person_name()->Swap(details.mutable_person_name());
  event.mutable_phones()->Swap(details.mutable_phones());
  event.mutable_emails()->Swap(details.mutable_emails());
  if (details.has_address()) event.mutable_address()->Swap(details.mutable_address());
  if (details.has_birth_date()) event.mutable_birth_date()->Swap(details.mutable_birth_date());
  event.set_organization(details.organization());
  event.set_job_title(command.job_title());
  event.set_owner(details.owner());
  event.set_data_subject(deciding->context().new_id());
  event.set_normaliser_version(NormalizerVersion(deciding->context()));
  const std::string subject = event.data_subject();
  *deciding->Append(place.stream, subject)->mutable_person()->mutable_created() = std::move(event);
  return absl::OkStatus();
}

// ---- evolve ----

void Begin(const v1::PersonCreated& event, const EventMeta& meta, v1::Person* person) {
  BeginRecord(event, meta, person->mutable_info());
  if (event.has_person_name()) *person->mutable_person_name() = event.person_name();
  *person->mutable_phones() = event.phones();
  *person->mutable_emails() = event.emails();
  if (event.has_address()) *person->mutable_address() = event.address();
  if (event.has_birth_date()) *person->mutable_birth_date() = event.birth_date();
  person->set_organization(event.organization());
  person->set_job_title(event.job_title());
  person->set_owner(event.owner());
}

}  // namespace

absl::Status Decide(const v1::CreatePersonRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(v1::PersonDetailsChanged details, DetailsOf(command, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const Place place,
                           deciding->PlaceFor("persons", command.name(), command.external_ids(),
                                              command.allow_existing()));
  if (!place.is_there) return Create(command, place, std::move(details), deciding);
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(place.stream));
  const v1::Person& person = *std::get_if<v1::Person>(state);
  if (!command.job_title().empty()) details.set_job_title(command.job_title());
  ChangeDetails(person, std::move(details), deciding);
  return AddToExisting(*state, command.external_ids(), command.tags(), command.fields(), deciding);
}

absl::Status Decide(const v1::ChangePersonDetailsRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(v1::PersonDetailsChanged details, DetailsOf(command, deciding));
  if (command.has_job_title()) details.set_job_title(command.job_title());
  RECOUNT_ASSIGN_OR_RETURN(const v1::Person* person,
                           deciding->TargetAs<v1::Person>("persons", command.person(), "person"));
  ChangeDetails(*person, std::move(details), deciding);
  return absl::OkStatus();
}

void EvolvePerson(const v1::PersonEvent& event, const EventMeta& meta, v1::Person* person) {
  switch (event.event_case()) {
    case v1::PersonEvent::kCreated:
      Begin(event.created(), meta, person);
      break;
    case v1::PersonEvent::kDetailsChanged:
      ApplyDetails(event.details_changed(), person);
      break;
    case v1::PersonEvent::kDeleted:
      EvolveRecord(event.deleted(), meta, person->mutable_info());
      break;
    case v1::PersonEvent::kRestored:
      EvolveRecord(event.restored(), meta, person->mutable_info());
      break;
    case v1::PersonEvent::kExternalIdLinked:
      EvolveRecord(event.external_id_linked(), person->mutable_info());
      break;
    case v1::PersonEvent::kAnnotated:
      EvolveRecord(event.annotated(), person->mutable_info());
      break;
    case v1::PersonEvent::EVENT_NOT_SET:
      break;
  }
}

}  // namespace recount::domain
