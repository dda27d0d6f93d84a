// Leads: capture, details, assignment, status, qualification.
#include "domain/lead.h"

#include "absl/strings/str_cat.h"
#include "domain/contact.h"
#include "domain/details.h"
#include "domain/lead_checks.h"
#include "domain/reasons.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

v1::LeadEvent* AppendLeadEvent(const LeadState& state, Deciding* deciding) {
  const v1::RecordInfo& info = state.lead.info();
  return deciding->Append(info.name(), info.data_subject())->mutable_lead();
}

template <typename T, typename V>
bool IsSo(const Timeline<T>& timeline, const V& value, const Deciding& deciding) {
  const T* at = timeline.At(deciding.moment().at.micros);
  return at != nullptr && *at == value;
}

// What capturing and changing have in common; texts are given by their presence in the one and by
// content in the other.
template <typename Command>
v1::LeadDetailsChanged DetailsOf(const Command& command, const Deciding& deciding) {
  v1::LeadDetailsChanged changed;
  if (command.has_person_name())
    *changed.mutable_person_name() = Normalized(command.person_name(), deciding.context());
  *changed.mutable_phones() = Normalized(command.phones(), deciding.context());
  *changed.mutable_emails() = Normalized(command.emails(), deciding.context());
  if (command.has_source()) *changed.mutable_source() = command.source();
  return changed;
}

absl::Status Unidentified() {
  return Refuse(v1::LEAD_UNIDENTIFIED, "a lead needs a name, a phone, an e-mail or an external id",
                "person_name");
}

// A change leaves something to know the lead by that has no external id.
absl::Status CheckStaysIdentified(const v1::Lead& lead, const v1::LeadDetailsChanged& changed) {
  if (!changed.has_person_name() && changed.phones().empty() && changed.emails().empty())
    return absl::OkStatus();
  const bool is_identified =
      IsNamed(changed.has_person_name() ? changed.person_name() : lead.person_name()) ||
      IsReachable(changed.phones().empty() ? lead.phones() : changed.phones(),
                  changed.emails().empty() ? lead.emails() : changed.emails());
  return is_identified ? absl::OkStatus() : Unidentified();
}

absl::Status ChangeDetails(const LeadState& state, v1::LeadDetailsChanged changed,
                           Deciding* deciding) {
  v1::Lead scratch;
  const v1::Lead& then = state.past.At(deciding->moment().at.micros, state.lead, &scratch);
  if (!KeepChanges(then, &changed)) return absl::OkStatus();
  if (state.lead.info().external_ids().empty())
    RECOUNT_RETURN_IF_ERROR(CheckStaysIdentified(then, changed));
  AddLookups(changed.phones(), changed.emails(), state.lead.info().name(), deciding->decision());
  changed.set_normaliser_version(NormalizerVersion(deciding->context()));
  *AppendLeadEvent(state, deciding)->mutable_details_changed() = std::move(changed);
  return absl::OkStatus();
}

void ChangeOwner(const LeadState& state, const std::string& owner, Deciding* deciding) {
  if (!IsSo(state.owner, owner, *deciding))
    AppendLeadEvent(state, deciding)->mutable_assigned()->set_owner(owner);
}

absl::Status ChangeStatus(const LeadState& state, const std::string& status, Deciding* deciding) {
  if (IsSo(state.status, status, *deciding)) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(state, "status"));
  AppendLeadEvent(state, deciding)->mutable_status_changed()->set_status(status);
  return absl::OkStatus();
}

absl::Status ChangeHandling(const LeadState& state, const google::protobuf::Timestamp& handle_by,
                            Deciding* deciding) {
  if (IsSo(state.handle_by, MicrosFrom(handle_by), *deciding)) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(state, "handle_by"));
  *AppendLeadEvent(state, deciding)->mutable_handling_due()->mutable_handle_by() = handle_by;
  return absl::OkStatus();
}

absl::Status Capture(const v1::CaptureLeadRequest& command, const Place& place,
                     const std::string& owner, Deciding* deciding) {
  if (!IsNamed(command.person_name()) && !IsReachable(command.phones(), command.emails()) &&
      command.external_ids().empty()) {
    return Unidentified();
  }
  v1::LeadCaptured event;
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  v1::LeadDetailsChanged details = DetailsOf(command, *deciding);
  AddLookups(details.phones(), details.emails(), place.stream, deciding->decision());
  if (details.has_person_name()) event.mutable_person_name()->Swap(details.mutable_person_name());
  event.mutable_phones()->Swap(details.mutable_phones());
  event.mutable_emails()->Swap(details.mutable_emails());
  if (details.has_source()) event.mutable_source()->Swap(details.mutable_source());
  event.set_organization_name(command.organization_name());
  event.set_request(command.request());
  event.set_owner(owner);
  event.set_status(command.status());
  if (command.has_handle_by()) *event.mutable_handle_by() = command.handle_by();
  event.set_data_subject(deciding->context().new_id());
  event.set_normaliser_version(NormalizerVersion(deciding->context()));
  const std::string subject = event.data_subject();
  *deciding->Append(place.stream, subject)->mutable_lead()->mutable_captured() = std::move(event);
  return absl::OkStatus();
}

