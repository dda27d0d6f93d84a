// K-15: who may belong where, and that the way up ends.
#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "domain/refusal.h"
#include "domain/rule_check.h"

namespace recount::domain {
namespace {

constexpr size_t kMostLevels = 50;  // above one

bool MayLieUnder(absl::string_view child, absl::string_view parent) {
  if (parent.empty()) return child == "users" || child == "teams" || child == "org_units";
  if (child == "users" || child == "teams") return parent == "teams" || parent == "org_units";
  return child == "org_units" && parent == "org_units";
}

// The way up from a child on the day on which its edge starts ends, and soon: a long one would be
// walked for every record of a report.
absl::Status CheckWayUp(const OrgChart& chart, const v1::OrgEdge& edge, absl::string_view at) {
  const int32_t day =
      edge.has_from() ? DayFromDate(edge.from(), "").value() : std::numeric_limits<int32_t>::min();
  std::vector<absl::string_view> passed = {edge.child()};
  for (absl::string_view above = chart.ParentOf(edge.child(), day); !above.empty();
       above = chart.ParentOf(above, day)) {
    if (std::find(passed.begin(), passed.end(), above) != passed.end()) {
      return Refuse(v1::ORG_CYCLE, absl::StrCat("'", above, "' would lie under itself"), at,
                    {{"child", above}});
    }
    passed.push_back(above);
    if (passed.size() <= kMostLevels + 1) continue;
    return InvalidRule(
        absl::StrCat("'", edge.child(), "' would lie under more than ", kMostLevels, " others"),
        at);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOrgChart(const v1::OrgChartRule& rule, absl::string_view place) {
  std::set<std::pair<std::string, int64_t>> seen;
  for (int i = 0; i < rule.edges_size(); ++i) {
    const v1::OrgEdge& edge = rule.edges(i);
    const std::string at = absl::StrCat(place, ".edges[", i, "]");
    if (!MayLieUnder(CollectionOf(edge.child()), CollectionOf(edge.parent())) ||
        (!edge.parent().empty() && CollectionOf(edge.parent()).empty())) {
      return InvalidRule(
          absl::StrCat("'", edge.child(), "' cannot belong to '", edge.parent(),
                       "': users and teams belong to teams and units, units to units"),
          at);
    }
    int64_t from = kBeginning;
    if (edge.has_from()) {
      const absl::StatusOr<int32_t> day = DayFromDate(edge.from(), at);
      if (!day.ok()) return InvalidRule("the first day is no date", at);
      from = *day;
    }
    if (!seen.emplace(edge.child(), from).second) {
      return InvalidRule(absl::StrCat("two edges of '", edge.child(), "' start on one day"), at);
    }
  }
  // A cycle comes to be on the day on which one of its edges starts.
  const OrgChart chart(rule);
  for (int i = 0; i < rule.edges_size(); ++i) {
    RECOUNT_RETURN_IF_ERROR(
        CheckWayUp(chart, rule.edges(i), absl::StrCat(place, ".edges[", i, "]")));
  }
  return absl::OkStatus();
}

absl::Status CheckOrgNames(const google::protobuf::RepeatedPtrField<v1::RuleProposal>& proposals,
                           Deciding* deciding) {
  std::set<std::string> known = {""};  // belongs nowhere
  for (const RuleVersionEntry& entry : deciding->rules().Versions(v1::RULE_KIND_ORG_CHART)) {
    for (const v1::OrgEdge& edge : entry.rule.content().org_chart().edges())
      known.insert({edge.child(), edge.parent()});
  }
  for (int i = 0; i < proposals.size(); ++i) {
    const v1::OrgChartRule& chart = proposals[i].content().org_chart();
    for (int e = 0; e < chart.edges_size(); ++e) {
      for (const std::string* name : {&chart.edges(e).child(), &chart.edges(e).parent()}) {
        if (!known.insert(*name).second) continue;
        RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(*name));
        if (Exists(*state)) continue;
        return Refuse(v1::RECORD_NOT_FOUND, absl::StrCat("there is no ", *name),
                      absl::StrCat("rules[", i, "].content.org_chart.edges[", e, "]"),
                      {{"name", *name}});
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace recount::domain
