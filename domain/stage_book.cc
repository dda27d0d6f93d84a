// Stages and their maps (decisions.md 18), and what follows from them.
#include <algorithm>

#include "domain/rulebook.h"

namespace recount::domain {
namespace {

using StageKey = std::pair<std::string, std::string>;  // pipeline, stage
enum class Fate { kStands, kUnknown, kUnmapped };
struct Whereabouts {
  std::string stage;
  Fate fate = Fate::kStands;
};
using StageFates = std::map<StageKey, Whereabouts>;

// Versions that lead to the one in force on a day, that one last.
std::vector<const RuleVersionEntry*> PathTo(const Rulebook& rules, int64_t day) {
  std::vector<const RuleVersionEntry*> path;
  for (const RuleVersionEntry& entry : rules.Versions(v1::RULE_KIND_PIPELINES)) {
    if (entry.withdrawn_position == 0 && entry.effective_day <= day) path.push_back(&entry);
  }
  std::stable_sort(path.begin(), path.end(),
                   [](const RuleVersionEntry* a, const RuleVersionEntry* b) {
                     return a->effective_day < b->effective_day;
                   });
  return path;
}

const std::string* MappedIn(const v1::PipelinesRule& rule, const StageKey& key) {
  for (const v1::StageMap& map : rule.stage_maps()) {
    if (map.pipeline() != key.first) continue;
    const auto found = map.stages().find(key.second);
    if (found != map.stages().end()) return &found->second;
  }
  return nullptr;
}

// Moves every stage known so far into `rule`: one that stands there stays; else its own map entry
// counts, else the entry of the stage that it had become.
void Step(const v1::PipelinesRule& rule, StageFates* fates) {
  std::map<StageKey, bool> stands;
  for (const v1::Pipeline& pipeline : rule.pipelines()) {
    for (const v1::Stage& stage : pipeline.stages()) stands[{pipeline.id(), stage.id()}] = true;
  }
  for (auto& [key, where] : *fates) {
    const StageKey now(key.first, where.stage);
    const std::string* mapped = MappedIn(rule, key);
    if (mapped == nullptr && where.fate == Fate::kStands) {
      if (stands.count(now) > 0) continue;
      mapped = MappedIn(rule, now);
    }
    if (mapped != nullptr) {
      where = {*mapped, mapped->empty() ? Fate::kUnknown : Fate::kStands};
    } else if (where.fate == Fate::kStands) {
      where = {"", Fate::kUnmapped};
    }
  }
  for (const auto& [key, is_there] : stands) (*fates)[key] = {key.second, Fate::kStands};
}

StageFates FatesOn(const Rulebook& rules, int64_t day) {
  StageFates fates;
  for (const RuleVersionEntry* entry : PathTo(rules, day))
    Step(entry->rule.content().pipelines(), &fates);
  return fates;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> UnmappedStages(const Rulebook& rules,
                                                                int64_t day) {
  std::vector<StageKey> unmapped;
  for (const auto& [key, where] : FatesOn(rules, day)) {
    if (where.fate == Fate::kUnmapped) unmapped.push_back(key);
  }
  return unmapped;
}

StageBook::StageBook(const Rulebook& rules, int64_t day) {
  const v1::PipelinesRule& rule = rules.Pipelines(day);
  auto pipelines =
      std::make_shared<std::vector<v1::Pipeline>>(rule.pipelines().begin(), rule.pipelines().end());
  pipelines_ = pipelines;
  for (size_t p = 0; p < pipelines->size(); ++p) {
    const v1::Pipeline& pipeline = (*pipelines)[p];
    for (int s = 0; s < pipeline.stages_size(); ++s) {
      entries_[{pipeline.id(), pipeline.stages(s).id()}] = {static_cast<int>(p), s, &pipeline,
                                                            &pipeline.stages(s)};
    }
  }
  const std::map<StageKey, Entry, PairLess> in_force = entries_;
  for (const auto& [key, where] : FatesOn(rules, day)) {
    if (where.fate != Fate::kStands) continue;
    const auto found =
        in_force.find(std::make_pair(absl::string_view(key.first), absl::string_view(where.stage)));
    if (found != in_force.end()) entries_[key] = found->second;
  }
}

const StageBook::Entry* StageBook::Find(absl::string_view pipeline, absl::string_view stage) const {
  const auto found = entries_.find(std::make_pair(pipeline, stage));
  return found == entries_.end() ? nullptr : &found->second;
}

std::optional<uint32_t> StageProbabilityBp(const v1::ProbabilitiesRule& table,
                                           const StageBook& stages, absl::string_view pipeline,
                                           absl::string_view stage) {
  const StageBook::Entry* entry = stages.Find(pipeline, stage);
  if (entry == nullptr) return std::nullopt;
  for (const v1::StageProbability& row : table.probabilities()) {
    if (row.stage() == entry->stage->id() && row.pipeline() == entry->pipeline->id())
      return row.probability_bp();
  }
  switch (entry->stage->meaning()) {
    case v1::STAGE_MEANING_WON:
    case v1::STAGE_MEANING_DELIVERY:
      return 10000;
    case v1::STAGE_MEANING_LOST:
      return 0;
    default:
      return std::nullopt;
  }
}

}  // namespace recount::domain
