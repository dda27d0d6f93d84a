// Row rights: which records a question may see (ReportParameters.rights; domain/rights.h). Whatever goes through World::Selected() or is
// referred to is seen through them, so that a measure, a roll-up or a note cannot forget them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_SIGHT_H_
#define RECOUNT_PROJECTIONS_ENGINE_SIGHT_H_

#include <memory>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "domain/rights.h"
#include "projections/engine/selection.h"
#include "projections/report_engine.h"
#include "recount/storage/v1/token.pb.h"

namespace recount::projections {

// Owners, as codes of texts.
class Sight {
 public:
  Sight(const domain::SeenOwners& owners, const Texts& texts);
  bool Sees(int64_t owner) const { return owner == kNull ? sees_unassigned_ : users_.contains(owner); }

 private:
  const bool sees_unassigned_;
  absl::flat_hash_set<int64_t> users_;
};

// Whether a subject's records have owners; of one that has none all records are seen.
bool HasOwners(const Subject& subject);
// Flags: 1 where the record's owner, as of when the row is looked at, is seen. nullopt: all are.
std::optional<Values> SeenRows(const Selection& selection);
// Of one record, at the world's moment.
bool SeesRecord(const World& world, absl::string_view name);
// The end of the last time up to the world's moment in which a record was seen, microseconds: what happened to it later is nothing that
// is told of it. kOpenEnd: it is seen.
int64_t SeenUntil(const World& world, absl::string_view name);

// What a question may see, for its pin: what it asks for, else all that the caller may see. PARAMETER_INVALID.
absl::Status SetRights(const v1::ReportParameters& parameters, const EngineContext& context, storage::v1::Pin* pin);
// RIGHTS_EXCEEDED where a pin counts records that the caller may not see.
absl::Status CheckRights(const storage::v1::Pin& pin, const EngineContext& context);
// The owners that a pin counts.
domain::SeenOwners OwnersOf(const storage::v1::Pin& pin, const EngineContext& context);
// The same for a world; nullptr: everything is seen.
std::shared_ptr<const Sight> SightOf(const storage::v1::Pin& pin, const EngineContext& context, const Texts& texts);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_SIGHT_H_
