// Deals: stages and pipelines.
#include "absl/strings/str_cat.h"
#include "domain/deal.h"
#include "domain/deal_checks.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

// Into a stage of an open deal.
absl::Status EnterOpenStage(const DealState& state, const std::string& stage, bool keep_probability,
                            Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(state, *deciding));
  if (StageAt(state, *deciding).stage == stage) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckStageInstant(state, *deciding));
  v1::DealStageChanged* changed = AppendDealEvent(state, deciding)->mutable_stage_changed();
  changed->set_stage(stage);
  changed->set_keep_probability(keep_probability);
  return absl::OkStatus();
}

// Of an open deal, into another pipeline. What came later would be stages of another pipeline.
absl::Status EnterPipeline(const DealState& state, const std::string& pipeline,
                           const std::string& stage, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckAfterLastStage(state, *deciding));
  RECOUNT_RETURN_IF_ERROR(CheckStageInstant(state, *deciding));
  v1::DealMovedToPipeline* moved = AppendDealEvent(state, deciding)->mutable_moved_to_pipeline();
  moved->set_pipeline(pipeline);
  moved->set_stage(stage);
  return absl::OkStatus();
}

// Stages of delivery come after winning (decisions.md 6).
absl::Status EnterDelivery(const DealState& state, const v1::ChangeDealStageRequest& command,
                           Deciding* deciding) {
  if (state.deal.outcome() == v1::DEAL_OUTCOME_UNSPECIFIED) {
    return Refuse(
        v1::DEAL_OPEN,
        absl::StrCat("the stage '", command.stage(), "' comes after winning; win the deal first"),
        "deal");
  }
  if (state.deal.outcome() == v1::DEAL_OUTCOME_LOST)
    return Refuse(v1::DEAL_CLOSED, "the deal is lost", "deal");
  if (deciding->moment().at.micros < state.outcome.micros) {
    return Conflict("the deal was not won by then", "outcome", state.outcome, *deciding);
  }
  if (StageAt(state, *deciding).stage == command.stage()) return absl::OkStatus();
  RECOUNT_RETURN_IF_ERROR(CheckStageInstant(state, *deciding));
  AppendDealEvent(state, deciding)->mutable_stage_changed()->set_stage(command.stage());
  return absl::OkStatus();
}

}  // namespace

absl::Status Decide(const v1::ChangeDealStageRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  const v1::PipelinesRule& rule = deciding->rules().Pipelines(deciding->moment().day);
  RECOUNT_ASSIGN_OR_RETURN(const v1::Pipeline* pipeline,
                           FindPipeline(rule, StageAt(*state, *deciding).pipeline));
  RECOUNT_ASSIGN_OR_RETURN(const v1::Stage* stage, FindStage(rule, *pipeline, command.stage()));
  switch (stage->meaning()) {
    case v1::STAGE_MEANING_WON:
      return Win(*state, std::nullopt, command.stage(), deciding);
    case v1::STAGE_MEANING_LOST:
      return Lose(*state, command.stage(), command.lost_reason(), "", deciding);
    case v1::STAGE_MEANING_DELIVERY:
      return EnterDelivery(*state, command, deciding);
    default:
      return EnterOpenStage(*state, command.stage(), command.keep_probability(), deciding);
  }
}

absl::Status Decide(const v1::MoveDealToPipelineRequest& command, Deciding* deciding) {
  if (command.pipeline().empty())
    return Refuse(v1::FIELD_REQUIRED, "say which pipeline", "pipeline");
  RECOUNT_ASSIGN_OR_RETURN(const DealState* state,
                           deciding->TargetAs<DealState>("deals", command.deal(), "deal"));
  const v1::PipelinesRule& rule = deciding->rules().Pipelines(deciding->moment().day);
  RECOUNT_ASSIGN_OR_RETURN(const v1::Pipeline* pipeline, FindPipeline(rule, command.pipeline()));
  RECOUNT_ASSIGN_OR_RETURN(const v1::Stage* stage, FindOpenStage(rule, *pipeline, command.stage()));
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(*state, *deciding));
  const StageSet& now = StageAt(*state, *deciding);
  if (now.pipeline == pipeline->id()) {
    if (command.stage().empty() || command.stage() == now.stage) return absl::OkStatus();
    return Refuse(v1::FIELD_INVALID,
                  "the deal is in that pipeline already; to change its stage use ChangeDealStage",
                  "pipeline");
  }
  return EnterPipeline(*state, pipeline->id(), stage->id(), deciding);
}

absl::Status ChangePlace(const DealState& state, const std::string& pipeline,
                         const std::string& stage, Deciding* deciding) {
  const StageSet now = StageAt(state, *deciding);
  const std::string& into = pipeline.empty() ? now.pipeline : pipeline;
  if (into == now.pipeline && (stage.empty() || stage == now.stage)) return absl::OkStatus();
  const v1::PipelinesRule& rule = deciding->rules().Pipelines(deciding->moment().day);
  RECOUNT_ASSIGN_OR_RETURN(const v1::Pipeline* found, FindPipeline(rule, into));
  RECOUNT_ASSIGN_OR_RETURN(const v1::Stage* open, FindOpenStage(rule, *found, stage));
  if (into == now.pipeline)
    return EnterOpenStage(state, open->id(), /*keep_probability=*/false, deciding);
  RECOUNT_RETURN_IF_ERROR(CheckDealIsOpen(state, *deciding));
  return EnterPipeline(state, found->id(), open->id(), deciding);
}

}  // namespace recount::domain
