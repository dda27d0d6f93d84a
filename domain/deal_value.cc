// Deals: value, expected close, probability by hand.
#include "absl/strings/str_cat.h"
#include "domain/deal.h"
#include "domain/deal_checks.h"
#include "domain/money.h"
#include "domain/refusal.h"

namespace recount::domain {

absl::Status ChangeValue(const DealState& state, const Amount& value, Deciding* deciding) {
  if (state.deal.outcome() ==
      v1::DEAL_OUTCOME_WON) {  // its value may be restated (decisions.md 24)
    RECOUNT_RETURN_IF_ERROR(CheckDealIsThere(state, *deciding));
    RECOUNT_RETURN_IF_ERROR(CheckNotInClosedSpan(state, *deciding));
  } else {
    RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(state, *deciding));
  }
  if (ValueAt(state.value, *deciding) == value) return absl::OkStatus();
  v1::DealValueChanged* changed = AppendDealEvent(state, deciding)->mutable_value_changed();
  if (!value.currency.empty())
    *changed->mutable_value() = MoneyFromMinor(value.minor, value.currency);
  return absl::OkStatus();
}

absl::Status ChangeExpectedClose(const DealState& state, const std::optional<int32_t>& day,
                                 Deciding* deciding) {
  if (ValueAt(state.expected_close, *deciding) == day) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(state, *deciding));
  v1::DealExpectedCloseChanged* changed =
      AppendDealEvent(state, deciding)->mutable_expected_close_changed();
  if (day.has_value()) *changed->mutable_expected_close() = DateFromDay(*day);
  return absl::OkStatus();
}

absl::Status Decide(const v1::ChangeDealValueRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Amount value,
                           CheckAmount(command.has_value(), command.value(), "value"));
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return ChangeValue(*state, value, deciding);
}

absl::Status Decide(const v1::ChangeDealExpectedCloseRequest& command, Deciding* deciding) {
  std::optional<int32_t> day;
  if (command.has_expected_close()) {
    RECOUNT_ASSIGN_OR_RETURN(day, DayFromDate(command.expected_close(), "expected_close"));
  }
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return ChangeExpectedClose(*state, day, deciding);
}

absl::Status CheckProbability(uint32_t probability_bp) {
  if (probability_bp <= 10000) return absl::OkStatus();
  return Refuse(v1::FIELD_INVALID,
                absl::StrCat("a probability lies within 0 and 10,000 basis points, ",
                             probability_bp, " does not"),
                "probability_bp");
}

absl::Status OverrideProbability(const DealState& state, uint32_t probability_bp, bool keep,
                                 Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(state, *deciding));
  v1::DealProbabilityOverridden* overridden =
      AppendDealEvent(state, deciding)->mutable_probability_overridden();
  overridden->set_probability_bp(probability_bp);
  overridden->set_keep(keep);
  return absl::OkStatus();
}

absl::Status Decide(const v1::OverrideDealProbabilityRequest& command, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckProbability(command.probability_bp()));
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(*state, *deciding));
  const ProbabilityStep now = ProbabilityAt(*state, deciding->moment().at.micros);
  if (!command.has_probability_bp()) {
    if (now.bp.has_value()) AppendDealEvent(*state, deciding)->mutable_probability_cleared();
    return absl::OkStatus();
  }
  if (now == ProbabilityStep{.bp = command.probability_bp(), .keep = command.keep()})
    return absl::OkStatus();
  return OverrideProbability(*state, command.probability_bp(), command.keep(), deciding);
}

}  // namespace recount::domain