// With allow_existing: what is given holds from the command's moment on.
absl::Status Update(const v1::CaptureLeadRequest& command, const Place& place,
                    const std::string& owner, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const State* loaded, deciding->Load(place.stream));
  const LeadState& state = *std::get_if<LeadState>(loaded);
  v1::LeadDetailsChanged changed = DetailsOf(command, *deciding);
  if (!command.organization_name().empty())
    changed.set_organization_name(command.organization_name());
  if (!command.request().empty()) changed.set_request(command.request());
  RECOUNT_RETURN_IF_ERROR(ChangeDetails(state, std::move(changed), deciding));
  if (command.has_owner()) ChangeOwner(state, owner, deciding);
  if (!command.status().empty())
    RECOUNT_RETURN_IF_ERROR(ChangeStatus(state, command.status(), deciding));
  if (command.has_handle_by())
    RECOUNT_RETURN_IF_ERROR(ChangeHandling(state, command.handle_by(), deciding));
  return AddToExisting(*loaded, command.external_ids(), command.tags(), command.fields(), deciding);
}

}  // namespace

absl::Status Decide(const v1::CaptureLeadRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string owner,
                           deciding->Refer("users", command.owner(), "owner"));
  RECOUNT_ASSIGN_OR_RETURN(const Place place,
                           deciding->PlaceFor("leads", command.name(), command.external_ids(),
                                              command.allow_existing()));
  return place.is_there ? Update(command, place, owner, deciding)
                        : Capture(command, place, owner, deciding);
}

absl::Status Decide(const v1::ChangeLeadDetailsRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  v1::LeadDetailsChanged changed = DetailsOf(command, *deciding);
  if (command.has_organization_name()) changed.set_organization_name(command.organization_name());
  if (command.has_request()) changed.set_request(command.request());
  return ChangeDetails(*state, std::move(changed), deciding);
}

absl::Status Decide(const v1::AssignLeadRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string owner,
                           deciding->Refer("users", command.owner(), "owner"));
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  ChangeOwner(*state, owner, deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::ChangeLeadStatusRequest& command, Deciding* deciding) {
  if (command.status().empty()) return Refuse(v1::FIELD_REQUIRED, "say which status", "status");
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(*state, "lead"));
  return ChangeStatus(*state, command.status(), deciding);
}

absl::Status Decide(const v1::ScheduleLeadHandlingRequest& command, Deciding* deciding) {
  if (!command.has_handle_by())
    return Refuse(v1::FIELD_REQUIRED, "say by when the lead must be handled", "handle_by");
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(*state, "lead"));
  return ChangeHandling(*state, command.handle_by(), deciding);
}

absl::Status Decide(const v1::QualifyLeadRequest& command, Deciding* deciding) {
  const v1::LeadLevel level =
      command.level() == v1::LEAD_LEVEL_UNSPECIFIED ? v1::LEAD_LEVEL_SQL : command.level();
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  RECOUNT_RETURN_IF_ERROR(CheckLeadIsOpen(*state, *deciding));
  const v1::LeadLevel now = LevelAt(*state, *deciding);
  if (now == level) return absl::OkStatus();
  if (level < now) {
    return Refuse(v1::LEVEL_NOT_UPWARD,
                  absl::StrCat("the lead is at ", v1::LeadLevel_Name(now),
                               " already; use RequalifyLead to take that back"),
                  "level");
  }
  RECOUNT_RETURN_IF_ERROR(CheckLevelAfter(*state, level, *deciding));
  AppendLeadEvent(*state, deciding)->mutable_qualified()->set_level(level);
  return absl::OkStatus();
}

absl::Status Decide(const v1::AcceptLeadRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  RECOUNT_RETURN_IF_ERROR(CheckLeadIsOpen(*state, *deciding));
  if (LevelAt(*state, *deciding) == v1::LEAD_LEVEL_SAL) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckLevelAfter(*state, v1::LEAD_LEVEL_SAL, *deciding));
  AppendLeadEvent(*state, deciding)->mutable_accepted();
  return absl::OkStatus();
}

absl::Status Decide(const v1::DisqualifyLeadRequest& command, Deciding* deciding) {
  if (command.reason().empty())
    return Refuse(v1::REASON_REQUIRED, "say why it is no lead", "reason");
  RECOUNT_RETURN_IF_ERROR(CheckReason(deciding->rules().Reasons(deciding->moment().day),
                                      command.reason(), ReasonUse::kDisqualifiedLead));
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  const LeadStanding& now = StandingAt(*state, *deciding);
  if (now.state == v1::LEAD_STATE_DISQUALIFIED && now.disqualify_reason == command.reason())
    return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckLeadIsOpen(*state, *deciding));
  RECOUNT_RETURN_IF_ERROR(CheckLastStanding(*state, *deciding));
  AppendLeadEvent(*state, deciding)->mutable_disqualified()->set_reason(command.reason());
  return absl::OkStatus();
}

absl::Status Decide(const v1::RequalifyLeadRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const LeadState* state,
                           deciding->TargetAs<LeadState>("leads", command.lead(), "lead"));
  RECOUNT_RETURN_IF_ERROR(CheckNotConverted(*state, "lead"));
  const bool is_open = StandingAt(*state, *deciding).state == v1::LEAD_STATE_OPEN;
  if (is_open && LevelAt(*state, *deciding) == command.level()) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckLastStanding(*state, *deciding));
  RECOUNT_RETURN_IF_ERROR(CheckLevelAfter(*state, command.level(), *deciding));
  AppendLeadEvent(*state, deciding)->mutable_requalified()->set_level(command.level());
  return absl::OkStatus();
}

}  // namespace recount::domain
