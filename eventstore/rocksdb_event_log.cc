#include "eventstore/rocksdb_event_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/rocksdb_cursor.h"
#include "eventstore/rocksdb_layout.h"
#include "eventstore/rocksdb_log_check.h"
#include "eventstore/sequencing.h"
#include "rocksdb/cache.h"

namespace recount::eventstore {

absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksdbEventLog(const RocksdbLogOptions& options) {
  return RocksdbEventLog::Open(options);
}

RocksdbEventLog::RocksdbEventLog(const RocksdbLogOptions& options)
    : options_(options), free_space_(options.directory, options.free_space_reserve_bytes) {}

RocksdbEventLog::~RocksdbEventLog() { Close(); }

absl::StatusOr<std::unique_ptr<EventLog>> RocksdbEventLog::Open(const RocksdbLogOptions& options) {
  std::unique_ptr<RocksdbEventLog> log(new RocksdbEventLog(options));
  if (absl::Status status = log->Start(); !status.ok()) return status;
  return std::unique_ptr<EventLog>(std::move(log));
}

absl::Status RocksdbEventLog::Start() {
  const auto cache = rocksdb::NewLRUCache(options_.block_cache_bytes);
  auto opened = OpenLogFolder(options_.directory, cache, options_.write_buffer_bytes);
  if (!opened.ok()) return opened.status();
  opened_ = *std::move(opened);
  auto heads = ReadHeads(*opened_.database);
  if (!heads.ok()) return heads.status();
  for (const auto& [tenant, head] : *heads) sequenced_[tenant] = head;
  heads_->Raise(sequenced_);

  committer_ = std::make_unique<GroupCommitter>(
      [this](const std::vector<PendingCommit>& group) { return WriteGroup(group); }, heads_, recent_, [this] {
        if (index_ != nullptr) index_->GiveUp();
        if (packer_ != nullptr) packer_->GiveUp();
      });
  const auto stop = [committer = committer_.get()](const absl::Status& cause) { committer->Fail(cause); };
  mark_writer_ = std::make_unique<HighWaterMarkWriter>(std::move(opened_.mark), stop);
  auto index = RocksdbIndex::Open({options_.directory + "/index", options_.index_memory_bytes, cache, heads_, stop});
  if (!index.ok()) return index.status();
  index_ = *std::move(index);
  if (absl::Status status = CatchUpIndex(*heads); !status.ok()) return status;
  packer_ = std::make_unique<LogPacker>(options_, opened_.database.get(), stop);
  for (const auto& [tenant, head] : *heads) packer_->Raise(tenant, head.position);
  return absl::OkStatus();
}

absl::StatusOr<bool> RocksdbEventLog::IndexFits(const std::vector<std::pair<TenantNumber, Head>>& heads) {
  for (const auto& [tenant, head] : heads) {
    absl::StatusOr<Head> watermark = index_->Watermark(tenant);
    if (!watermark.ok()) return watermark.status();
    if (watermark->position == 0) continue;
    if (watermark->position > head.position) return false;
    CommitCursor cursor(opened_.database.get(), tenant, head.position, CursorUse::kPoints);
    if (absl::Status status = cursor.SeekTo(watermark->position); !status.ok()) return status;
    if (cursor.commit().last_position != watermark->position || cursor.commit().hash != watermark->hash) return false;
  }
  return true;
}

absl::Status RocksdbEventLog::CatchUpIndex(const std::vector<std::pair<TenantNumber, Head>>& heads) {
  absl::StatusOr<bool> fits = IndexFits(heads);
  if (!fits.ok()) return fits.status();
  if (!*fits) {
    if (absl::Status status = index_->Clear(); !status.ok()) return status;
  }
  for (const auto& [tenant, head] : heads) {
    absl::StatusOr<Head> watermark = index_->Watermark(tenant);
    if (!watermark.ok()) return watermark.status();
    CommitCursor cursor(opened_.database.get(), tenant, head.position, CursorUse::kScan);
    absl::Status status = cursor.SeekTo(watermark->position + 1);
    for (; status.ok() && cursor.is_valid(); status = cursor.Next()) {
      const StoredCommit& commit = cursor.commit();
      index_->Apply(tenant, commit.record, {commit.last_position, commit.record.recorded_micros(), commit.hash});
    }
    if (!status.ok()) return status;
  }
  return committer_->status();  // the index may have failed to write what it was given
}

absl::Status RocksdbEventLog::CheckOpen() {
  if (absl::Status status = committer_->status(); !status.ok()) return status;
  return free_space_.Check();
}

absl::StatusOr<Sequenced> RocksdbEventLog::Sequence(Proposal proposal, std::function<void(absl::Status)> durable) {
  if (absl::Status status = CheckOpen(); !status.ok()) return status;
  absl::StatusOr<Sequenced> sequenced = AssignPlace(*this, proposal);
  if (!sequenced.ok()) return sequenced;
  auto commit = std::make_shared<StoredCommit>();
  commit->first_position = sequenced->first_position;
  commit->last_position = sequenced->last_position;
  commit->record = std::move(proposal.record);
  if (!commit->record.SerializeToString(&commit->bytes)) return absl::InternalError("the commit cannot be serialized");
  {
    std::lock_guard lock(sequenced_mutex_);
    Head& head = sequenced_[proposal.tenant];
    commit->hash = NextHash(head.hash, commit->bytes);
    head = HeadAfter(*commit);
  }
  index_->Apply(proposal.tenant, commit->record, HeadAfter(*commit));
  PendingCommit pending{proposal.tenant, std::move(commit), std::move(durable)};
  if (absl::Status status = committer_->Add(std::move(pending)); !status.ok()) return status;
  return sequenced;
}

absl::Status RocksdbEventLog::WriteGroup(const std::vector<PendingCommit>& group) {
  if (options_.before_sync) {
    if (absl::Status status = options_.before_sync(); !status.ok()) return status;
  }
  size_t bytes = 0;
  for (const PendingCommit& pending : group) bytes += pending.commit == nullptr ? 0 : pending.commit->bytes.size() + 96;
  rocksdb::WriteBatch batch(bytes, /*max_bytes=*/0, /*protection_bytes_per_key=*/8, /*default_cf_ts_sz=*/0);
  const PendingCommit* last = nullptr;
  for (const PendingCommit& pending : group) {
    if (pending.commit == nullptr) continue;
    if (absl::Status status = PutCommit(pending.tenant, *pending.commit, &batch); !status.ok()) return status;
    last = &pending;
  }
  if (last == nullptr) return absl::OkStatus();
  const bool has_pack = packer_->AddTo(&batch);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::Status status = opened_.files.db->Write(synced, &batch);
  if (has_pack) packer_->Wrote(status.ok());
  if (!status.ok()) return FromRocksdb(status, "log/");
  for (const PendingCommit& pending : group) {
    if (pending.commit != nullptr) packer_->Raise(pending.tenant, pending.commit->last_position);
  }
  mark_writer_->Raise({opened_.files.db->GetLatestSequenceNumber(), last->tenant, last->commit->first_position,
                       last->commit->last_position, last->commit->hash});
  return absl::OkStatus();
}

void RocksdbEventLog::AfterPending(TenantNumber tenant, std::function<void(absl::Status)> done) {
  committer_->AfterPending(std::move(done));
}

absl::StatusOr<uint64_t> RocksdbEventLog::SequencedRevision(TenantNumber tenant, absl::string_view stream) {
  return index_->Revision(tenant, stream);
}

absl::StatusOr<std::optional<std::string>> RocksdbEventLog::FindKey(TenantNumber tenant, absl::string_view key) {
  return index_->Key(tenant, key);
}

absl::StatusOr<std::optional<RememberedRequest>> RocksdbEventLog::FindRequest(TenantNumber tenant,
                                                                             absl::string_view actor,
                                                                             absl::string_view request_id) {
  return index_->Request(tenant, actor, request_id);
}

Head RocksdbEventLog::SequencedHead(TenantNumber tenant) {
  std::lock_guard lock(sequenced_mutex_);
  auto it = sequenced_.find(tenant);
  return it == sequenced_.end() ? Head{} : it->second;
}

Head RocksdbEventLog::DurableHead(TenantNumber tenant) { return heads_->Get(tenant); }

std::unique_ptr<Subscription> RocksdbEventLog::Subscribe(TenantNumber tenant, uint64_t after_position) {
  return NewSubscription(this, heads_, recent_, tenant, after_position);
}

void RocksdbEventLog::Close() {
  if (committer_ != nullptr) committer_->Close();
  heads_->Close();
  if (packer_ != nullptr) packer_->Close();
  if (index_ != nullptr) index_->Close();
  if (mark_writer_ != nullptr) mark_writer_->Close();
}

}  // namespace recount::eventstore
