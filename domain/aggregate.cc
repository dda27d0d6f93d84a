#include "domain/aggregate.h"

#include "domain/deal.h"
#include "domain/identities.h"
#include "domain/lead.h"
#include "domain/organization.h"
#include "domain/person.h"
#include "domain/product.h"
#include "domain/rules.h"

namespace recount::domain {
namespace {

// The state as one of its kinds, made if it is not there: Evolve never judges.
template <typename T>
T* As(State* state) {
  if (T* there = std::get_if<T>(state)) return there;
  return &state->emplace<T>();
}

// The record message in a state; nullptr of google::protobuf::Message for those that are none.
auto* RecordIn(auto& of) {
  using Of = std::remove_const_t<std::remove_reference_t<decltype(of)>>;
  if constexpr (std::is_same_v<Of, LeadState>) {
    return &of.lead;
  } else if constexpr (std::is_same_v<Of, DealState>) {
    return &of.deal;
  } else if constexpr (std::is_base_of_v<google::protobuf::Message, Of>) {
    return &of;
  } else {
    return static_cast<google::protobuf::Message*>(nullptr);
  }
}

}  // namespace

bool Exists(const State& state) { return !std::holds_alternative<std::monostate>(state); }

const google::protobuf::Message* ResourceOf(const State& state) {
  return std::visit([](const auto& of) -> const google::protobuf::Message* { return RecordIn(of); },
                    state);
}

const v1::RecordInfo* InfoOf(const State& state) {
  return std::visit(
      [](const auto& of) -> const v1::RecordInfo* {
        const auto* record = RecordIn(of);
        if constexpr (requires { record->info(); }) return &record->info();
        return nullptr;
      },
      state);
}

v1::RecordInfo* MutableInfoOf(State* state) {
  return std::visit(
      [](auto& of) -> v1::RecordInfo* {
        auto* record = RecordIn(of);
        if constexpr (requires { record->mutable_info(); }) return record->mutable_info();
        return nullptr;
      },
      *state);
}

void Evolve(const v1::EventPayload& payload, const EventMeta& meta, State* state) {
  switch (payload.aggregate_case()) {
    case v1::EventPayload::kLead:
      EvolveLead(payload.lead(), meta, As<LeadState>(state));
      break;
    case v1::EventPayload::kPerson:
      EvolvePerson(payload.person(), meta, As<v1::Person>(state));
      break;
    case v1::EventPayload::kOrganization:
      EvolveOrganization(payload.organization(), meta, As<v1::Organization>(state));
      break;
    case v1::EventPayload::kDeal:
      EvolveDeal(payload.deal(), meta, As<DealState>(state));
      break;
    case v1::EventPayload::kProduct:
      EvolveProduct(payload.product(), meta, As<v1::Product>(state));
      break;
    case v1::EventPayload::kUser:
      EvolveUser(payload.user(), meta, As<v1::User>(state));
      break;
    case v1::EventPayload::kTeam:
      EvolveTeam(payload.team(), meta, As<v1::Team>(state));
      break;
    case v1::EventPayload::kOrgUnit:
      EvolveOrgUnit(payload.org_unit(), meta, As<v1::OrgUnit>(state));
      break;
    case v1::EventPayload::kRule:
      EvolveRuleKind(payload.rule(), meta, As<RuleKindState>(state));
      break;
    case v1::EventPayload::kDraft:
      EvolveDraft(payload.draft(), meta, As<DraftState>(state));
      break;
    case v1::EventPayload::kTenant:
      if (payload.tenant().has_created())
        As<TenantState>(state)->tenant = payload.tenant().created().tenant();
      break;
    case v1::EventPayload::AGGREGATE_NOT_SET:
      return;
  }
  if (v1::RecordInfo* info = MutableInfoOf(state)) {
    info->set_name(std::string(meta.stream));
    info->set_revision(meta.revision);
    info->set_position(meta.position);
  }
}

}  // namespace recount::domain
