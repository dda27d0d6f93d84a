// What decisions about deals ask of the rules in force and of the deal's past (decisions.md 4, 6).
#ifndef RECOUNT_DOMAIN_DEAL_CHECKS_H_
#define RECOUNT_DOMAIN_DEAL_CHECKS_H_

#include "domain/aggregate.h"
#include "domain/deciding.h"

namespace recount::domain {

// Of two times of which one is known to the day only, neither comes first within that day. For what
// the order of the fold does not depend on; elsewhere a day counts from its first instant.
bool IsBefore(const Instant& a, const Instant& b, const Calendar& calendar);

// What held at a command's moment.
const StageSet& StageAt(const DealState& state, const Deciding& deciding);
template <typename T>
const T& ValueAt(const Timeline<T>& timeline, const Deciding& deciding) {
  return *timeline.At(deciding.moment().at.micros);  // the creation's holds from the beginning
}

// BACKDATING_CONFLICT, with what it conflicts with and when.
absl::Status Conflict(absl::string_view message, absl::string_view with, const Instant& at,
                      const Deciding& deciding);
// The same if the moment lies before the deal's last stage change.
absl::Status CheckAfterLastStage(const DealState& state, const Deciding& deciding);

// Not before the creation.
absl::Status CheckDealIsThere(const DealState& state, const Deciding& deciding);
// There and open at the moment: else BACKDATING_CONFLICT, or DEAL_CLOSED if the command gave no
// time.
absl::Status CheckDealIsOpen(const DealState& state, const Deciding& deciding);
// Not between a former outcome and its reopening.
absl::Status CheckNotInClosedSpan(const DealState& state, const Deciding& deciding);
// May be closed at the moment: there, and no stage change, reopening or outcome comes later.
absl::Status CheckMayClose(const DealState& state, const Deciding& deciding);
// No other stage change at the very instant.
absl::Status CheckStageInstant(const DealState& state, const Deciding& deciding);

// Of the rules in force: UNKNOWN_PIPELINE; UNKNOWN_STAGE, STAGE_OF_OTHER_PIPELINE;
// STAGE_IS_OUTCOME.
absl::StatusOr<const v1::Pipeline*> FindPipeline(const v1::PipelinesRule& rule,
                                                 absl::string_view pipeline);
absl::StatusOr<const v1::Stage*> FindStage(const v1::PipelinesRule& rule,
                                           const v1::Pipeline& pipeline, absl::string_view stage);
// An open stage; an empty id means the pipeline's first one.
absl::StatusOr<const v1::Stage*> FindOpenStage(const v1::PipelinesRule& rule,
                                               const v1::Pipeline& pipeline,
                                               absl::string_view stage);

// A value that a deal may have: none, or not negative.
absl::StatusOr<Amount> CheckAmount(bool is_given, const google::type::Money& value,
                                   absl::string_view field);

// Parts of decisions that several commands need.
v1::DealEvent* AppendDealEvent(const DealState& state, Deciding* deciding);
absl::Status ChangeValue(const DealState& state, const Amount& value, Deciding* deciding);
absl::Status ChangeExpectedClose(const DealState& state, const std::optional<int32_t>& day,
                                 Deciding* deciding);
absl::Status ChangeOwner(const DealState& state, const std::string& owner, Deciding* deciding);
// Into an open stage, from the command's moment on; an empty pipeline means the one of then, an empty
// stage any of it.
absl::Status ChangePlace(const DealState& state, const std::string& pipeline,
                         const std::string& stage, Deciding* deciding);
absl::Status OverrideProbability(const DealState& state, uint32_t probability_bp, bool keep,
                                 Deciding* deciding);
// FIELD_INVALID beyond 10,000 basis points.
absl::Status CheckProbability(uint32_t probability_bp);
// STAGE: the outcome stage, empty: the pipeline's only one, if it has one.
absl::Status Win(const DealState& state, const std::optional<Amount>& value,
                 absl::string_view stage, Deciding* deciding);
absl::Status Lose(const DealState& state, absl::string_view stage, absl::string_view reason,
                  absl::string_view competitor, Deciding* deciding);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_DEAL_CHECKS_H_
