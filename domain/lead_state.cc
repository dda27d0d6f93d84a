// Leads: evolve.
#include "domain/lead.h"
#include "domain/record.h"

namespace recount::domain {
namespace {

void Show(LeadState* state) {
  v1::Lead* lead = &state->lead;
  if (const std::string* owner = state->owner.Last()) lead->set_owner(*owner);
  if (const std::string* status = state->status.Last()) lead->set_status(*status);
  if (const int64_t* handle_by = state->handle_by.Last())
    *lead->mutable_handle_by() = TimestampFrom(*handle_by);
  if (const LevelSet* last = state->level.Last()) lead->set_level(last->level);
  if (const LeadStanding* last = state->standing.Last()) {
    lead->set_state(last->state);
    lead->set_disqualify_reason(last->disqualify_reason);
  }
}

void Begin(const v1::LeadCaptured& event, const EventMeta& meta, LeadState* state) {
  const Instant first{
      kBeginning,
      meta.precision};  // what occurred before the capture is applied after it, as in reports
  v1::Lead* lead = &state->lead;
  BeginRecord(event, meta, lead->mutable_info());
  state->standing.Set(first, {});
  if (event.has_person_name()) *lead->mutable_person_name() = event.person_name();
  *lead->mutable_phones() = event.phones();
  *lead->mutable_emails() = event.emails();
  lead->set_organization_name(event.organization_name());
  lead->set_request(event.request());
  if (event.has_source()) *lead->mutable_source() = event.source();
  state->owner.Set(first, event.owner());
  state->status.Set(first, event.status());
  if (event.has_handle_by()) state->handle_by.Set(first, MicrosFrom(event.handle_by()));
}

void Convert(const v1::LeadConverted& event, v1::Lead* lead) {
  lead->set_person(event.person());
  lead->set_organization(event.organization());
  lead->set_deal(event.deal());
  if (!event.linked_subject().empty())
    lead->mutable_info()->add_linked_subjects(event.linked_subject());
}

}  // namespace

void EvolveLead(const v1::LeadEvent& event, const EventMeta& meta, LeadState* state) {
  const Instant at{meta.occurred_micros, meta.precision};
  v1::Lead* lead = &state->lead;
  switch (event.event_case()) {
    case v1::LeadEvent::kCaptured:
      Begin(event.captured(), meta, state);
      break;
    case v1::LeadEvent::kDetailsChanged:
      state->past.Apply(at, event.details_changed(), lead);
      break;
    case v1::LeadEvent::kAssigned:
      state->owner.Set(at, event.assigned().owner());
      break;
    case v1::LeadEvent::kStatusChanged:
      state->status.Set(at, event.status_changed().status());
      break;
    case v1::LeadEvent::kHandlingDue:
      state->handle_by.Set(at, MicrosFrom(event.handling_due().handle_by()));
      break;
    case v1::LeadEvent::kQualified:
      state->level.Set(at, {event.qualified().level()});
      break;
    case v1::LeadEvent::kAccepted:
      state->level.Set(at, {v1::LEAD_LEVEL_SAL});
      break;
    case v1::LeadEvent::kDisqualified:
      state->standing.Set(at, {v1::LEAD_STATE_DISQUALIFIED, event.disqualified().reason()});
      break;
    case v1::LeadEvent::kRequalified:
      state->standing.Set(at, {});
      state->level.Set(at, {event.requalified().level(), /*is_taken_back=*/true});
      break;
    case v1::LeadEvent::kConverted:
      state->standing.Set(at, {v1::LEAD_STATE_CONVERTED, ""});
      Convert(event.converted(), lead);
      break;
    case v1::LeadEvent::kDeleted:
      EvolveRecord(event.deleted(), meta, lead->mutable_info());
      break;
    case v1::LeadEvent::kRestored:
      EvolveRecord(event.restored(), meta, lead->mutable_info());
      break;
    case v1::LeadEvent::kExternalIdLinked:
      EvolveRecord(event.external_id_linked(), lead->mutable_info());
      break;
    case v1::LeadEvent::kAnnotated:
      state->past.Apply(at, event.annotated(), lead);
      break;
    case v1::LeadEvent::EVENT_NOT_SET:
      break;
  }
  Show(state);
}

}  // namespace recount::domain
