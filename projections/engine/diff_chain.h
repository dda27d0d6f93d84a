// From one answer to another in steps of which each changes one thing: what a cell changes from step to step is what that thing did
// to it, and all steps together are the whole change.
//
// The steps, each where the two differ in it: definition, question, rights, moment, rules kind by kind, rule basis, and then the facts
// recorded in between, by kinds of records: late, new, deleted. So every step but the last ones is an answer that could be asked for.
// Where facts are gone through, some records count as of the later position and others still as of the earlier (EarlierRecords).
#ifndef RECOUNT_PROJECTIONS_ENGINE_DIFF_CHAIN_H_
#define RECOUNT_PROJECTIONS_ENGINE_DIFF_CHAIN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "projections/engine/earlier_facts.h"
#include "projections/engine/query.h"
#include "projections/report_engine.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// What one run counts.
struct DiffBase {
  storage::v1::ReportToken token;  // request and pin
  std::shared_ptr<const v1::ReportDefinition> definition;
  std::shared_ptr<const Substitution> substitution = std::make_shared<Substitution>();
};

// One of the two answers.
struct DiffSide {
  DiffBase base;
  v1::Basis basis;  // what it was resolved to
};

struct DiffChain {
  std::vector<DiffBase> bases;         // from the one answer to the other: two at least
  std::vector<v1::ChangeCause> causes;  // what leads from bases[i] to bases[i + 1]; none: nothing that they differ in
};

// The query of a base, which must outlive it.
absl::StatusOr<std::unique_ptr<Query>> QueryOf(const DiffBase& base, const EngineContext& context);

// The same from the same two sides, whenever it is made.
absl::StatusOr<DiffChain> MakeChain(const DiffSide& before, const DiffSide& after, const EngineContext& context, Halt* halt);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DIFF_CHAIN_H_
