// Deals: winning, losing, reopening, completing (decisions.md 6, 7, 8).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/deal.h"
#include "domain/deal_checks.h"
#include "domain/reasons.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// The pipeline that a deal is in at the moment, by the rules in force; nullptr: it is gone from
// them.
const v1::Pipeline* PipelineOf(const DealState& state, const Deciding& deciding) {
  for (const v1::Pipeline& pipeline :
       deciding.rules().Pipelines(deciding.moment().day).pipelines()) {
    if (pipeline.id() == StageAt(state, deciding).pipeline) return &pipeline;
  }
  return nullptr;
}

// The stage that an outcome leads to: the one named, else the pipeline's only one of that meaning;
// empty: it has none.
absl::StatusOr<std::string> OutcomeStage(const DealState& state, v1::StageMeaning meaning,
                                         absl::string_view named, const Deciding& deciding) {
  const v1::Pipeline* pipeline = PipelineOf(state, deciding);
  if (!named.empty()) {
    const v1::PipelinesRule& rule = deciding.rules().Pipelines(deciding.moment().day);
    RECOUNT_ASSIGN_OR_RETURN(pipeline, FindPipeline(rule, StageAt(state, deciding).pipeline));
    RECOUNT_ASSIGN_OR_RETURN(const v1::Stage* stage, FindStage(rule, *pipeline, named));
    if (stage->meaning() == meaning) return stage->id();
    return Refuse(v1::FIELD_INVALID,
                  absl::StrCat("the stage '", named, "' does not have that meaning"), "stage");
  }
  std::string only;
  if (pipeline == nullptr) return only;
  for (const v1::Stage& stage : pipeline->stages()) {
    if (stage.meaning() != meaning) continue;
    if (!only.empty()) {
      return Refuse(v1::STAGE_AMBIGUOUS,
                    absl::StrCat("the pipeline '", pipeline->id(),
                                 "' has several such stages; name one, e.g. '", only, "' or '",
                                 stage.id(), "'"),
                    "stage");
    }
    only = stage.id();
  }
  return only;
}

absl::Status EnterStage(const DealState& state, const std::string& stage, Deciding* deciding) {
  if (stage.empty() || StageAt(state, *deciding).stage == stage) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckStageInstant(state, *deciding));
  AppendDealEvent(state, deciding)->mutable_stage_changed()->set_stage(stage);
  return absl::OkStatus();
}

absl::Status Closed(absl::string_view how) {
  return Refuse(v1::DEAL_CLOSED, absl::StrCat("the deal is ", how, " already; reopen it first"),
                "deal");
}

// Whether it was closed in that stage, as the rules have it now. An outcome and its stage come at
// one time.
bool WasClosedIn(const DealState& state, absl::string_view stage, const Deciding& deciding) {
  const StageBook stages(deciding.rules(), deciding.moment().day);
  const auto is_that = [&](const StageSet& set) {
    const StageBook::Entry* now = stages.Find(set.pipeline, set.stage);
    return set.stage == stage || (now != nullptr && now->stage->id() == stage);
  };
  const StageSet* last = state.stages.At(state.outcome.micros);
  if (last != nullptr && is_that(*last)) return true;
  const auto& entries = state.stages.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.at.micros == state.outcome.micros && is_that(entry.value);
  });
}

absl::Status CheckLostReason(const DealState& state, absl::string_view reason,
                             const Deciding& deciding) {
  const v1::Pipeline* pipeline = PipelineOf(state, deciding);
  if (reason.empty()) {
    if (pipeline == nullptr || !pipeline->lost_reason_required()) return absl::OkStatus();
    return Refuse(
        v1::REASON_REQUIRED,
        absl::StrCat("losing a deal of the pipeline '", pipeline->id(), "' needs a reason"),
        "reason");
  }
  return CheckReason(deciding.rules().Reasons(deciding.moment().day), reason, ReasonUse::kLostDeal);
}

// The last stage of an open deal that it was in, as the rules have it now.
absl::StatusOr<std::string> LastOpenStage(const DealState& state, const Deciding& deciding) {
  const StageBook stages(deciding.rules(), deciding.moment().day);
  const auto& entries = state.stages.entries();
  const std::string& pipeline = entries.back().value.pipeline;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->value.pipeline != pipeline) break;
    const StageBook::Entry* now = stages.Find(pipeline, entry->value.stage);
    if (now != nullptr && now->stage->meaning() == v1::STAGE_MEANING_UNSPECIFIED)
      return now->stage->id();
  }
  return Refuse(v1::FIELD_REQUIRED,
                "none of the deal's stages is in force any more; say which stage it goes to",
                "stage");
}

}  // namespace

