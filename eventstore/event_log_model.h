// What an EventLog must answer, the slow and obvious way, for random tests.
#ifndef RECOUNT_EVENTSTORE_EVENT_LOG_MODEL_H_
#define RECOUNT_EVENTSTORE_EVENT_LOG_MODEL_H_

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// A list of commits, searched from end to end for every question.
class EventLogModel {
 public:
  uint64_t Position(TenantNumber tenant) const {
    uint64_t position = 0;
    for (const storage::v1::CommitRecord& commit : Of(tenant)) position += commit.events_size();
    return position;
  }
  uint64_t Revision(TenantNumber tenant, const std::string& stream) const { return Positions(tenant, stream).size(); }
  std::vector<uint64_t> Positions(TenantNumber tenant, const std::string& stream) const {
    std::vector<uint64_t> positions;
    for (const storage::v1::CommitRecord& commit : Of(tenant)) {
      for (int i = 0; i < commit.events_size(); ++i) {
        if (commit.events(i).stream() == stream) positions.push_back(commit.first_position() + i);
      }
    }
    return positions;
  }
  std::optional<std::string> Holder(TenantNumber tenant, const std::string& key) const {
    std::optional<std::string> holder;
    for (const storage::v1::CommitRecord& commit : Of(tenant)) {
      for (const auto& claim : commit.claims()) {
        if (claim.key() != key) continue;
        holder = claim.release() ? std::nullopt : std::optional<std::string>(claim.stream());
      }
    }
    return holder;
  }
  const storage::v1::CommitRecord* Request(TenantNumber tenant, const std::string& id) const {
    for (const storage::v1::CommitRecord& commit : Of(tenant)) {
      if (commit.request_id() == id) return &commit;
    }
    return nullptr;
  }
  std::vector<std::string> Streams(TenantNumber tenant, const std::string& prefix) const {
    std::set<std::string> names;
    for (const storage::v1::CommitRecord& commit : Of(tenant)) {
      for (const auto& event : commit.events()) {
        if (absl::StartsWith(event.stream(), prefix)) names.insert(event.stream());
      }
    }
    return {names.begin(), names.end()};
  }
  uint64_t PositionAt(TenantNumber tenant, int64_t micros) const {
    uint64_t position = 0;
    for (const storage::v1::CommitRecord& commit : Of(tenant)) {
      if (commit.recorded_micros() <= micros) position = commit.first_position() + commit.events_size() - 1;
    }
    return position;
  }
  void Append(TenantNumber tenant, storage::v1::CommitRecord record) {
    record.set_first_position(Position(tenant) + 1);
    if (!Of(tenant).empty()) {
      record.set_recorded_micros(std::max(record.recorded_micros(), Of(tenant).back().recorded_micros()));
    }
    std::map<std::string, uint64_t> revisions;
    for (auto& event : *record.mutable_events()) {
      const auto [it, is_new] = revisions.try_emplace(event.stream(), 0);
      if (is_new) it->second = Revision(tenant, event.stream());
      event.set_revision(++it->second);
    }
    record.set_format(1);
    commits_[tenant].push_back(std::move(record));
  }
  // Forgets all commits but the first ones.
  void KeepFirst(TenantNumber tenant, size_t commits) { commits_[tenant].resize(commits); }
  const std::vector<storage::v1::CommitRecord>& Of(TenantNumber tenant) const { return commits_[tenant]; }

 private:
  mutable std::map<TenantNumber, std::vector<storage::v1::CommitRecord>> commits_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_EVENT_LOG_MODEL_H_
