// Deals (domain.md A-06): decisions in deal_details, deal_stages, deal_value and deal_outcome,
// evolution in deal_state.
#ifndef RECOUNT_DOMAIN_DEAL_H_
#define RECOUNT_DOMAIN_DEAL_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

// deal_details.cc
absl::Status Decide(const v1::CreateDealRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeDealDetailsRequest& command, Deciding* deciding);
absl::Status Decide(const v1::AssignDealRequest& command, Deciding* deciding);
// deal_stages.cc
absl::Status Decide(const v1::ChangeDealStageRequest& command, Deciding* deciding);
absl::Status Decide(const v1::MoveDealToPipelineRequest& command, Deciding* deciding);
// deal_value.cc
absl::Status Decide(const v1::ChangeDealValueRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ChangeDealExpectedCloseRequest& command, Deciding* deciding);
absl::Status Decide(const v1::OverrideDealProbabilityRequest& command, Deciding* deciding);
// deal_outcome.cc
absl::Status Decide(const v1::WinDealRequest& command, Deciding* deciding);
absl::Status Decide(const v1::LoseDealRequest& command, Deciding* deciding);
absl::Status Decide(const v1::ReopenDealRequest& command, Deciding* deciding);
absl::Status Decide(const v1::CompleteDealRequest& command, Deciding* deciding);

// deal_state.cc
// The probability set by hand that holds at a moment.
ProbabilityStep ProbabilityAt(const DealState& state, int64_t micros);
void EvolveDeal(const v1::DealEvent& event, const EventMeta& meta, DealState* state);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_DEAL_H_
