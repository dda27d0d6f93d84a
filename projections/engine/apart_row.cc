#include "projections/engine/apart_row.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/resolve.h"

namespace recount::projections {
namespace {

absl::Status Invalid(const std::string& place, absl::string_view message) {
  return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat(place, ": ", message), place, {{"place", place}});
}

// Their numbers stand in the columns of the report's.
absl::Status CheckTypes(const Query& query, const Query& apart) {
  for (const QueryMeasure& measure : apart.all_measures) {
    const auto same = std::find_if(query.all_measures.begin(), query.all_measures.end(), [&](const QueryMeasure& other) {
      return other.measure->id() == measure.measure->id();
    });
    const std::string place = absl::StrCat("aggregate.apart.measures[", measure.measure->id(), "]");
    if (measure.type == Type::kMoney) return Invalid(place, "a row apart has no money: it is of no currency");
    if (same == query.all_measures.end() || same->type != measure.type) return Invalid(place, "its type is not that of the report's");
  }
  return absl::OkStatus();
}

void NoteLeftOut(const Query& query, absl::string_view why, Answer* answer) {
  const v1::ReportDefinition& apart = query.definition->aggregate().apart();
  v1::Note* note = &answer->notes.emplace_back();
  note->set_code("ROW_LEFT_OUT");
  note->set_text(absl::StrCat("The row ", apart.id(), " is left out: the filter names what its records do not have: ", why));
}

AnswerRow RowOf(const Query& query, const Answer& apart, const Answer& answer) {
  const v1::ReportDefinition& definition = query.definition->aggregate().apart();
  AnswerRow row;
  row.apart = definition.id();
  row.apart_label = LabelOf(definition.labels(), query.language);
  for (const AnswerColumn& column : answer.columns) {
    Scalar& cell = row.cells.emplace_back();
    for (size_t i = 0; i < apart.columns.size(); ++i) {
      if (!column.is_key && apart.columns[i].column.id() == column.column.id()) cell = apart.rows[0].cells[i];
    }
  }
  return row;
}

}  // namespace

absl::Status CheckApart(const v1::ReportDefinition& definition) {
  if (!definition.aggregate().has_apart()) return absl::OkStatus();
  const v1::ReportDefinition& apart = definition.aggregate().apart();
  const std::string place = "aggregate.apart";
  if (!apart.has_aggregate() || apart.aggregate().has_apart()) return Invalid(place + ".aggregate", "it is an aggregate with nothing apart");
  if (apart.dimensions_size() + apart.default_group_by_size() > 0) return Invalid(place + ".dimensions", "one row has no groups");
  if (apart.parameters_size() > 0) return Invalid(place + ".parameters", "it has no parameters of its own");
  for (const v1::Measure& measure : apart.measures()) {
    const v1::Measure* same = FindMeasure(definition, measure.id());
    if (same != nullptr && IsMadeOfMeasures(same->function()) == IsMadeOfMeasures(measure.function())) continue;
    return Invalid(absl::StrCat(place, ".measures[", measure.id(), "]"), "the report has no such measure");
  }
  const bool same_modes = std::equal(apart.modes().begin(), apart.modes().end(), definition.modes().begin(), definition.modes().end(),
                                     [](const v1::Mode& a, const v1::Mode& b) { return a.id() == b.id(); });
  return same_modes ? absl::OkStatus() : Invalid(place + ".modes", "its modes are those of the report, in their order");
}

absl::StatusOr<std::unique_ptr<Query>> ResolveApart(const Query& query, const storage::v1::Pin& pin) {
  const v1::ReportDefinition& definition = query.definition->aggregate().apart();
  v1::ReportParameters parameters = query.parameters;
  parameters.clear_arguments();
  parameters.clear_group_by();
  parameters.add_group_by(std::string("-"));
  parameters.clear_measures();
  for (const v1::Measure& measure : definition.measures()) parameters.add_measures(measure.id());
  const ResolveInput input{query.context, &definition, std::move(parameters), query.language, &pin, query.substitution};
  storage::v1::Pin same;
  auto apart = Resolve(input, &same);
  if (!apart.ok()) return apart;
  if (auto status = CheckTypes(query, **apart); !status.ok()) return status;
  return apart;
}

absl::Status AddApartRow(const Query& query, const storage::v1::Pin& pin, Answer* answer) {
  if (!query.definition->aggregate().has_apart()) return absl::OkStatus();
  auto apart = ResolveApart(query, pin);
  if (domain::ReasonOf(apart.status()) == v1::FILTER_INVALID) {
    NoteLeftOut(query, apart.status().message(), answer);
    return absl::OkStatus();
  }
  if (!apart.ok()) return apart.status();
  auto counted = AggregateReports().Run(**apart);
  if (!(*apart)->halt->status().ok()) return (*apart)->halt->status();
  if (!counted.ok()) return counted.status();
  const std::vector<Scalar>& cells = counted->rows[0].cells;
  const bool is_empty = std::all_of(cells.begin(), cells.end(), [](const Scalar& cell) { return cell.number == kNull || cell.number == 0; });
  if (is_empty) return absl::OkStatus();
  AnswerRow row = RowOf(query, *counted, *answer);
  const bool shows = std::any_of(row.cells.begin(), row.cells.end(), [](const Scalar& cell) { return cell.number != kNull; });
  if (shows) answer->rows.push_back(std::move(row));
  return absl::OkStatus();
}

}  // namespace recount::projections
