#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/durable_heads.h"
#include "eventstore/event_log.h"
#include "eventstore/group_committer.h"
#include "eventstore/log_verifier.h"
#include "eventstore/sequencing.h"

namespace recount::eventstore {
namespace {

// What is sequenced; durable is what lies up to the durable head.
struct TenantLog {
  Head head;
  std::vector<std::shared_ptr<const StoredCommit>> commits;
  std::map<std::string, std::vector<uint64_t>, std::less<>> streams;  // positions of each stream's events
  std::map<std::string, std::string, std::less<>> keys;
  std::map<std::pair<std::string, std::string>, RememberedRequest> requests;  // by actor and request id
};

class MemoryEventLog : public EventLog {
 public:
  MemoryEventLog()
      : heads_(std::make_shared<DurableHeads>()),
        recent_(std::make_shared<RecentCommits>()),
        committer_([](const std::vector<PendingCommit>&) { return absl::OkStatus(); }, heads_, recent_) {}
  ~MemoryEventLog() override { Close(); }

  absl::Status CheckOpen() override { return committer_.status(); }

  absl::StatusOr<Sequenced> Sequence(Proposal proposal, std::function<void(absl::Status)> durable) override {
    if (absl::Status status = CheckOpen(); !status.ok()) return status;
    absl::StatusOr<Sequenced> sequenced = AssignPlace(*this, proposal);
    if (!sequenced.ok()) return sequenced;
    PendingCommit pending;
    pending.tenant = proposal.tenant;
    pending.durable = std::move(durable);
    pending.commit = Append(proposal.tenant, std::move(proposal.record), *sequenced);
    if (absl::Status status = committer_.Add(std::move(pending)); !status.ok()) return status;
    return sequenced;
  }

  void AfterPending(TenantNumber tenant, std::function<void(absl::Status)> done) override {
    committer_.AfterPending(std::move(done));
  }

  absl::StatusOr<uint64_t> SequencedRevision(TenantNumber tenant, absl::string_view stream) override {
    std::lock_guard lock(mutex_);
    const TenantLog& log = tenants_[tenant];
    auto it = log.streams.find(stream);
    return it == log.streams.end() ? 0 : it->second.size();
  }

  absl::StatusOr<std::optional<std::string>> FindKey(TenantNumber tenant, absl::string_view key) override {
    std::lock_guard lock(mutex_);
    const TenantLog& log = tenants_[tenant];
    auto it = log.keys.find(key);
    if (it == log.keys.end()) return std::optional<std::string>();
    return std::optional<std::string>(it->second);
  }

  absl::StatusOr<std::optional<RememberedRequest>> FindRequest(TenantNumber tenant, absl::string_view actor,
                                                              absl::string_view request_id) override {
    std::lock_guard lock(mutex_);
    const TenantLog& log = tenants_[tenant];
    auto it = log.requests.find({std::string(actor), std::string(request_id)});
    if (it == log.requests.end()) return std::optional<RememberedRequest>();
    return std::optional<RememberedRequest>(it->second);
  }

  Head SequencedHead(TenantNumber tenant) override {
    std::lock_guard lock(mutex_);
    return tenants_[tenant].head;
  }

  Head DurableHead(TenantNumber tenant) override { return heads_->Get(tenant); }

  absl::Status ReadCommits(TenantNumber tenant, uint64_t after_position, Direction direction,
                           const CommitVisitor& visit) override {
    if (direction == Direction::kForward) {
      uint64_t next = after_position + 1;
      while (auto commit = CommitAt(tenant, next)) {
        if (!visit(*commit)) break;
        next = commit->last_position + 1;
      }
      return absl::OkStatus();
    }
    const uint64_t end = heads_->Get(tenant).position;
    uint64_t last = after_position == 0 ? end : std::min(after_position - 1, end);
    while (auto commit = CommitAt(tenant, last)) {
      if (!visit(*commit)) break;
      last = commit->first_position - 1;
    }
    return absl::OkStatus();
  }

  absl::Status ReadStream(TenantNumber tenant, absl::string_view stream, uint64_t after_revision, Direction direction,
                          const StreamVisitor& visit) override {
    const std::vector<uint64_t> positions = DurablePositions(tenant, stream);
    const bool forward = direction == Direction::kForward;
    uint64_t revision = forward ? after_revision : after_revision == 0 ? positions.size() + 1 : after_revision;
    while (true) {
      if (!forward && revision > positions.size() + 1) revision = positions.size() + 1;
      forward ? ++revision : --revision;
      if (revision == 0 || revision > positions.size()) return absl::OkStatus();
      auto commit = CommitAt(tenant, positions[revision - 1]);
      const int index = static_cast<int>(positions[revision - 1] - commit->first_position);
      const StreamEvent event{positions[revision - 1], commit->last_position, &commit->record.events(index),
                              &commit->record};
      if (!visit(event)) return absl::OkStatus();
    }
  }

