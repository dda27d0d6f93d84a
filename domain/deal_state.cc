// Deals: evolve.
#include "domain/deal.h"
#include "domain/money.h"
#include "domain/record.h"

namespace recount::domain {
namespace {

Amount AmountOf(const google::type::Money& money) {
  return {MinorFromMoney(money, "value").value_or(0), money.currency_code()};
}

std::optional<int32_t> DayOf(const google::type::Date& date) {
  return DayFromCivil(date.year(), date.month(), date.day());
}

// The resource shows what holds last.
void Show(DealState* state) {
  v1::Deal* deal = &state->deal;
  if (const StageSet* last = state->stages.Last()) {
    deal->set_pipeline(last->pipeline);
    deal->set_stage(last->stage);
  }
  if (const std::string* owner = state->owner.Last()) deal->set_owner(*owner);
  if (const Amount* value = state->value.Last()) {
    if (value->currency.empty()) {
      deal->clear_value();
    } else {
      *deal->mutable_value() = MoneyFromMinor(value->minor, value->currency);
    }
  }
  if (const std::optional<int32_t>* close = state->expected_close.Last()) {
    if (close->has_value()) {
      *deal->mutable_expected_close() = DateFromDay(**close);
    } else {
      deal->clear_expected_close();
    }
  }
  const ProbabilityStep by_hand = ProbabilityAt(*state, kOpenEnd);
  deal->clear_probability_bp();
  if (by_hand.bp.has_value()) deal->set_probability_bp(*by_hand.bp);
  deal->set_probability_kept(by_hand.keep);
}

void Begin(const v1::DealCreated& event, const EventMeta& meta, DealState* state) {
  const Instant first{kBeginning,
                      meta.precision};  // comes before all else, also a day that holds the creation
  v1::Deal* deal = &state->deal;
  BeginRecord(event, meta, deal->mutable_info());
  state->created = {meta.occurred_micros, meta.precision};
  deal->set_title(event.title());
  deal->set_lead(event.lead());
  deal->set_person(event.person());
  deal->set_organization(event.organization());
  deal->set_product(event.product());
  deal->set_next_step(event.next_step());
  deal->set_needs(event.needs());
  if (event.has_source()) *deal->mutable_source() = event.source();
  state->stages.Set(first, {event.pipeline(), event.stage()});
  state->owner.Set(first, event.owner());
  state->value.Set(first, event.has_value() ? AmountOf(event.value()) : Amount());
  state->expected_close.Set(
      first, event.has_expected_close() ? DayOf(event.expected_close()) : std::nullopt);
  if (event.has_probability_bp()) {
    state->probability.Set(first, {event.probability_bp()});
  }
}

// A stage change clears a probability set by hand before it, unless that is kept (decisions.md 16).
void EnterStage(const EventMeta& meta, StageSet stage, bool keep_probability, DealState* state) {
  const Instant at{meta.occurred_micros, meta.precision};
  state->stages.Set(at, std::move(stage));
  if (!keep_probability) state->probability.Set(at, {.by_stage = true});
}

void Close(v1::DealOutcome outcome, const EventMeta& meta, DealState* state) {
  state->deal.set_outcome(outcome);
  state->outcome = {meta.occurred_micros, meta.precision};
}

void Reopen(const EventMeta& meta, DealState* state) {
  state->closed_spans.push_back({state->outcome, {meta.occurred_micros, meta.precision}});
  state->outcome = {};
  state->deal.clear_outcome();
  state->deal.clear_lost_reason();
  state->deal.clear_competitor();
  state->deal.clear_completed();
}

// What happens to the record as such.
void EvolveRecordPart(const v1::DealEvent& event, const EventMeta& meta, v1::RecordInfo* info) {
  if (event.has_deleted()) EvolveRecord(event.deleted(), meta, info);
  if (event.has_restored()) EvolveRecord(event.restored(), meta, info);
  if (event.has_external_id_linked()) EvolveRecord(event.external_id_linked(), info);
}

}  // namespace

ProbabilityStep ProbabilityAt(const DealState& state, int64_t micros) {
  ProbabilityStep now;
  for (const auto& entry : state.probability.entries()) {
    if (entry.at.micros > micros) break;
    if (!entry.value.by_stage) {
      now = entry.value;
    } else if (!now.keep) {
      now = {};
    }
  }
  return now;
}

void EvolveDeal(const v1::DealEvent& event, const EventMeta& meta, DealState* state) {
  const Instant at{meta.occurred_micros, meta.precision};
  v1::Deal* deal = &state->deal;
  switch (event.event_case()) {
    case v1::DealEvent::kCreated:
      Begin(event.created(), meta, state);
      break;
    case v1::DealEvent::kDetailsChanged:
      state->past.Apply(at, event.details_changed(), deal);
      break;
    case v1::DealEvent::kStageChanged: {
      const StageSet* before = state->stages.At(meta.occurred_micros);
      const std::string pipeline = before == nullptr ? "" : before->pipeline;
      EnterStage(meta, {pipeline, event.stage_changed().stage()},
                 event.stage_changed().keep_probability(), state);
      break;
    }
    case v1::DealEvent::kValueChanged:
      state->value.Set(at, event.value_changed().has_value()
                               ? AmountOf(event.value_changed().value())
                               : Amount());
      break;
    case v1::DealEvent::kExpectedCloseChanged: {
      const v1::DealExpectedCloseChanged& changed = event.expected_close_changed();
      state->expected_close.Set(
          at, changed.has_expected_close() ? DayOf(changed.expected_close()) : std::nullopt);
      break;
    }
    case v1::DealEvent::kAssigned:
      state->owner.Set(at, event.assigned().owner());
      break;
    case v1::DealEvent::kProbabilityOverridden:
      state->probability.Set(at, {.bp = event.probability_overridden().probability_bp(),
                                  .keep = event.probability_overridden().keep()});
      break;
    case v1::DealEvent::kProbabilityCleared:
      state->probability.Set(at, {});
      break;
    case v1::DealEvent::kWon:
      Close(v1::DEAL_OUTCOME_WON, meta, state);
      break;
    case v1::DealEvent::kLost:
      Close(v1::DEAL_OUTCOME_LOST, meta, state);
      deal->set_lost_reason(event.lost().reason());
      deal->set_competitor(event.lost().competitor());
      break;
    case v1::DealEvent::kReopened:
      Reopen(meta, state);
      break;
    case v1::DealEvent::kCompleted:
      deal->set_completed(true);
      state->completed = at;
      break;
    case v1::DealEvent::kMovedToPipeline:
      EnterStage(meta, {event.moved_to_pipeline().pipeline(), event.moved_to_pipeline().stage()},
                 false, state);
      break;
    case v1::DealEvent::kDeleted:
    case v1::DealEvent::kRestored:
    case v1::DealEvent::kExternalIdLinked:
      EvolveRecordPart(event, meta, deal->mutable_info());
      break;
    case v1::DealEvent::kAnnotated:
      state->past.Apply(at, event.annotated(), deal);
      break;
    case v1::DealEvent::EVENT_NOT_SET:
      break;
  }
  Show(state);
}

}  // namespace recount::domain
