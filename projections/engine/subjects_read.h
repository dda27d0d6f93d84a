// Which subjects' tables a report reads.
#ifndef RECOUNT_PROJECTIONS_ENGINE_SUBJECTS_READ_H_
#define RECOUNT_PROJECTIONS_ENGINE_SUBJECTS_READ_H_

#include <set>
#include <string>

#include "projections/engine/query.h"

namespace recount::projections {

// Adds those that a compiled definition names: in its conditions, axes, measures and groups, behind references and in roll-ups, and
// those that its shape reads by itself.
void AddSubjectsRead(const Query& query, std::set<std::string>* subjects);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_SUBJECTS_READ_H_