  absl::Status ListStreams(TenantNumber tenant, absl::string_view prefix,
                           const std::function<bool(absl::string_view)>& visit) override {
    const uint64_t end = heads_->Get(tenant).position;
    std::vector<std::string> names;
    {
      std::lock_guard lock(mutex_);
      const TenantLog& log = tenants_[tenant];
      for (auto it = log.streams.lower_bound(prefix); it != log.streams.end(); ++it) {
        if (!absl::StartsWith(it->first, prefix)) break;
        if (it->second.front() <= end) names.push_back(it->first);
      }
    }
    for (const std::string& name : names) {
      if (!visit(name)) break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> PositionAt(TenantNumber tenant, int64_t recorded_micros) override {
    const uint64_t end = heads_->Get(tenant).position;
    std::lock_guard lock(mutex_);
    const auto& commits = tenants_[tenant].commits;
    auto it = std::partition_point(commits.begin(), commits.end(), [&](const auto& commit) {
      return commit->last_position <= end && commit->record.recorded_micros() <= recorded_micros;
    });
    return it == commits.begin() ? 0 : (*std::prev(it))->last_position;
  }

  absl::StatusOr<uint64_t> CommitEnd(TenantNumber tenant, uint64_t position) override {
    if (position == 0) return 0;
    auto commit = CommitAt(tenant, position);
    if (commit == nullptr) {
      return absl::OutOfRangeError(absl::StrCat("the log ends at position ", heads_->Get(tenant).position,
                                                ", before position ", position));
    }
    return commit->last_position;
  }

  std::unique_ptr<Subscription> Subscribe(TenantNumber tenant, uint64_t after_position) override {
    return NewSubscription(this, heads_, recent_, tenant, after_position);
  }

  absl::StatusOr<std::vector<std::string>> Verify(TenantNumber tenant, const VerifyProgress& progress) override {
    LogVerifier verifier(tenant);
    absl::Status status = ReadCommits(tenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
      verifier.Check(commit.first_position, {commit.hash, commit.bytes});
      return true;
    });
    if (!status.ok()) return status;
    if (progress && !progress(verifier.position(), heads_->Get(tenant).position)) {
      return absl::CancelledError("verifying was ended");
    }
    return verifier.TakeFindings();
  }

  void Close() override {
    committer_.Close();
    heads_->Close();
  }

 private:
  std::shared_ptr<const StoredCommit> Append(TenantNumber tenant, storage::v1::CommitRecord record, const Sequenced& sequenced) {
    auto commit = std::make_shared<StoredCommit>();
    commit->first_position = sequenced.first_position;
    commit->last_position = sequenced.last_position;
    record.SerializeToString(&commit->bytes);
    std::lock_guard lock(mutex_);
    TenantLog& log = tenants_[tenant];
    commit->hash = NextHash(log.head.hash, commit->bytes);
    uint64_t position = sequenced.first_position;
    for (const auto& event : record.events()) log.streams[event.stream()].push_back(position++);
    for (const auto& claim : record.claims()) {
      claim.release() ? void(log.keys.erase(claim.key())) : void(log.keys[claim.key()] = claim.stream());
    }
    if (!record.request_id().empty()) {
      log.requests[{record.actor(), record.request_id()}] =
          RememberedRequest{record.command_hash(), record.answer_name(), sequenced.first_position,
                            sequenced.last_position, sequenced.recorded_micros};
    }
    commit->record = std::move(record);
    log.head = HeadAfter(*commit);
    log.commits.push_back(commit);
    return commit;
  }

  // The durable commit that holds a position; null if there is none.
  std::shared_ptr<const StoredCommit> CommitAt(TenantNumber tenant, uint64_t position) {
    if (position == 0 || position > heads_->Get(tenant).position) return nullptr;
    std::lock_guard lock(mutex_);
    const auto& commits = tenants_[tenant].commits;
    return *std::partition_point(commits.begin(), commits.end(),
                                 [&](const auto& commit) { return commit->last_position < position; });
  }

  std::vector<uint64_t> DurablePositions(TenantNumber tenant, absl::string_view stream) {
    const uint64_t end = heads_->Get(tenant).position;
    std::lock_guard lock(mutex_);
    const TenantLog& log = tenants_[tenant];
    auto it = log.streams.find(stream);
    if (it == log.streams.end()) return {};
    return {it->second.begin(), std::upper_bound(it->second.begin(), it->second.end(), end)};
  }

  const std::shared_ptr<DurableHeads> heads_;
  const std::shared_ptr<RecentCommits> recent_;
  std::mutex mutex_;
  std::map<TenantNumber, TenantLog> tenants_;  // guarded by mutex_
  GroupCommitter committer_;
};

}  // namespace

std::unique_ptr<EventLog> NewMemoryEventLog() { return std::make_unique<MemoryEventLog>(); }

}  // namespace recount::eventstore
