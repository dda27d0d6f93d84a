// One run of a report, with its comparison: from the effective request and what is pinned to the whole answer.
#ifndef RECOUNT_PROJECTIONS_ENGINE_ENGINE_RUN_H_
#define RECOUNT_PROJECTIONS_ENGINE_ENGINE_RUN_H_

#include <memory>

#include "absl/status/statusor.h"
#include "projections/engine/compare.h"
#include "projections/engine/resolve.h"
#include "projections/engine/shape.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// The definition that a request asks for: of the catalogue, or its own, checked. `version`: the one that a token wants, 0 any.
absl::StatusOr<const v1::ReportDefinition*> FindDefinition(const Catalogue& catalogue, const v1::RunReportRequest& request,
                                                           uint32_t version);

struct WholeAnswer {
  std::unique_ptr<Query> query;
  std::unique_ptr<Query> compared;  // nullptr: no comparison
  Answer answer;                    // sorted
};
// `token` has the request; its pins are followed if they are there, else filled in.
absl::StatusOr<WholeAnswer> RunWhole(const v1::ReportDefinition& definition, const EngineContext& context,
                                     storage::v1::ReportToken* token);
// One run that is not sorted, of what `query` was resolved to, its pin.
absl::StatusOr<Answer> RunQuery(const Query& query, const storage::v1::Pin& pin);

// What is to be run: the request itself, or what its page token or pin holds.
absl::StatusOr<storage::v1::ReportToken> TokenOf(const v1::RunReportRequest& request, const EngineContext& context);

// What a cell was counted by.
struct CellQueries {
  std::unique_ptr<Query> query;
  std::unique_ptr<Query> compared;  // of a change: the other side; else nullptr
};
absl::StatusOr<CellQueries> QueriesOfCell(const v1::ReportDefinition& definition, const EngineContext& context,
                                          const storage::v1::ReportToken& token);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_ENGINE_RUN_H_
