// The two answers that a comparison by cause is of.
#ifndef RECOUNT_PROJECTIONS_ENGINE_DIFF_SIDES_H_
#define RECOUNT_PROJECTIONS_ENGINE_DIFF_SIDES_H_

#include "absl/status/statusor.h"
#include "projections/engine/diff_chain.h"
#include "projections/report_engine.h"
#include "recount/storage/v1/diff_token.pb.h"

namespace recount::projections {

struct DiffSides {
  DiffSide before, after;
};

// As asked, or as a page token holds them.
absl::StatusOr<DiffSides> SidesOf(const v1::DiffReportsRequest& request, const Catalogue& catalogue, const EngineContext& context);
// As a token holds them, both with their pins.
absl::StatusOr<DiffSides> SidesOf(const storage::v1::DiffToken& token, const Catalogue& catalogue, const EngineContext& context);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DIFF_SIDES_H_
