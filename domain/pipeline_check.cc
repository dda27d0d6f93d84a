// K-01: pipelines, and stage maps that are total on every day.
#include <algorithm>
#include <optional>

#include "domain/refusal.h"
#include "domain/rule_check.h"

namespace recount::domain {
namespace {

constexpr size_t kMostNamed = 20;

// `pipeline/stage` of the first, and how many there are.
std::string Named(const std::vector<std::pair<std::string, std::string>>& stages) {
  std::string text;
  for (size_t i = 0; i < std::min(stages.size(), kMostNamed); ++i)
    absl::StrAppend(&text, i == 0 ? "" : ", ", stages[i].first, "/", stages[i].second);
  if (stages.size() > kMostNamed) absl::StrAppend(&text, " ... (", stages.size(), " in all)");
  return text;
}

absl::Status CheckStageMaps(const v1::PipelinesRule& rule, absl::string_view place) {
  for (int m = 0; m < rule.stage_maps_size(); ++m) {
    for (const auto& [former, now] : rule.stage_maps(m).stages()) {
      const std::string at = absl::StrCat(place, ".stage_maps[", m, "].stages[", former, "]");
      if (former.empty()) return InvalidRule("a former stage needs an id", at);
      if (HasStage(rule, rule.stage_maps(m).pipeline(), former)) {
        return InvalidRule(
            absl::StrCat("the stage '", former, "' stands in this version and cannot be mapped"),
            at);
      }
      if (now.empty() || HasStage(rule, rule.stage_maps(m).pipeline(), now)) continue;
      return InvalidRule(absl::StrCat("the pipeline '", rule.stage_maps(m).pipeline(),
                                      "' has no stage '", now, "' in this version"),
                         at);
    }
  }
  return absl::OkStatus();
}

// Stages that have no place in a version of a later day and had none missing before a change.
struct Unmapped {
  int64_t day = 0;
  std::string stages;
};
std::optional<Unmapped> NewlyUnmapped(const Rulebook& before, const Rulebook& after) {
  std::set<int64_t> days;
  for (const RuleVersionEntry& entry : after.Versions(v1::RULE_KIND_PIPELINES)) {
    if (entry.withdrawn_position == 0) days.insert(entry.effective_day);
  }
  for (const int64_t day : days) {
    const auto known = UnmappedStages(before, day);
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& stage : UnmappedStages(after, day)) {
      if (std::find(known.begin(), known.end(), stage) == known.end()) found.push_back(stage);
    }
    if (!found.empty()) return Unmapped{day, Named(found)};
  }
  return std::nullopt;
}

std::string TextOfDay(int64_t day) {
  return day == kBeginning ? "the beginning" : FormatDay(static_cast<int32_t>(day));
}

}  // namespace

bool HasStage(const v1::PipelinesRule& rule, absl::string_view pipeline, absl::string_view stage) {
  for (const v1::Pipeline& known : rule.pipelines()) {
    if (known.id() != pipeline) continue;
    for (const v1::Stage& of : known.stages()) {
      if (of.id() == stage) return true;
    }
  }
  return false;
}

absl::Status CheckPipelines(const v1::PipelinesRule& rule, const Rulebook& rules,
                            const Rulebook& with, int64_t day, absl::string_view place) {
  const std::string pipelines = absl::StrCat(place, ".pipelines");
  if (rule.pipelines().empty()) return InvalidRule("at least one pipeline is needed", pipelines);
  RECOUNT_RETURN_IF_ERROR(CheckIds(rule.pipelines(), pipelines));
  for (int p = 0; p < rule.pipelines_size(); ++p) {
    const std::string stages = absl::StrCat(pipelines, "[", p, "].stages");
    if (rule.pipelines(p).stages().empty()) return InvalidRule("a pipeline needs stages", stages);
    RECOUNT_RETURN_IF_ERROR(CheckIds(rule.pipelines(p).stages(), stages));
    if (rule.pipelines(p).stages(0).meaning() != v1::STAGE_MEANING_UNSPECIFIED) {
      return InvalidRule("the first stage of a pipeline is one of open deals",
                         absl::StrCat(stages, "[0].meaning"));
    }
  }
  RECOUNT_RETURN_IF_ERROR(CheckStageMaps(rule, place));
  const std::string missing = Named(UnmappedStages(with, day));
  if (!missing.empty()) {
    return Refuse(
        v1::STAGE_MAP_NOT_TOTAL,
        absl::StrCat("former stages are neither in this version nor mapped: ", missing,
                     "; map each to a stage, or to an empty id for `unknown before this version`"),
        absl::StrCat(place, ".stage_maps"), {{"stages", missing}});
  }
  // Versions that hold later must have a place for what is new here.
  const std::optional<Unmapped> later = NewlyUnmapped(rules, with);
  if (!later.has_value()) return absl::OkStatus();
  const std::string since = TextOfDay(later->day);
  return Refuse(
      v1::STAGE_MAP_NOT_TOTAL,
      absl::StrCat("the version in force from ", since, " neither has nor maps the stages ",
                   later->stages, " of this one; publish that version with their map first"),
      absl::StrCat(place, ".pipelines"), {{"stages", later->stages}, {"effective_from", since}});
}

absl::Status CheckWithdrawal(const Rulebook& rules, const RuleVersionEntry& version) {
  const v1::RuleKind kind = KindOf(version.rule.content());
  const Rulebook after = rules.WithoutVersion(version.position);
  if (kind == v1::RULE_KIND_CALENDAR && after.InForce(kind, kBeginning) == nullptr) {
    return Refuse(v1::RULE_NOT_RETROACTIVE,
                  "without this calendar there are days without a zone; publish another one from "
                  "the beginning first",
                  "published_position");
  }
  if (kind != v1::RULE_KIND_PIPELINES) return absl::OkStatus();
  const std::optional<Unmapped> unmapped = NewlyUnmapped(rules, after);
  if (!unmapped.has_value()) return absl::OkStatus();
  const std::string since = TextOfDay(unmapped->day);
  return Refuse(v1::STAGE_MAP_NOT_TOTAL,
                absl::StrCat("the version in force from ", since,
                             " neither has nor maps the stages ", unmapped->stages,
                             " without the maps of this one; publish that version with them first"),
                "published_position", {{"stages", unmapped->stages}, {"effective_from", since}});
}

}  // namespace recount::domain
