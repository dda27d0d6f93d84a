// The embedded, durable EventLog: a database `log/` with one put a commit, and an index written behind it.
#ifndef RECOUNT_EVENTSTORE_ROCKSDB_EVENT_LOG_H_
#define RECOUNT_EVENTSTORE_ROCKSDB_EVENT_LOG_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "eventstore/durable_heads.h"
#include "eventstore/event_log.h"
#include "eventstore/free_space.h"
#include "eventstore/group_committer.h"
#include "eventstore/high_water_mark.h"
#include "eventstore/log_verifier.h"
#include "eventstore/rocksdb_index.h"
#include "eventstore/rocksdb_log_packer.h"
#include "eventstore/rocksdb_log_start.h"

namespace recount::eventstore {

class RocksdbEventLog : public EventLog {
 public:
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(const RocksdbLogOptions& options);
  ~RocksdbEventLog() override;

  absl::Status CheckOpen() override;
  absl::StatusOr<Sequenced> Sequence(Proposal proposal, std::function<void(absl::Status)> durable) override;
  void AfterPending(TenantNumber tenant, std::function<void(absl::Status)> done) override;
  absl::StatusOr<uint64_t> SequencedRevision(TenantNumber tenant, absl::string_view stream) override;
  absl::StatusOr<std::optional<std::string>> FindKey(TenantNumber tenant, absl::string_view key) override;
  absl::StatusOr<std::optional<RememberedRequest>> FindRequest(TenantNumber tenant, absl::string_view actor,
                                                              absl::string_view request_id) override;
  Head SequencedHead(TenantNumber tenant) override;
  Head DurableHead(TenantNumber tenant) override;
  absl::Status ReadCommits(TenantNumber tenant, uint64_t after_position, Direction direction,
                           const CommitVisitor& visit) override;
  absl::Status ReadStream(TenantNumber tenant, absl::string_view stream, uint64_t after_revision, Direction direction,
                          const StreamVisitor& visit) override;
  absl::Status ListStreams(TenantNumber tenant, absl::string_view prefix,
                           const std::function<bool(absl::string_view)>& visit) override;
  absl::StatusOr<uint64_t> PositionAt(TenantNumber tenant, int64_t recorded_micros) override;
  absl::StatusOr<uint64_t> CommitEnd(TenantNumber tenant, uint64_t position) override;
  std::unique_ptr<Subscription> Subscribe(TenantNumber tenant, uint64_t after_position) override;
  absl::StatusOr<std::vector<std::string>> Verify(TenantNumber tenant, const VerifyProgress& progress) override;
  absl::Status FinishUpkeep() override { return packer_->PackNow(); }
  void Close() override;

 private:
  explicit RocksdbEventLog(const RocksdbLogOptions& options);
  absl::Status Start();
  // Applies to the index what it does not have; makes it anew if it does not fit the log.
  absl::Status CatchUpIndex(const std::vector<std::pair<TenantNumber, Head>>& heads);
  absl::StatusOr<bool> IndexFits(const std::vector<std::pair<TenantNumber, Head>>& heads);
  absl::Status WriteGroup(const std::vector<PendingCommit>& group);
  absl::Status VerifyFiles(std::vector<std::string>* findings);
  absl::Status VerifyRecords(TenantNumber tenant, uint64_t head, const VerifyProgress& progress,
                             LogVerifier* verifier);

  const RocksdbLogOptions options_;
  OpenedLog opened_;
  const std::shared_ptr<DurableHeads> heads_ = std::make_shared<DurableHeads>();
  const std::shared_ptr<RecentCommits> recent_ = std::make_shared<RecentCommits>();
  FreeSpaceGuard free_space_;  // of the sequencing thread
  mutable std::mutex sequenced_mutex_;
  absl::flat_hash_map<TenantNumber, Head> sequenced_;  // guarded by sequenced_mutex_
  // In this order: what stops first is declared last.
  std::unique_ptr<RocksdbIndex> index_;
  std::unique_ptr<HighWaterMarkWriter> mark_writer_;
  std::unique_ptr<LogPacker> packer_;
  std::unique_ptr<GroupCommitter> committer_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_ROCKSDB_EVENT_LOG_H_
