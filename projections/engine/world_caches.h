// What a world has looked up and keeps for the next question; for world.cc, selection.cc and the derived fields.
#ifndef RECOUNT_PROJECTIONS_ENGINE_WORLD_CACHES_H_
#define RECOUNT_PROJECTIONS_ENGINE_WORLD_CACHES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "projections/engine/day_clock.h"
#include "projections/engine/derived.h"
#include "projections/engine/roll_ups.h"
#include "projections/engine/stage_runs.h"
#include "projections/engine/world.h"

namespace recount::projections {

struct World::Caches {
  explicit Caches(const World& world) : clock(world) {}

  DayClock clock;
  std::map<const Subject*, RowList> selected;
  std::map<const Subject*, std::shared_ptr<const PresentRows>> present;
  std::map<const domain::RuleVersionEntry*, std::unique_ptr<domain::RateTable>> rates;
  std::map<const domain::RuleVersionEntry*, std::unique_ptr<domain::OrgChart>> org_charts;
  // Rule basis AS_RECORDED: positions at which stages or probabilities were published or withdrawn, and the rules from each on.
  std::vector<uint64_t> rule_positions;
  bool rule_positions_known = false;
  std::map<uint64_t, std::shared_ptr<const Rules>> rules_of;
  absl::node_hash_map<std::pair<const Rules*, std::pair<int64_t, int64_t>>, StageFact> stages;
  // (owner, day, team or unit) -> the team or unit.
  absl::flat_hash_map<std::pair<int64_t, std::pair<int32_t, int>>, int64_t> ancestors;
  std::unique_ptr<StageRuns> stage_runs;  // made when it is asked for
  // Rows that are asked for part after part, so that a roll-up is made once for the records of all.
  std::multimap<const Subject*, RowList> in_parts;
  std::shared_ptr<RollUps> roll_ups = std::make_shared<RollUps>();  // of all threads that work on the question
  // Of the part that is being counted: what leads to its records, by what it is read from, and roll-ups over that, by what they say.
  struct Leading {
    int64_t least = 0, greatest = -1;
    std::shared_ptr<const Selection> rows;
    std::map<std::string, std::shared_ptr<const RolledUp>, std::less<>> rolled_up;
  };
  std::map<std::string, Leading, std::less<>> leading;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_WORLD_CACHES_H_
