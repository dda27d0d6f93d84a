// Deals: creation, details, owner.
#include "absl/strings/str_cat.h"
#include "domain/deal.h"
#include "domain/deal_checks.h"
#include "domain/details.h"
#include "domain/money.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

struct Parties {
  std::string owner;
  std::string lead;
  std::string person;
  std::string organization;
  std::string product;
};

absl::StatusOr<Parties> PartiesOf(const v1::CreateDealRequest& command, Deciding* deciding) {
  Parties parties;
  RECOUNT_ASSIGN_OR_RETURN(parties.owner, deciding->Refer("users", command.owner(), "owner"));
  RECOUNT_ASSIGN_OR_RETURN(parties.lead, deciding->Refer("leads", command.lead(), "lead"));
  RECOUNT_ASSIGN_OR_RETURN(parties.person, deciding->Refer("persons", command.person(), "person"));
  RECOUNT_ASSIGN_OR_RETURN(
      parties.organization,
      deciding->Refer("organizations", command.organization(), "organization"));
  RECOUNT_ASSIGN_OR_RETURN(parties.product,
                           deciding->Refer("products", command.product(), "product"));
  return parties;
}

// The lead's source at this moment; a later correction there does not reach the deal (decisions.md
// 11).
absl::Status CopySource(const std::string& lead, Deciding* deciding, v1::DealCreated* event) {
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(lead));
  const LeadState* found = std::get_if<LeadState>(state);
  if (found != nullptr && found->lead.has_source()) *event->mutable_source() = found->lead.source();
  return absl::OkStatus();
}

absl::Status FillStage(const v1::CreateDealRequest& command, const Deciding& deciding,
                       v1::DealCreated* event) {
  const v1::PipelinesRule& rule = deciding.rules().Pipelines(deciding.moment().day);
  RECOUNT_ASSIGN_OR_RETURN(const v1::Pipeline* pipeline, FindPipeline(rule, command.pipeline()));
  RECOUNT_ASSIGN_OR_RETURN(const v1::Stage* stage, FindOpenStage(rule, *pipeline, command.stage()));
  event->set_pipeline(pipeline->id());
  event->set_stage(stage->id());
  return absl::OkStatus();
}

absl::Status Create(const v1::CreateDealRequest& command, const Place& place,
                    const Parties& parties, Deciding* deciding) {
  v1::DealCreated event;
  RECOUNT_RETURN_IF_ERROR(FillStage(command, *deciding, &event));
  RECOUNT_RETURN_IF_ERROR(CheckProbability(command.probability_bp()));
  RECOUNT_ASSIGN_OR_RETURN(const Amount value,
                           CheckAmount(command.has_value(), command.value(), "value"));
  if (command.has_value()) *event.mutable_value() = MoneyFromMinor(value.minor, value.currency);
  if (command.has_expected_close()) {
    RECOUNT_RETURN_IF_ERROR(DayFromDate(command.expected_close(), "expected_close").status());
    *event.mutable_expected_close() = command.expected_close();
  }
  if (command.has_source()) {
    *event.mutable_source() = command.source();
  } else if (!parties.lead.empty()) {
    RECOUNT_RETURN_IF_ERROR(CopySource(parties.lead, deciding, &event));
  }
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  event.set_title(command.title());
  event.set_owner(parties.owner);
  event.set_lead(parties.lead);
  event.set_person(parties.person);
  event.set_organization(parties.organization);
  event.set_product(parties.product);
  event.set_next_step(command.next_step());
  event.set_needs(command.needs());
  if (command.has_probability_bp()) event.set_probability_bp(command.probability_bp());
  event.set_data_subject(deciding->context().new_id());
  const std::string subject = event.data_subject();
  *deciding->Append(place.stream, subject)->mutable_deal()->mutable_created() = std::move(event);
  return absl::OkStatus();
}

absl::Status ChangeDetails(const DealState& state, v1::DealDetailsChanged changed,
                           Deciding* deciding) {
  v1::Deal scratch;
  const v1::Deal& then = state.past.At(deciding->moment().at.micros, state.deal, &scratch);
  if (!KeepChanges(then, &changed)) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckDealIsThere(state, *deciding));
  *AppendDealEvent(state, deciding)->mutable_details_changed() = std::move(changed);
  return absl::OkStatus();
}

// A deal that came from no lead may come from one; to take it from another would leave that lead
// converted into a deal that is not its own.
absl::Status CheckLeadStays(const DealState& state, const std::string& lead) {
  const std::string& now = state.deal.lead();
  if (lead.empty() || now.empty() || lead == now) return absl::OkStatus();
  return Refuse(v1::FIELD_INVALID,
                absl::StrCat("the deal comes from ", now, "; it cannot come from ", lead,
                             " instead: leave the lead out, or delete the deal and create another"),
                "lead");
}

