#include "domain/deal_checks.h"

#include "absl/strings/str_cat.h"
#include "domain/deal.h"
#include "domain/money.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

std::string TextOf(const Instant& at) {
  return absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(at.micros), absl::UTCTimeZone());
}

bool IsExact(const Instant& at) { return at.precision != v1::PRECISION_DAY; }

const v1::Stage* FindIn(const v1::Pipeline& pipeline, absl::string_view stage) {
  for (const v1::Stage& known : pipeline.stages()) {
    if (known.id() == stage) return &known;
  }
  return nullptr;
}

}  // namespace

bool IsBefore(const Instant& a, const Instant& b, const Calendar& calendar) {
  if (a.micros >= b.micros) return false;
  return (IsExact(a) && IsExact(b)) || calendar.DayOf(a.micros) < calendar.DayOf(b.micros);
}

const StageSet& StageAt(const DealState& state, const Deciding& deciding) {
  return ValueAt(state.stages, deciding);
}

absl::Status Conflict(absl::string_view message, absl::string_view with, const Instant& at,
                      const Deciding& deciding) {
  const std::string time = TextOf(at);
  const bool is_same_day = deciding.context().calendar->DayOf(at.micros) == deciding.moment().day;
  const absl::string_view hint = is_same_day && !IsExact(deciding.moment().at)
                                     ? "; a day counts from its first instant: give the time of day"
                                     : "";
  return Refuse(v1::BACKDATING_CONFLICT, absl::StrCat(message, " (", with, " at ", time, ")", hint),
                "header.occurred", {{"conflicting_event", with}, {"conflicting_time", time}});
}

absl::Status CheckAfterLastStage(const DealState& state, const Deciding& deciding) {
  const Instant& last = state.stages.entries().back().at;
  if (deciding.moment().at.micros >= last.micros) return absl::OkStatus();
  return Conflict("the deal changed its stage after that", "stage_change", last, deciding);
}

absl::Status CheckDealIsThere(const DealState& state, const Deciding& deciding) {
  if (!IsBefore(deciding.moment().at, state.created, *deciding.context().calendar))
    return absl::OkStatus();
  return Conflict("a deal cannot change before it was created", "creation", state.created,
                  deciding);
}

absl::Status CheckNotInClosedSpan(const DealState& state, const Deciding& deciding) {
  const int64_t micros = deciding.moment().at.micros;
  for (const ClosedSpan& span : state.closed_spans) {
    if (micros >= span.from.micros && micros < span.to.micros) {
      return Conflict("the deal was closed then, and reopened later", "outcome", span.from,
                      deciding);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDealIsOpen(const DealState& state, const Deciding& deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckDealIsThere(state, deciding));
  const int64_t micros = deciding.moment().at.micros;
  if (state.deal.outcome() != v1::DEAL_OUTCOME_UNSPECIFIED && micros >= state.outcome.micros) {
    if (deciding.moment().is_given)
      return Conflict("the deal was closed by then", "outcome", state.outcome, deciding);
    return Refuse(v1::DEAL_CLOSED, "the deal is closed; reopen it first", "deal",
                  {{"closed_time", TextOf(state.outcome)}});
  }
  return CheckNotInClosedSpan(state, deciding);
}

absl::Status CheckMayClose(const DealState& state, const Deciding& deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckDealIsThere(state, deciding));
  RECOUNT_RETURN_IF_ERROR(CheckAfterLastStage(state, deciding));
  for (const ClosedSpan& span : state.closed_spans) {
    if (deciding.moment().at.micros >= span.to.micros) continue;
    return Conflict("the deal was reopened after that", "reopening", span.to, deciding);
  }
  return absl::OkStatus();
}

absl::Status CheckStageInstant(const DealState& state, const Deciding& deciding) {
  const Instant& at = deciding.moment().at;
  // Commands of one batch may share the server's time: they are in order by their positions.
  if (!deciding.moment().is_given || !IsExact(at)) return absl::OkStatus();
  for (const auto& entry : state.stages.entries()) {
    if (entry.at.micros == at.micros && IsExact(entry.at)) {
      return Conflict("the deal changed its stage at this very instant", "stage_change", entry.at,
                      deciding);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const v1::Pipeline*> FindPipeline(const v1::PipelinesRule& rule,
                                                 absl::string_view pipeline) {
  if (pipeline.empty() && !rule.pipelines().empty()) return &rule.pipelines(0);
  for (const v1::Pipeline& known : rule.pipelines()) {
    if (known.id() == pipeline) return &known;
  }
  if (rule.pipelines().empty()) {
    return Refuse(v1::UNKNOWN_PIPELINE,
                  "no pipelines are in force on that day; publish the rule `pipelines` first",
                  "pipeline");
  }
  return Refuse(v1::UNKNOWN_PIPELINE,
                absl::StrCat("no pipeline '", pipeline, "' is in force on that day"), "pipeline");
}

absl::StatusOr<const v1::Stage*> FindStage(const v1::PipelinesRule& rule,
                                           const v1::Pipeline& pipeline, absl::string_view stage) {
  if (const v1::Stage* found = FindIn(pipeline, stage)) return found;
  if (stage.empty()) return Refuse(v1::FIELD_REQUIRED, "say which stage", "stage");
  for (const v1::Pipeline& other : rule.pipelines()) {
    if (FindIn(other, stage) == nullptr) continue;
    return Refuse(v1::STAGE_OF_OTHER_PIPELINE,
                  absl::StrCat("the stage '", stage, "' belongs to the pipeline '", other.id(),
                               "', not to '", pipeline.id(), "'"),
                  "stage", {{"pipeline", other.id()}});
  }
  return Refuse(v1::UNKNOWN_STAGE, absl::StrCat("no stage '", stage, "' is in force on that day"),
                "stage");
}

absl::StatusOr<const v1::Stage*> FindOpenStage(const v1::PipelinesRule& rule,
                                               const v1::Pipeline& pipeline,
                                               absl::string_view stage) {
  const v1::Stage* found =
      stage.empty() && !pipeline.stages().empty() ? &pipeline.stages(0) : nullptr;
  if (found == nullptr) {
    RECOUNT_ASSIGN_OR_RETURN(found, FindStage(rule, pipeline, stage));
  }
  if (found->meaning() != v1::STAGE_MEANING_UNSPECIFIED) {
    return Refuse(v1::STAGE_IS_OUTCOME,
                  absl::StrCat("the stage '", found->id(), "' is not one of an open deal"),
                  "stage");
  }
  return found;
}

absl::StatusOr<Amount> CheckAmount(bool is_given, const google::type::Money& value,
                                   absl::string_view field) {
  if (!is_given) return Amount();
  RECOUNT_ASSIGN_OR_RETURN(const int64_t minor, MinorFromMoney(value, field));
  if (minor < 0) return Refuse(v1::AMOUNT_INVALID, "the amount is negative", field);
  return Amount{minor, value.currency_code()};
}

v1::DealEvent* AppendDealEvent(const DealState& state, Deciding* deciding) {
  const v1::RecordInfo& info = state.deal.info();
  return deciding->Append(info.name(), info.data_subject())->mutable_deal();
}

}  // namespace recount::domain
