// ReadModels of one tenant: tables, the projector's thread, checkpoints and rebuilds.
#ifndef RECOUNT_PROJECTIONS_TENANT_READ_MODELS_H_
#define RECOUNT_PROJECTIONS_TENANT_READ_MODELS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "projections/fact_tables.h"
#include "projections/fair_mutex.h"
#include "projections/fold_driver.h"
#include "projections/read_models.h"
#include "projections/rebuild_clock.h"
#include "projections/rocksdb_model_store.h"

namespace recount::projections {

// Tables and what folds into them.
struct Generation {
  std::unique_ptr<FactTables> tables;
  std::unique_ptr<FoldDriver> driver;
  ModelCursor cursor;      // what is kept of it
  bool is_kept_live = false;  // the store names it as the live one
};

class TenantReadModels final : public ReadModels {
 public:
  using OpenStore =
      std::function<absl::StatusOr<std::unique_ptr<ModelStore>>(const std::string& directory, eventstore::TenantNumber tenant)>;

  // `subjects` and `log` outlive it. `open_store`: where the tables are kept.
  TenantReadModels(ReadModelOptions options, eventstore::EventLog* log, const std::vector<Subject>& subjects,
                   OpenStore open_store = ModelStore::Open);
  // Stops without writing; Close() writes.
  ~TenantReadModels() override;

  // Loads what is kept and starts the projector.
  absl::Status Start();

  absl::StatusOr<std::unique_ptr<Snapshot>> Read(uint64_t min_position, absl::Time deadline) override;
  std::vector<SubjectStatus> Status() override;
  absl::Status Rebuild(const std::function<void(const RebuildState&)>& progress) override;
  RebuildState LastRebuild() override;
  absl::StatusOr<std::vector<std::string>> Verify() override;
  void EndLongWork() override;
  void OnMove(std::function<void()> moved) override;
  void Pause(bool paused) override;
  absl::Status Close() override;

 private:
  using Clock = std::chrono::steady_clock;
  using Waiting = std::deque<std::shared_ptr<const eventstore::StoredCommit>>;  // to be applied

  // tenant_read_models.cc
  absl::Status LoadKept();
  absl::Status CheckAgainstLog(const FactTables& tables);
  absl::Status ReadRules(FactTables* tables);
  Generation NewGeneration(uint64_t number, size_t state_limit);
  std::shared_ptr<const FrozenTables> Freeze();
  void Say(const std::string& sentence) const;  // on stderr
  void Stop();

  // projector.cc: the projector's thread.
  void Project();
  absl::Status ProjectOnce(Waiting* waiting);
  absl::Status ApplySlice(Waiting* waiting);
  void PublishPosition();
  void TellMove();
  absl::Status WriteCheckpoint();
  void CheckpointIfDue();
  void WaitWhileFailed();

  // rebuild.cc
  absl::Status CatchUp(Generation* generation, uint64_t position, const std::function<void(uint64_t)>& reached);
  absl::Status BuildCandidate(uint64_t number);  // on the rebuild's thread
  bool SwapIfReady();                            // on the projector's thread
  absl::Status KeepCandidate(Generation* candidate);
  void EndRebuild(const absl::Status& status);
  RebuildState RebuildNow() const;               // with mutex_ held

  const ReadModelOptions options_;
  eventstore::EventLog* const log_;
  const std::vector<Subject>& subjects_;
  const OpenStore open_store_;
  std::unique_ptr<ModelStore> store_;  // null: memory only

  // Held by the projector for each slice, and by others for a moment; the projector may read without, since nobody else writes.
  FairMutex gate_;
  Generation live_;
  // Guarded by gate_, made when somebody asks.
  std::shared_ptr<const FrozenTables> frozen_;             // live_ as it is; null: not made yet
  std::shared_ptr<const domain::Rulebook> frozen_rules_;   // its rules as they are, or were; null: as frozen_
  std::atomic<bool> paused_{false};    // set under gate_

  Clock::time_point next_checkpoint_;  // projector only
  std::thread projector_;

  std::mutex moved_mutex_;
  std::function<void()> moved_;  // guarded by moved_mutex_, which is held while it runs

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  uint64_t position_ = 0;
  bool stopping_ = false;
  bool long_work_ends_ = false;
  bool log_ended_ = false;
  std::unique_ptr<eventstore::Subscription> subscription_;  // the projector reads it without: it alone changes it
  absl::Status failure_;               // why the projector stands still
  RebuildState rebuild_;
  RebuildClock rebuild_clock_;         // of rebuild_
  uint64_t next_generation_ = 0;       // a number is given once, also if its rebuild fails: what it left in the store is no other's
  std::unique_ptr<Generation> candidate_;  // folded, waits to be swapped in
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_TENANT_READ_MODELS_H_
