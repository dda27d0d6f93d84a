#include "eventstore/log_verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"

namespace recount::eventstore {

void LogVerifier::AddLoss(std::string sentence) {
  AddFinding(std::move(sentence));
  is_after_loss_ = true;
  ++losses_;
}

void LogVerifier::Check(uint64_t first_position, const CommitParts& parts) {
  const bool is_after_loss = std::exchange(is_after_loss_, false);
  if (is_after_loss) position_ = first_position - 1;
  if (first_position != position_ + 1) {
    AddFinding(absl::StrCat("tenant ", tenant_, ": after position ", position_, " comes a commit at position ",
                            first_position, ", not at ", position_ + 1));
  }
  const absl::Status decoded = is_after_loss ? absl::DataLossError("its hash cannot be checked")
                                             : DecodeCommit(tenant_, first_position, parts, hash_, &commit_);
  if (decoded.ok()) {
    CheckRecord(commit_);
    position_ = commit_.last_position;
  } else {
    if (!is_after_loss) AddFinding(std::string(decoded.message()));
    // Goes on from what the commit says about itself.
    storage::v1::CommitRecord record;
    const bool readable = record.ParseFromArray(parts.record_bytes.data(), static_cast<int>(parts.record_bytes.size()));
    position_ = first_position + (readable && record.events_size() > 0 ? record.events_size() - 1 : 0);
    for (const auto& event : record.events()) {
      revisions_[event.stream()] = event.revision();
      if (losses_ > 0) seen_at_loss_[event.stream()] = losses_;
    }
  }
  hash_ = parts.hash;
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
    const bool may_jump = losses_ > 0 && std::exchange(seen_at_loss_[event.stream()], losses_) != losses_;
    if (event.revision() != revision + 1 && !(may_jump && event.revision() > revision)) {
      AddFinding(absl::StrCat("tenant ", tenant_, ", position ", position, ": ", event.stream(), " goes from revision ",
                              revision, " to ", event.revision()));
    }
    revision = event.revision();
    ++position;
  }
}

}  // namespace recount::eventstore
