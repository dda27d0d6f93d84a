#include "projections/engine/engine_run.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/apart_row.h"
#include "projections/engine/definition_check.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/order.h"
#include "projections/engine/sight.h"
#include "projections/engine/subjects_read.h"

namespace recount::projections {

absl::StatusOr<const v1::ReportDefinition*> FindDefinition(const Catalogue& catalogue, const v1::RunReportRequest& request,
                                                           uint32_t version) {
  const v1::ReportDefinition* definition = request.has_definition() ? &request.definition() : catalogue.Find(request.report());
  if (request.has_definition() && !request.report().empty()) {
    return domain::Refuse(v1::PARAMETER_INVALID, "give `report` or `definition`, not both", "definition");
  }
  if (definition == nullptr) {
    std::vector<std::string> ids;
    for (const v1::ReportDefinition& known : catalogue.definitions()) ids.push_back(known.id());
    return domain::Refuse(v1::REPORT_NOT_FOUND, absl::StrCat("no report `", request.report(), "`; there is: ", absl::StrJoin(ids, ", ")),
                          "report");
  }
  if (version != 0 && definition->version() != version) {
    return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("the definition of `", definition->id(), "` has changed since: ask again"),
                          "page_token");
  }
  if (request.has_definition()) {
    if (auto status = CheckForm(*definition); !status.ok()) return status;
  }
  return definition;
}

namespace {

// An unfinished period is compared with as many working days of the one before (decisions.md 23).
std::optional<int32_t> CutDay(const Query& first, const domain::Period& before) {
  const domain::Calendar& calendar = first.calendar();
  const domain::Period& period = first.period;
  const int32_t today = first.world->rules().day;
  const bool bounded = period.first_day && period.last_day && before.first_day && before.last_day;
  if (!bounded || today < *period.first_day) return std::nullopt;
  // The last day belongs to it as long as it lasts: an instant includes what occurred at it.
  if (first.moment().valid_at >= calendar.EndOf(*period.last_day) - 1) return std::nullopt;
  int elapsed = 0;
  for (int32_t day = *period.first_day; day <= today; ++day) elapsed += calendar.IsWorkingDay(day);
  int32_t cut = *before.first_day - 1;
  for (int32_t day = *before.first_day; day <= *before.last_day && elapsed > 0; ++day) {
    if (calendar.IsWorkingDay(day)) --elapsed;
    cut = day;
  }
  return elapsed > 0 ? *before.last_day : cut;
}

std::string DayText(const std::optional<int32_t>& day) { return day ? domain::FormatDay(*day) : ""; }

}  // namespace

absl::StatusOr<v1::ReportParameters> ComparedParameters(const v1::Comparison& comparison, const Query& first,
                                                        std::optional<int32_t>* last_day) {
  v1::ReportParameters parameters = first.parameters;
  if (comparison.prior_period() && !comparison.period().empty()) {
    return domain::Refuse(v1::PARAMETER_INVALID, "compare with the prior period or with another one, not both", "compare.period");
  }
  if (comparison.prior_period()) {
    const domain::Period before = first.calendar().Before(first.period_text, first.period);
    if (!before.first_day || !before.last_day) {
      return domain::Refuse(v1::PARAMETER_INVALID, "only a period with both ends has one before it", "compare.prior_period");
    }
    parameters.set_period(absl::StrCat(DayText(before.first_day), "..", DayText(before.last_day)));
    *last_day = CutDay(first, before);
  }
  if (!comparison.period().empty()) parameters.set_period(comparison.period());
  if (comparison.has_as_of()) *parameters.mutable_as_of() = comparison.as_of();
  if (comparison.has_valid_at()) *parameters.mutable_valid_at() = comparison.valid_at();
  if (comparison.has_rule_basis()) *parameters.mutable_rule_basis() = comparison.rule_basis();
  return parameters;
}

namespace {

// The compared run: what is not replaced stays as the first run had it, also the moment.
absl::StatusOr<std::unique_ptr<Query>> ResolveCompared(const v1::ReportDefinition& definition, const EngineContext& context,
                                                       const Query& first, storage::v1::ReportToken* token) {
  const v1::RunReportRequest& request = token->request();
  std::optional<int32_t> last_day;
  auto parameters = ComparedParameters(request.compare(), first, &last_day);
  if (!parameters.ok()) return parameters.status();
  const bool pinned = token->has_compared();
  ResolveInput input{&context, &definition, std::move(*parameters), request.language(), pinned ? &token->compared() : nullptr};
  storage::v1::Pin pin;
  if (pinned) pin = token->compared();
  if (last_day) pin.set_last_day(*last_day);
  auto query = Resolve(input, &pin);
  if (query.ok()) *token->mutable_compared() = pin;
  return query;
}

}  // namespace

