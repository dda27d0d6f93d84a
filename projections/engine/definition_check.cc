#include "projections/engine/definition_check.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/apart_row.h"
#include "projections/engine/shape.h"

namespace recount::projections {
namespace {

absl::Status Invalid(const std::string& place, absl::string_view message) {
  return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat(place, ": ", message), place, {{"place", place}});
}

// Ids become columns, and stand in sort, group_by and arguments.
bool IsName(absl::string_view id) {
  for (const char c : id) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return !id.empty();
}

class Names {
 public:
  template <typename Parts>
  absl::Status Add(absl::string_view of, const Parts& parts) {
    for (const auto& part : parts) {
      const std::string place = absl::StrCat(of, "[", part.id(), "]");
      if (!IsName(part.id())) return Invalid(place, "an id consists of letters, digits and _");
      if (!seen_.insert(part.id()).second) return Invalid(place, "the id is there twice");
    }
    return absl::OkStatus();
  }
  void Reserve(absl::string_view id) { seen_.insert(std::string(id)); }

 private:
  std::set<std::string> seen_;
};

absl::Status CheckNames(const v1::ReportDefinition& definition) {
  Names columns, events, modes, parameters;
  if (definition.has_aggregate()) columns.Reserve("currency");
  if (definition.has_list()) columns.Reserve("record");
  for (absl::Status added : {columns.Add("dimensions", definition.dimensions()), columns.Add("measures", definition.measures()),
                             columns.Add("list.columns", definition.list().columns()),
                             events.Add("timeline.columns", definition.timeline().columns()),
                             modes.Add("modes", definition.modes()), parameters.Add("parameters", definition.parameters())}) {
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

// Only aggregates have measures of the caller's own; movements and timelines have their own time.
absl::Status CheckNothingIsPassedOver(const v1::ReportDefinition& definition) {
  const bool own_time = definition.has_movement() || definition.has_timeline();
  for (const v1::Measure& measure : definition.measures()) {
    if (definition.has_aggregate()) break;
    const std::string place = absl::StrCat("measures[", measure.id(), "]");
    if (definition.has_list()) return Invalid(place, "this shape has no measures");
    if (!measure.where().empty()) return Invalid(place + ".where", "this shape counts by itself: filter the report");
    if (!measure.axis().empty()) return Invalid(place + ".axis", "this shape has no axis of each measure's own");
    if (!measure.subject().empty()) return Invalid(place + ".subject", "only aggregates count facts of another subject");
  }
  for (const v1::Dimension& dimension : definition.dimensions()) {
    if (dimension.side() == v1::MOVEMENT_SIDE_UNSPECIFIED || definition.has_movement()) continue;
    return Invalid(absl::StrCat("dimensions[", dimension.id(), "].side"), "only movements have changes with two sides");
  }
  for (const v1::Mode& mode : definition.modes()) {
    const std::string place = absl::StrCat("modes[", mode.id(), "]");
    if (mode.by_measure_axis() && !definition.has_aggregate()) return Invalid(place, "only aggregates go by measure axis");
    if (!mode.axis().empty() && own_time) return Invalid(place + ".axis", "this shape has its own time");
    if (!mode.where().empty() && definition.has_timeline()) return Invalid(place + ".where", "a timeline selects nothing");
  }
  if (!definition.where().empty() && definition.has_timeline()) return Invalid("where", "a timeline selects nothing");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckForm(const v1::ReportDefinition& definition) {
  const Shape* shape = ShapeOf(definition);
  if (shape == nullptr) return domain::Refuse(v1::DEFINITION_INVALID, "the definition has no shape", "shape");
  if (absl::Status checked = shape->Check(definition); !checked.ok()) return checked;
  if (absl::Status checked = CheckNames(definition); !checked.ok()) return checked;
  if (absl::Status checked = CheckNothingIsPassedOver(definition); !checked.ok()) return checked;
  if (absl::Status checked = CheckApart(definition); !checked.ok() || !definition.aggregate().has_apart()) return checked;
  return CheckForm(definition.aggregate().apart());
}

}  // namespace recount::projections
