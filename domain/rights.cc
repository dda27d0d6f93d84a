#include "domain/rights.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "domain/aggregate.h"

namespace recount::domain {
namespace {

constexpr absl::string_view kUnassigned = "unassigned";

bool IsOwner(absl::string_view part) {
  const absl::string_view collection = CollectionOf(part);
  return collection == "users" || collection == "teams" || collection == "org_units";
}

}  // namespace

absl::StatusOr<Rights> Rights::Parse(absl::string_view text) {
  Rights rights;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty() && text.empty()) break;
    if (part != kUnassigned && !IsOwner(part)) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", part, "` is none of users/{id}, teams/{id}, org_units/{id} and unassigned"));
    }
    rights.parts_.emplace_back(part);
  }
  std::sort(rights.parts_.begin(), rights.parts_.end());
  rights.parts_.erase(std::unique(rights.parts_.begin(), rights.parts_.end()), rights.parts_.end());
  return rights;
}

std::string Rights::Text() const { return absl::StrJoin(parts_, ","); }

SeenOwners::SeenOwners(const Rights& rights, const Rulebook& rules, int64_t day)
    : is_everything_(rights.is_everything()) {
  absl::flat_hash_set<std::string> above;
  for (const std::string& part : rights.parts()) {
    if (part == kUnassigned) {
      sees_unassigned_ = true;
    } else {
      (CollectionOf(part) == "users" ? users_ : above).insert(part);
    }
  }
  if (above.empty()) return;
  const v1::OrgChartRule& rule = rules.OrgChart(day);
  const OrgChart chart(rule);
  for (const v1::OrgEdge& edge : rule.edges()) {
    if (CollectionOf(edge.child()) != "users" || users_.contains(edge.child())) continue;
    const std::vector<std::string> ancestors =
        chart.AncestorsOf(edge.child(), static_cast<int32_t>(day));
    const auto is_above = [&](const std::string& one) { return above.contains(one); };
    if (std::any_of(ancestors.begin(), ancestors.end(), is_above)) users_.insert(edge.child());
  }
}

bool SeenOwners::Sees(absl::string_view owner) const {
  return is_everything_ || (owner.empty() ? sees_unassigned_ : users_.contains(owner));
}

std::string SeenOwners::Text() const {
  if (is_everything_) return "everything";
  std::vector<std::string> users(users_.begin(), users_.end());
  std::sort(users.begin(), users.end());
  if (sees_unassigned_) users.emplace_back(kUnassigned);
  return absl::StrJoin(users, ",");
}

bool SeenOwners::Includes(const SeenOwners& other) const {
  if (is_everything_ || other.is_everything_) return is_everything_;
  if (other.sees_unassigned_ && !sees_unassigned_) return false;
  return std::all_of(other.users_.begin(), other.users_.end(),
                     [&](const std::string& user) { return users_.contains(user); });
}

}  // namespace recount::domain
