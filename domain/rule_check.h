// What the checks of the kinds of rules share: a file for each kind that is long, the others in
// rule_check.cc.
#ifndef RECOUNT_DOMAIN_RULE_CHECK_H_
#define RECOUNT_DOMAIN_RULE_CHECK_H_

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "domain/rules.h"

namespace recount::domain {

// RULE_INVALID with the place.
absl::Status InvalidRule(absl::string_view message, absl::string_view place);

// Ids are there and differ.
template <typename Elements>
absl::Status CheckIds(const Elements& elements, absl::string_view place) {
  std::set<std::string> seen;
  for (int i = 0; i < elements.size(); ++i) {
    const std::string at = absl::StrCat(place, "[", i, "].id");
    if (elements[i].id().empty()) return InvalidRule("an id is needed", at);
    if (!seen.insert(elements[i].id()).second)
      return InvalidRule(absl::StrCat("the id '", elements[i].id(), "' is there twice"), at);
  }
  return absl::OkStatus();
}

// pipeline_check.cc. `rules` is what was published, `with` the proposal on top of it, in force from
// `day`.
bool HasStage(const v1::PipelinesRule& rule, absl::string_view pipeline, absl::string_view stage);
absl::Status CheckPipelines(const v1::PipelinesRule& rule, const Rulebook& rules,
                            const Rulebook& with, int64_t day, absl::string_view place);
// org_chart_check.cc
absl::Status CheckOrgChart(const v1::OrgChartRule& rule, absl::string_view place);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_RULE_CHECK_H_