absl::Status Win(const DealState& state, const std::optional<Amount>& value,
                 absl::string_view stage, Deciding* deciding) {
  if (state.deal.outcome() == v1::DEAL_OUTCOME_LOST) return Closed("lost");
  if (state.deal.outcome() == v1::DEAL_OUTCOME_WON) {
    if (!stage.empty() && !WasClosedIn(state, stage, *deciding)) {
      return Refuse(v1::DEAL_CLOSED, "the deal is won already in another stage; reopen it first",
                    "stage");
    }
    if (!value.has_value() || *value == *state.value.Last()) return absl::OkStatus();
    return Refuse(v1::DEAL_CLOSED,
                  "the deal is won already with another value; change that by ChangeDealValue",
                  "value");
  }
  RECOUNT_RETURN_IF_ERROR(CheckMayClose(state, *deciding));
  RECOUNT_ASSIGN_OR_RETURN(const std::string won,
                           OutcomeStage(state, v1::STAGE_MEANING_WON, stage, *deciding));
  if (value.has_value()) RECOUNT_RETURN_IF_ERROR(ChangeValue(state, *value, deciding));
  RECOUNT_RETURN_IF_ERROR(EnterStage(state, won, deciding));
  AppendDealEvent(state, deciding)->mutable_won();
  return absl::OkStatus();
}

absl::Status Lose(const DealState& state, absl::string_view stage, absl::string_view reason,
                  absl::string_view competitor, Deciding* deciding) {
  if (state.deal.outcome() == v1::DEAL_OUTCOME_WON) return Closed("won");
  if (state.deal.outcome() == v1::DEAL_OUTCOME_LOST) {
    const bool is_so = (reason.empty() || state.deal.lost_reason() == reason) &&
                       (competitor.empty() || state.deal.competitor() == competitor) &&
                       (stage.empty() || WasClosedIn(state, stage, *deciding));
    return is_so ? absl::OkStatus() : Closed("lost");
  }
  RECOUNT_RETURN_IF_ERROR(CheckMayClose(state, *deciding));
  const Instant& valued = state.value.entries().back().at;
  if (deciding->moment().at.micros < valued.micros) {
    return Conflict("the deal's value changed after that", "value_change", valued, *deciding);
  }
  RECOUNT_RETURN_IF_ERROR(CheckLostReason(state, reason, *deciding));
  RECOUNT_ASSIGN_OR_RETURN(const std::string lost,
                           OutcomeStage(state, v1::STAGE_MEANING_LOST, stage, *deciding));
  RECOUNT_RETURN_IF_ERROR(EnterStage(state, lost, deciding));
  v1::DealLost* event = AppendDealEvent(state, deciding)->mutable_lost();
  event->set_reason(std::string(reason));
  event->set_competitor(std::string(competitor));
  return absl::OkStatus();
}

absl::Status Decide(const v1::WinDealRequest& command, Deciding* deciding) {
  std::optional<Amount> value;
  if (command.has_value()) {
    RECOUNT_ASSIGN_OR_RETURN(value, CheckAmount(true, command.value(), "value"));
  }
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return Win(*state, value, command.stage(), deciding);
}

absl::Status Decide(const v1::LoseDealRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  return Lose(*state, command.stage(), command.reason(), command.competitor(), deciding);
}

absl::Status Decide(const v1::ReopenDealRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  if (state->deal.outcome() == v1::DEAL_OUTCOME_UNSPECIFIED)
    return Refuse(v1::DEAL_OPEN, "the deal is open", "deal");
  if (deciding->moment().at.micros < state->outcome.micros) {
    return Conflict("the deal was closed after that", "outcome", state->outcome, *deciding);
  }
  if (state->deal.completed() && deciding->moment().at.micros < state->completed.micros) {
    return Conflict("the deal was completed after that", "completion", state->completed, *deciding);
  }
  RECOUNT_RETURN_IF_ERROR(CheckAfterLastStage(*state, *deciding));
  std::string stage = command.stage();
  if (stage.empty()) {
    RECOUNT_ASSIGN_OR_RETURN(stage, LastOpenStage(*state, *deciding));
  } else {
    const v1::PipelinesRule& rule = deciding->rules().Pipelines(deciding->moment().day);
    RECOUNT_ASSIGN_OR_RETURN(const v1::Pipeline* pipeline,
                             FindPipeline(rule, StageAt(*state, *deciding).pipeline));
    RECOUNT_RETURN_IF_ERROR(FindOpenStage(rule, *pipeline, stage).status());
  }
  AppendDealEvent(*state, deciding)->mutable_reopened()->set_reason(command.reason());
  return EnterStage(*state, stage, deciding);
}

absl::Status Decide(const v1::CompleteDealRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  switch (state->deal.outcome()) {
    case v1::DEAL_OUTCOME_LOST:
      return Refuse(v1::DEAL_CLOSED, "a lost deal cannot be completed", "deal");
    case v1::DEAL_OUTCOME_WON:
      break;
    default:
      return Refuse(v1::DEAL_OPEN, "only a won deal can be completed", "deal");
  }
  if (state->deal.completed()) return absl::OkStatus();
  if (deciding->moment().at.micros < state->outcome.micros) {
    return Conflict("the deal was not won by then", "outcome", state->outcome, *deciding);
  }
  AppendDealEvent(*state, deciding)->mutable_completed();
  return absl::OkStatus();
}

}  // namespace recount::domain
