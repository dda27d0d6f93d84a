// ReportEngine::Diff: why two answers differ, every changed cell with what each cause did to it (report.proto, DiffReports).
#ifndef RECOUNT_PROJECTIONS_ENGINE_DIFF_REPORTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_DIFF_REPORTS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "projections/engine/diff_chain.h"
#include "projections/engine/engine_run.h"
#include "projections/report_engine.h"

namespace recount::projections {

// What a cause did to a cell, to be opened as a change between two runs.
struct DiffedShare {
  storage::v1::ReportToken cell;  // where it is
  DiffBase before, after;         // of the queries
  CellQueries queries;
};
// `cell_id`: of a CauseShare (IsDiffToken).
absl::StatusOr<std::unique_ptr<DiffedShare>> ShareOf(const Catalogue& catalogue, absl::string_view cell_id,
                                                     const EngineContext& context);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DIFF_REPORTS_H_