v1::DealDetailsChanged DetailsOf(const v1::CreateDealRequest& command, const DealState& state,
                                 const Parties& parties) {
  v1::DealDetailsChanged changed;
  if (!command.title().empty()) changed.set_title(command.title());
  if (!parties.lead.empty() && state.deal.lead().empty()) changed.set_lead(parties.lead);
  if (!parties.person.empty()) changed.set_person(parties.person);
  if (!parties.organization.empty()) changed.set_organization(parties.organization);
  if (!parties.product.empty()) changed.set_product(parties.product);
  if (command.has_source()) *changed.mutable_source() = command.source();
  if (!command.next_step().empty()) changed.set_next_step(command.next_step());
  if (!command.needs().empty()) changed.set_needs(command.needs());
  return changed;
}

// Pipeline, stage and probability. A change of stage clears a probability (decisions.md 16), so one
// that is given with it holds anew.
absl::Status UpdatePlace(const v1::CreateDealRequest& command, const DealState& state,
                         Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckProbability(command.probability_bp()));
  const size_t before = deciding->decision()->events.size();
  RECOUNT_RETURN_IF_ERROR(ChangePlace(state, command.pipeline(), command.stage(), deciding));
  if (!command.has_probability_bp()) return absl::OkStatus();
  const bool is_moved = deciding->decision()->events.size() > before;
  const ProbabilityStep now = ProbabilityAt(state, deciding->moment().at.micros);
  if (!is_moved && now.bp == command.probability_bp()) return absl::OkStatus();
  return OverrideProbability(state, command.probability_bp(), now.keep, deciding);
}

// With allow_existing: what is given holds from the command's moment on, as if each part had been
// changed by its own command; what cannot be changed is refused.
absl::Status Update(const v1::CreateDealRequest& command, const Place& place,
                    const Parties& parties, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Amount value,
                           CheckAmount(command.has_value(), command.value(), "value"));
  RECOUNT_ASSIGN_OR_RETURN(const State* loaded, deciding->Load(place.stream));
  const DealState& state = *std::get_if<DealState>(loaded);
  RECOUNT_RETURN_IF_ERROR(CheckLeadStays(state, parties.lead));
  RECOUNT_RETURN_IF_ERROR(ChangeDetails(state, DetailsOf(command, state, parties), deciding));
  RECOUNT_RETURN_IF_ERROR(UpdatePlace(command, state, deciding));
  if (command.has_value()) RECOUNT_RETURN_IF_ERROR(ChangeValue(state, value, deciding));
  if (command.has_owner()) RECOUNT_RETURN_IF_ERROR(ChangeOwner(state, parties.owner, deciding));
  if (command.has_expected_close()) {
    RECOUNT_ASSIGN_OR_RETURN(const int32_t day,
                             DayFromDate(command.expected_close(), "expected_close"));
    RECOUNT_RETURN_IF_ERROR(ChangeExpectedClose(state, day, deciding));
  }
  RECOUNT_RETURN_IF_ERROR(
      AddToExisting(*loaded, command.external_ids(), command.tags(), command.fields(), deciding));
  return deciding->decision()->events.empty() ? absl::OkStatus()
                                              : CheckDealIsThere(state, *deciding);
}

}  // namespace

absl::Status Decide(const v1::CreateDealRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Parties parties, PartiesOf(command, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const Place place,
                           deciding->PlaceFor("deals", command.name(), command.external_ids(),
                                              command.allow_existing()));
  return place.is_there ? Update(command, place, parties, deciding)
                        : Create(command, place, parties, deciding);
}

absl::Status Decide(const v1::ChangeDealDetailsRequest& command, Deciding* deciding) {
  v1::DealDetailsChanged changed;
  if (command.has_title()) changed.set_title(command.title());
  if (command.has_person()) {
    RECOUNT_ASSIGN_OR_RETURN(*changed.mutable_person(),
                             deciding->Refer("persons", command.person(), "person"));
  }
  if (command.has_organization()) {
    RECOUNT_ASSIGN_OR_RETURN(
        *changed.mutable_organization(),
        deciding->Refer("organizations", command.organization(), "organization"));
  }
  if (command.has_product()) {
    RECOUNT_ASSIGN_OR_RETURN(*changed.mutable_product(),
                             deciding->Refer("products", command.product(), "product"));
  }
  if (command.has_source()) *changed.mutable_source() = command.source();
  if (command.has_next_step()) changed.set_next_step(command.next_step());
  if (command.has_needs()) changed.set_needs(command.needs());
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return ChangeDetails(*state, std::move(changed), deciding);
}

absl::Status ChangeOwner(const DealState& state, const std::string& owner, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckDealIsThere(state, *deciding));
  if (ValueAt(state.owner, *deciding) == owner) return absl::OkStatus();
  AppendDealEvent(state, deciding)->mutable_assigned()->set_owner(owner);
  return absl::OkStatus();
}

absl::Status Decide(const v1::AssignDealRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string owner,
                           deciding->Refer("users", command.owner(), "owner"));
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return ChangeOwner(*state, owner, deciding);
}

}  // namespace recount::domain