namespace {

// A lead that is hidden gives its deal no date of capture, and a deal that is hidden does not count for its lead: that is said.
void NoteHiddenReferences(const Query& query, Answer* answer) {
  if (query.world->options().sight == nullptr) return;
  if (query.definition->has_timeline() && ArgumentOf(query, "linked") != "yes") return;
  std::set<std::string> subjects;
  AddSubjectsRead(query, &subjects);
  const bool reads_others = std::any_of(subjects.begin(), subjects.end(), [&](const std::string& id) {
    const Subject* subject = FindSubject(id);
    return subject != nullptr && subject->collection != query.subject->collection && HasOwners(*subject);
  });
  if (!reads_others) return;
  v1::Note& note = answer->notes.emplace_back();
  note.set_code("HIDDEN_REFERENCES");
  note.set_text(absl::StrCat("Counted as if there were no records but those of ", query.basis.rights(),
                             ": what records refer to, or what refers to them, may be hidden."));
}

}  // namespace

// What a shape makes when it is halted is none.
absl::StatusOr<Answer> RunQuery(const Query& query, const storage::v1::Pin& pin) {
  auto answer = ShapeOf(*query.definition)->Run(query);
  if (!query.halt->status().ok()) return query.halt->status();
  if (!answer.ok()) return answer;
  if (auto status = AddApartRow(query, pin, &*answer); !status.ok()) return status;
  NoteHiddenReferences(query, &*answer);
  return answer;
}

absl::StatusOr<WholeAnswer> RunWhole(const v1::ReportDefinition& definition, const EngineContext& context,
                                     storage::v1::ReportToken* token) {
  const v1::RunReportRequest& request = token->request();
  WholeAnswer whole;
  const storage::v1::Pin fixed = token->pin();
  ResolveInput input{&context, &definition, request.parameters(), request.language(), token->has_pin() ? &fixed : nullptr};
  auto query = Resolve(input, token->mutable_pin());
  if (!query.ok()) return query.status();
  whole.query = std::move(*query);
  auto answer = RunQuery(*whole.query, token->pin());
  if (!answer.ok()) return answer.status();
  whole.answer = std::move(*answer);
  if (request.has_compare()) {
    if (definition.has_timeline() && whole.query->group_by.empty()) {
      return domain::Refuse(v1::PARAMETER_INVALID, "events are not compared one by one: give group_by, e.g. `type`", "compare");
    }
    auto compared = ResolveCompared(definition, context, *whole.query, token);
    if (!compared.ok()) return compared.status();
    whole.compared = std::move(*compared);
    auto second = RunQuery(*whole.compared, token->compared());
    if (!second.ok()) return second.status();
    whole.answer = Compare(*whole.query, std::move(whole.answer), *whole.compared, std::move(*second));
  }
  if (auto status = SortRows(*whole.query, request.sort(), &whole.answer); !status.ok()) return status;
  return whole;
}

absl::StatusOr<CellQueries> QueriesOfCell(const v1::ReportDefinition& definition, const EngineContext& context,
                                          const storage::v1::ReportToken& token) {
  const v1::RunReportRequest& request = token.request();
  storage::v1::Pin pin;
  ResolveInput input{&context, &definition, request.parameters(), request.language(), &token.pin()};
  auto first = Resolve(input, &pin);
  if (!first.ok()) return first.status();
  CellQueries queries;
  if (token.is_compared() || token.is_change()) {
    storage::v1::ReportToken copy = token;
    auto second = ResolveCompared(definition, context, **first, &copy);
    if (!second.ok()) return second.status();
    queries.compared = std::move(*second);
  }
  queries.query = std::move(*first);
  if (token.is_apart()) {
    for (const auto& [side, its_pin] : {std::pair(&queries.query, &token.pin()), std::pair(&queries.compared, &token.compared())}) {
      if (*side == nullptr) continue;
      auto apart = ResolveApart(**side, *its_pin);
      if (!apart.ok()) return apart.status();
      *side = std::move(*apart);
    }
  }
  if (token.is_compared()) queries.query = std::move(queries.compared);
  return queries;
}

}  // namespace recount::projections
