// Keeps the read models of one tenant in RocksDB, so that a start reads tables and not the log. Everything here can be deleted
// and counted again from the log.
#ifndef RECOUNT_PROJECTIONS_ROCKSDB_MODEL_STORE_H_
#define RECOUNT_PROJECTIONS_ROCKSDB_MODEL_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eventstore/event_log.h"
#include "projections/fact_tables.h"
#include "projections/subject.h"

namespace recount::projections {

class ModelDatabase;

// What of a generation is kept already. The tables only grow but for `until`s, so that a checkpoint writes what came since.
struct ModelCursor {
  std::vector<size_t> rows;  // by table
  size_t texts = 0;
  uint64_t position = 0;
  bool is_uncertain = false;  // a write failed: the next one writes everything
};

// Thread safe for different generations. Each has rows of its own under its number, and nothing that is done for one touches a
// larger one, which a rebuild may be writing: whoever makes generations gives a number once.
class ModelStore {
 public:
  static absl::StatusOr<std::unique_ptr<ModelStore>> Open(const std::string& directory, eventstore::TenantNumber tenant);
  // In a database that is open.
  static std::unique_ptr<ModelStore> In(std::unique_ptr<ModelDatabase> db, eventstore::TenantNumber tenant);
  virtual ~ModelStore() = default;

  // The live generation; 0: none, or it cannot be told.
  virtual uint64_t LiveGeneration() = 0;
  // Deletes all but the live generation: what first checkpoints and rebuilds left that did not come to their end. At a start,
  // before a number is given again.
  virtual absl::Status DropUnfinished() = 0;
  // Its tables as of the last checkpoint, without the rulebook. DATA_LOSS: damaged. FAILED_PRECONDITION: made by other folds.
  // NOT_FOUND: none.
  virtual absl::StatusOr<std::unique_ptr<FactTables>> Load(const std::vector<Subject>& subjects, ModelCursor* cursor) = 0;

  // Writes what came since the cursor, all in one batch with the manifest: before it the checkpoint is the old one, after it
  // the new one. Nobody changes the tables meanwhile. The generation need not be live.
  virtual absl::Status Checkpoint(FactTables* tables, ModelCursor* cursor) = 0;
  // The same for a generation that is not live and may be large: in batches.
  virtual absl::Status WriteBeside(FactTables* tables, ModelCursor* cursor) = 0;
  // From now on this generation is live; those before it are deleted. After an error it may be so or not.
  virtual absl::Status MakeLive(uint64_t generation) = 0;
  // Leaves nothing to be recovered at the next start.
  virtual absl::Status Flush() = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ROCKSDB_MODEL_STORE_H_
