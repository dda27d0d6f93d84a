// A request -> a query: everything that was not said gets its default, and everything is fixed.
#ifndef RECOUNT_PROJECTIONS_ENGINE_RESOLVE_H_
#define RECOUNT_PROJECTIONS_ENGINE_RESOLVE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "projections/engine/query.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

struct ResolveInput {
  const EngineContext* context = nullptr;
  const v1::ReportDefinition* definition = nullptr;
  v1::ReportParameters parameters;
  std::string language;
  // Fixed by a token; nullptr: taken from the parameters and now.
  const storage::v1::Pin* pin = nullptr;
  // A step of a diff, only with a pin; it outlives the query. nullptr: none.
  const Substitution* substitution = nullptr;
};

// `pin` is filled with what was resolved.
absl::StatusOr<std::unique_ptr<Query>> Resolve(const ResolveInput& input, storage::v1::Pin* pin);

// PARAMETER_INVALID of `parameters.{field}`.
absl::Status BadParameter(absl::string_view field, absl::string_view message);

// Refuses values that nobody knows, and what a report of this shape would pass over. PARAMETER_INVALID.
absl::Status CheckMeant(const v1::ReportDefinition& definition, const v1::ReportParameters& parameters);
// The same of a timeline, whose events are what they are: nothing is attributed, weighed or converted, and rules change none of them.
absl::Status CheckTimeline(const v1::ReportParameters& parameters, bool is_grouped);

// Parameters of a comparison: those of the first run with what the comparison replaces. `first` is the first run's query; cuts an
// unfinished period's predecessor at the same elapsed working days (decisions.md 23), which goes into `pin`.
absl::StatusOr<v1::ReportParameters> ComparedParameters(const v1::Comparison& comparison, const Query& first,
                                                        std::optional<int32_t>* last_day);

// Compiles everything that a definition says, for one mode, into the query. Fields of `query` that it needs: definition,
// subject, mode, parameters.
absl::Status CompileDefinition(const Schema& schema, Query* query);

// Values of the definition's parameters: as the caller gave them, else the defaults. PARAMETER_INVALID. `rules` say which stages
// there are; nullptr: that is not asked.
absl::Status ReadArguments(const v1::ReportDefinition& definition, const v1::ReportParameters& parameters, const Rules* rules,
                           Schema* schema);
// A value as a caller writes it; of none `null`.
std::string ArgumentText(const Node& value);

// Published up to the head of the log.
const domain::Rulebook& HeadRules(const EngineContext& context);
// P and D of a pair of parameters.
absl::StatusOr<uint64_t> ResolvePosition(const v1::AsOf& as_of, const domain::Calendar& calendar, const EngineContext& context);
// POSITION_BEYOND_HEAD.
absl::Status CheckWithinHead(uint64_t position, const EngineContext& context);
// READ_MODEL_BEHIND, and what is to be awaited.
absl::Status CheckReached(uint64_t position, const EngineContext& context);
absl::StatusOr<int64_t> RecordedAt(uint64_t position, const EngineContext& context);
absl::StatusOr<int64_t> ResolveTime(const v1::DateOrTime& time, const domain::Calendar& calendar, absl::string_view field);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_RESOLVE_H_
