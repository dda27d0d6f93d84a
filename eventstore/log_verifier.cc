#include "eventstore/log_verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"

namespace recount::eventstore {

void LogVerifier::Check(uint64_t first_position, absl::string_view stored) {
  if (first_position != position_ + 1) {
    AddFinding(absl::StrCat("tenant ", tenant_, ": after position ", position_, " comes a commit at position ",
                            first_position, ", not at ", position_ + 1));
  }
  auto parts = SplitStoredCommit(tenant_, first_position, stored);
  if (!parts.ok()) {
    AddFinding(std::string(parts.status().message()));
    position_ = first_position;
    return;
  }
  const absl::Status decoded = DecodeCommit(tenant_, first_position, *parts, hash_, &commit_);
  if (decoded.ok()) {
    CheckRecord(commit_);
    position_ = commit_.last_position;
  } else {
    AddFinding(std::string(decoded.message()));
    // Goes on from what the commit says about itself, so that one damage is one finding.
    storage::v1::CommitRecord record;
    const bool readable = record.ParseFromArray(parts->record_bytes.data(), static_cast<int>(parts->record_bytes.size()));
    position_ = first_position + (readable && record.events_size() > 0 ? record.events_size() - 1 : 0);
    for (const auto& event : record.events()) revisions_[event.stream()] = event.revision();
  }
  hash_ = parts->hash;
}

void LogVerifier::CheckRecord(const StoredCommit& commit) {
  if (position_ != 0 && commit.record.recorded_micros() < recorded_micros_) {
    AddFinding(absl::StrCat("tenant ", tenant_, ", position ", commit.first_position,
                            ": the recorded time is before that of the commit before it"));
  }
  recorded_micros_ = std::max(recorded_micros_, commit.record.recorded_micros());
  uint64_t position = commit.first_position;
  for (const auto& event : commit.record.events()) {
    uint64_t& revision = revisions_[event.stream()];
    if (event.revision() != revision + 1) {
      AddFinding(absl::StrCat("tenant ", tenant_, ", position ", position, ": ", event.stream(), " goes from revision ",
                              revision, " to ", event.revision()));
    }
    revision = event.revision();
    ++position;
  }
}

}  // namespace recount::eventstore
