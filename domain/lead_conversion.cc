// Leads: conversion into a person, an organization or both, and perhaps a deal (decisions.md 8,
// 11).
#include "absl/strings/str_cat.h"
#include "domain/contact.h"
#include "domain/lead.h"
#include "domain/lead_checks.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// What the lead becomes: existing records by name, or places of records to be made.
struct Outcome {
  std::string person;
  std::string person_subject;
  std::string organization;
  std::string deal;
  std::string deal_subject;
  Instant deal_created;
  bool is_deal_without_lead = false;
  bool is_deal_without_source = false;
};

absl::Status CheckShape(const v1::ConvertLeadRequest& command) {
  const bool makes_organization = !command.create_organization_name().empty();
  if (command.has_person() && command.create_person()) {
    return Refuse(v1::FIELD_INVALID, "name a person or have one made, not both", "create_person");
  }
  if (command.has_organization() && makes_organization) {
    return Refuse(v1::FIELD_INVALID, "name an organization or have one made, not both",
                  "create_organization_name");
  }
  if (!command.organization_external_ids().empty() && !makes_organization) {
    return Refuse(v1::FIELD_INVALID, "external ids are for an organization that is made here",
                  "organization_external_ids");
  }
  if (command.has_person() || command.create_person() || command.has_organization() ||
      makes_organization) {
    return absl::OkStatus();
  }
  return Refuse(v1::PARTY_REQUIRED, "converting needs a person or an organization", "person");
}

bool SaysNothing(const v1::Source& source) { return source.ByteSizeLong() == 0; }

absl::StatusOr<Outcome> OutcomeOf(const v1::ConvertLeadRequest& command, Deciding* deciding) {
  Outcome outcome;
  RECOUNT_ASSIGN_OR_RETURN(outcome.person, deciding->Refer("persons", command.person(), "person"));
  if (!outcome.person.empty()) {
    RECOUNT_ASSIGN_OR_RETURN(const State* person, deciding->Load(outcome.person));
    outcome.person_subject = InfoOf(*person)->data_subject();
  } else if (command.create_person()) {
    outcome.person = absl::StrCat("persons/", deciding->context().new_id());
    outcome.person_subject = deciding->context().new_id();
  }
  RECOUNT_ASSIGN_OR_RETURN(
      outcome.organization,
      deciding->Refer("organizations", command.organization(), "organization"));
  if (!command.create_organization_name().empty()) {
    RECOUNT_ASSIGN_OR_RETURN(
        const Place place,
        deciding->PlaceFor("organizations", "", command.organization_external_ids(),
                           /*allow_existing=*/false));
    outcome.organization = place.stream;
  }
  RECOUNT_ASSIGN_OR_RETURN(outcome.deal, deciding->Refer("deals", command.deal(), "deal"));
  if (outcome.deal.empty()) return outcome;
  RECOUNT_ASSIGN_OR_RETURN(const State* loaded, deciding->Load(outcome.deal));
  const DealState& deal = *std::get_if<DealState>(loaded);
  outcome.deal_subject = deal.deal.info().data_subject();
  outcome.deal_created = deal.created;
  outcome.is_deal_without_lead = deal.deal.lead().empty();
  outcome.is_deal_without_source = SaysNothing(deal.deal.source());
  return outcome;
}

// A deal that is there already and came from no lead comes from this one from now on, with its
// source (decisions.md 11): conversion counts leads by the deals that name them.
void LinkDeal(const v1::Lead& lead, const Outcome& outcome, Deciding* deciding) {
  if (!outcome.is_deal_without_lead) return;
  v1::EventPayload* payload = deciding->Append(outcome.deal, outcome.deal_subject);
  v1::DealDetailsChanged* changed = payload->mutable_deal()->mutable_details_changed();
  changed->set_lead(lead.info().name());
  if (outcome.is_deal_without_source && !SaysNothing(lead.source()))
    *changed->mutable_source() = lead.source();
  // A lead may be converted before its deal was recorded; the deal has no past before its creation.
  NewEvent& event = deciding->decision()->events.back();
  if (event.occurred_micros < outcome.deal_created.micros) {
    event.occurred_micros = outcome.deal_created.micros;
    event.precision = outcome.deal_created.precision;
  }
}

absl::Status CheckRequired(absl::string_view collection, const Deciding& deciding) {
  return CheckFields(collection, FieldChanges(), deciding.rules(), deciding.moment().day,
                     /*at_creation=*/true)
      .status();
}

absl::Status MakeOrganization(const v1::ConvertLeadRequest& command, const v1::Lead& lead,
                              const std::string& stream, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckRequired("organizations", *deciding));
  v1::OrganizationCreated event;
  deciding->Claim(stream, command.organization_external_ids(), event.mutable_external_ids());
  event.set_display_name(command.create_organization_name());
  event.set_owner(lead.owner());
  event.set_data_subject(deciding->context().new_id());
  const std::string subject = event.data_subject();
  *deciding->Append(stream, subject)->mutable_organization()->mutable_created() = std::move(event);
  return absl::OkStatus();
}

absl::Status MakePerson(const v1::Lead& lead, const Outcome& outcome, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckRequired("persons", *deciding));
  v1::PersonCreated event;
  if (lead.has_person_name()) *event.mutable_person_name() = lead.person_name();
  *event.mutable_phones() = lead.phones();
  *event.mutable_emails() = lead.emails();
  event.set_organization(outcome.organization);
  event.set_owner(lead.owner());
  event.set_data_subject(outcome.person_subject);
  event.set_normaliser_version(NormalizerVersion(deciding->context()));
  AddLookups(event.phones(), event.emails(), outcome.person, deciding->decision());
  *deciding->Append(outcome.person, outcome.person_subject)->mutable_person()->mutable_created() =
      std::move(event);
  return absl::OkStatus();
}

}  // namespace

absl::Status Decide(const v1::ConvertLeadRequest& command, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckShape(command));
  RECOUNT_ASSIGN_OR_RETURN(const Outcome outcome, OutcomeOf(command, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  const v1::Lead& lead = state->lead;
  RECOUNT_RETURN_IF_ERROR(CheckLeadIsOpen(*state, *deciding));
  RECOUNT_RETURN_IF_ERROR(CheckLastStanding(*state, *deciding));
  if (!command.create_organization_name().empty()) {
    RECOUNT_RETURN_IF_ERROR(MakeOrganization(command, lead, outcome.organization, deciding));
  }
  if (command.create_person()) RECOUNT_RETURN_IF_ERROR(MakePerson(lead, outcome, deciding));
  v1::EventPayload* payload = deciding->Append(lead.info().name(), lead.info().data_subject());
  v1::LeadConverted* converted = payload->mutable_lead()->mutable_converted();
  converted->set_person(outcome.person);
  converted->set_organization(outcome.organization);
  converted->set_deal(outcome.deal);
  converted->set_linked_subject(outcome.person_subject);
  if (!outcome.deal.empty()) LinkDeal(lead, outcome, deciding);
  return absl::OkStatus();
}

}  // namespace recount::domain
