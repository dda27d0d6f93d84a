// What the reader of an aggregate must know: records without a rate, a probability or a value (DESIGN.md, idea 7).
#ifndef RECOUNT_PROJECTIONS_ENGINE_NOTES_H_
#define RECOUNT_PROJECTIONS_ENGINE_NOTES_H_

#include <vector>

#include "projections/engine/aggregate.h"

namespace recount::projections {

void AddNotes(const Query& query, Aggregation& counting, std::vector<v1::Note>* notes);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_NOTES_H_
