#include "services/commit_answer.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/error_mapping.h"

namespace recount::services {
namespace {

void FillFrom(const storage::v1::CommitRecord& record, const std::vector<Outcome*>& outcomes) {
  CommitRevisions revisions;
  for (const storage::v1::StoredEvent& event : record.events()) revisions.Add(event.stream(), event.revision());
  std::vector<size_t> ends = {0};  // of each command's events, after the beginning
  for (const uint32_t events : record.command_events()) ends.push_back(ends.back() + events);
  for (Outcome* outcome : outcomes) {
    const size_t command = outcome->repeated_command;
    if (command + 1 < ends.size()) {
      revisions.Fill(ends[command], ends[command + 1], &outcome->result);
    } else if (absl::StrContains(record.answer_name(), '\n')) {
      // An older server's group: nobody knows whose event is which, but the record's own revision is known.
      revisions.FillOne(outcome->result.name(), &outcome->result);
    } else {
      revisions.Fill(0, revisions.size(), &outcome->result);
    }
  }
}

}  // namespace

void CommitRevisions::Add(absl::string_view stream, uint64_t revision) {
  streams_.push_back(stream);
  newest_[stream] = revision;
}

void CommitRevisions::Fill(size_t begin, size_t end, v1::CommandResult* result) const {
  absl::flat_hash_set<absl::string_view> told;
  for (size_t i = begin; i < std::min(end, streams_.size()); ++i) {
    if (told.insert(streams_[i]).second) FillOne(streams_[i], result);
  }
}

void CommitRevisions::FillOne(absl::string_view stream, v1::CommandResult* result) const {
  const auto newest = newest_.find(stream);
  if (newest == newest_.end()) return;
  v1::StreamRevision* entry = result->add_revisions();
  entry->set_stream(std::string(stream));
  entry->set_revision(newest->second);
}

void FillRepeated(eventstore::EventLog& log, eventstore::TenantNumber tenant, std::vector<Outcome>* outcomes) {
  std::map<uint64_t, std::vector<Outcome*>> repeated;  // by the first position of their commit
  for (Outcome& outcome : *outcomes) {
    if (outcome.status.ok() && outcome.repeated_first_position != 0)
      repeated[outcome.repeated_first_position].push_back(&outcome);
  }
  for (const auto& [first, of_commit] : repeated) {
    bool is_found = false;
    absl::Status status = log.ReadCommits(tenant, first - 1, eventstore::Direction::kForward,
                                          [&, first = first, &of_commit = of_commit](const eventstore::StoredCommit& commit) {
                                            is_found = commit.first_position == first;
                                            if (is_found) FillFrom(commit.record, of_commit);
                                            return false;
                                          });
    if (status.ok() && is_found) continue;
    if (status.ok()) status = absl::DataLossError(absl::StrCat("DATA_DAMAGED: the commit at position ", first, " is missing"));
    for (Outcome* outcome : of_commit) outcome->status = WithReason(status);
  }
}

}  // namespace recount::services
