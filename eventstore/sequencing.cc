#include "eventstore/sequencing.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace recount::eventstore {
namespace {

using storage::v1::CommitRecord;
using storage::v1::KeyClaim;
using Revisions = std::vector<std::pair<std::string, uint64_t>>;  // by stream

absl::Status CheckShape(const CommitRecord& record) {
  if (record.events().empty()) return absl::InvalidArgumentError("a commit needs at least one event");
  for (const auto& event : record.events()) {
    if (event.stream().empty() || event.stream().find('\0') != std::string::npos) {
      return absl::InvalidArgumentError("a stream name must not be empty and must not hold a NUL character");
    }
  }
  for (const KeyClaim& claim : record.claims()) {
    if (claim.key().empty() || claim.stream().empty()) {
      return absl::InvalidArgumentError("a key claim needs a key and a stream");
    }
  }
  return absl::OkStatus();
}

// Fills `revisions` with those of the streams that were checked.
absl::Status CheckExpectations(EventLog& log, const Proposal& proposal, Revisions& revisions) {
  for (const Expectation& expected : proposal.expectations) {
    absl::StatusOr<uint64_t> current =
        expected.is_new_name ? 0 : log.SequencedRevision(proposal.tenant, expected.stream);
    if (!current.ok()) return current.status();
    revisions.emplace_back(expected.stream, *current);
    if (*current != expected.revision) {
      return absl::AbortedError(absl::StrCat("REVISION_MISMATCH: ", expected.stream, " is at revision ", *current,
                                             ", not at ", expected.revision));
    }
  }
  return absl::OkStatus();
}

// Each claim is seen after those before it in the same commit, of which there may be a hundred thousand.
absl::Status CheckClaims(EventLog& log, const Proposal& proposal) {
  absl::flat_hash_map<absl::string_view, std::optional<std::string>> holders;  // by key, so far
  for (const KeyClaim& claim : proposal.record.claims()) {
    auto known = holders.find(claim.key());
    if (known == holders.end()) {
      auto found = log.FindKey(proposal.tenant, claim.key());
      if (!found.ok()) return found.status();
      known = holders.emplace(claim.key(), *std::move(found)).first;
    }
    std::optional<std::string>& holder = known->second;
    if (!claim.release() && holder.has_value() && *holder != claim.stream()) {
      return absl::AlreadyExistsError(absl::StrCat("EXTERNAL_ID_TAKEN: ", claim.key(), " belongs to ", *holder));
    }
    if (claim.release() && holder != claim.stream()) {
      return absl::InvalidArgumentError(absl::StrCat(claim.stream(), " does not hold the key ", claim.key()));
    }
    holder = claim.release() ? std::nullopt : std::optional<std::string>(claim.stream());
  }
  return absl::OkStatus();
}

// A commit has few streams: a search over them beats a map.
Revisions::iterator FindIn(Revisions& revisions, absl::string_view stream) {
  return std::find_if(revisions.begin(), revisions.end(), [&](const auto& entry) { return entry.first == stream; });
}

// Numbers the events in their streams. `checked` are revisions known already.
absl::Status AssignRevisions(EventLog& log, TenantNumber tenant, Revisions& checked, CommitRecord& record,
                             Revisions& assigned) {
  for (auto& event : *record.mutable_events()) {
    auto known = FindIn(assigned, event.stream());
    if (known == assigned.end()) {
      const auto before = FindIn(checked, event.stream());
      absl::StatusOr<uint64_t> current =
          before != checked.end() ? before->second : log.SequencedRevision(tenant, event.stream());
      if (!current.ok()) return current.status();
      known = assigned.insert(assigned.end(), {event.stream(), *current});
    }
    event.set_revision(++known->second);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Sequenced> AssignPlace(EventLog& log, Proposal& proposal) {
  CommitRecord& record = proposal.record;
  if (absl::Status status = CheckShape(record); !status.ok()) return status;
  Revisions checked;
  if (absl::Status status = CheckExpectations(log, proposal, checked); !status.ok()) return status;
  if (absl::Status status = CheckClaims(log, proposal); !status.ok()) return status;
  Sequenced sequenced;
  if (absl::Status status = AssignRevisions(log, proposal.tenant, checked, record, sequenced.revisions); !status.ok())
    return status;
  const Head head = log.SequencedHead(proposal.tenant);
  sequenced.first_position = head.position + 1;
  sequenced.last_position = head.position + record.events_size();
  // Only an empty log has no time to go back from.
  sequenced.recorded_micros =
      head.position == 0 ? record.recorded_micros() : std::max(record.recorded_micros(), head.recorded_micros);
  if (record.format() == 0) record.set_format(1);
  record.set_first_position(sequenced.first_position);
  record.set_recorded_micros(sequenced.recorded_micros);
  return sequenced;
}

absl::Status OutcomeUnknown(const absl::Status& cause) {
  return absl::UnavailableError(
      absl::StrCat("OUTCOME_UNKNOWN: the commit may or may not be stored; send the same request id again after the server "
                   "has restarted. Cause: ",
                   cause.message()));
}

}  // namespace recount::eventstore
