#include "projections/engine/query.h"

#include "absl/strings/str_cat.h"

namespace recount::projections {

Selection SelectIn(const Query& query, const World& world) {
  Selection all = world.Select(*query.subject, query.with_deleted);
  if (query.where == nullptr) return all;
  return all.Keep(*all.Evaluate(query.where));
}

Selection SelectRecords(const Query& query) {
  if (query.mode != nullptr && query.mode->by_measure_axis()) return SelectIn(query, *query.world);
  return SelectByAxis(query, query.axis);
}

Selection SelectByAxis(const Query& query, const Expr& axis) {
  if (axis == nullptr) return SelectIn(query, *query.world);
  Selection all = query.world->Select(*query.subject, query.with_deleted);
  const auto times = all.Evaluate(axis);
  // The axis comes first: an owner at the event is asked for by the filter too.
  all.SetAxis(times);
  const auto where = query.where == nullptr ? nullptr : all.Evaluate(query.where);
  const std::vector<bool> inside = InPeriod(*times, query.period, query.calendar());
  Values kept;
  for (size_t i = 0; i < all.size(); ++i) kept.data.push_back(inside[i] && (where == nullptr || where->data[i] == 1));
  return all.Keep(kept);
}

std::string LabelOf(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view language) {
  // `he-IL` falls back to `he`, then to English.
  for (const std::string& wanted : {std::string(language), std::string(language.substr(0, language.find('-'))), std::string("en")}) {
    auto found = labels.find(wanted);
    if (found != labels.end()) return found->second;
  }
  return "";
}

}  // namespace recount::projections
