// One commit in the making: what Decide may ask, and what it has decided so far. Sequencer's thread only.
#ifndef RECOUNT_SERVICES_TRANSACTION_H_
#define RECOUNT_SERVICES_TRANSACTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/aggregate.h"
#include "services/commit_answer.h"
#include "services/credentials.h"
#include "services/prepared_command.h"
#include "services/record_id.h"
#include "services/tenants.h"

namespace recount::services {

class Transaction : public domain::Records {
 public:
  // `now_micros` is not before the newest commit's recorded time.
  Transaction(const Archive& archive, StateCache* cache, Tenant* tenant, RecordIds* ids, int64_t now_micros);

  // What Decide sees; includes what Add() took. Records that the caller may not see are not found by references.
  domain::Context ContextFor(const Caller& caller, const domain::Calendar* calendar);
  absl::StatusOr<std::string> Resolve(absl::string_view collection, const v1::Ref& ref,
                                      absl::string_view field) override;
  absl::StatusOr<const domain::State*> Load(absl::string_view stream) override;
  absl::StatusOr<std::string> FindKey(absl::string_view key) override;

  // RIGHTS_EXCEEDED where a name or an external id that a command would take is a hidden record's: of that it learns nothing else.
  // After ContextFor().
  absl::Status CheckNotTakenByHidden(const v1::Command& command);

  // Revision of a stream, with the events added.
  absl::StatusOr<uint64_t> Revision(absl::string_view stream);

  // Adds a decision. Later ones of the same transaction see its events and claims if `visible`. FIELD_TOO_LONG if the commit
  // becomes too large, RIGHTS_EXCEEDED if an event is of a record that the caller may not see; it must not be committed then.
  absl::Status Add(domain::Decision decision, bool visible);
  bool empty() const { return record_.events().empty(); }
  storage::v1::CommitRecord& record() { return record_; }
  const std::shared_ptr<const domain::Rulebook>& rules() const { return rules_; }

  // Sequences everything added as one commit, then brings states and rules up to it.
  absl::StatusOr<eventstore::Sequenced> Commit();
  // Of everything added; valid as long as this.
  CommitRevisions Revisions() const;

 private:
  struct Added {
    std::string stream;
    uint64_t revision;
    size_t bytes;  // of the payload
    v1::EventPayload payload;
    std::string data_subject;
  };
  bool IsMinted(absl::string_view stream) const;  // its id was made for this commit
  // Whether the caller may not see a record as it was before this commit. What this commit makes is the caller's own.
  absl::StatusOr<bool> IsHidden(absl::string_view stream);
  absl::Status CheckMayWrite(absl::string_view stream);
  absl::StatusOr<std::shared_ptr<const FoldedStream>> Hold(absl::string_view stream);
  absl::Status AddEvent(domain::NewEvent event, bool visible);
  // Makes keys and look-ups in the vault: only once it is sure that the commit is to be appended.
  absl::Status SealAll();
  absl::Status SealEvent(Added& added, storage::v1::StoredEvent* stored);
  domain::EventMeta MetaOfAdded(int index) const;
  // The payload is gone afterwards.
  void BringCacheTo(Added& added, const domain::EventMeta& meta);
  void AddRule(const v1::RuleEvent& event);

  const Archive archive_;
  StateCache* const cache_;
  Tenant* const tenant_;
  RecordIds* const ids_;
  const int64_t now_micros_;
  const uint64_t base_position_;
  storage::v1::CommitRecord record_;
  std::vector<Added> added_;                              // one for each event of record_
  size_t event_bytes_ = 0;                                // of their payloads
  std::vector<domain::LookupEntry> lookups_;
  absl::flat_hash_map<std::string, uint64_t> revisions_;  // of streams with added events
  absl::flat_hash_map<std::string, uint64_t> base_revisions_;
  absl::flat_hash_map<std::string, std::shared_ptr<const FoldedStream>> held_;
  absl::flat_hash_map<std::string, std::string> claimed_;  // by key; empty: released
  absl::flat_hash_set<std::string> minted_;    // ids
  absl::flat_hash_set<std::string> has_key_;   // data subjects that were sealed for
  std::shared_ptr<const domain::Rulebook> rules_;
  std::string actor_;
  std::shared_ptr<const domain::SeenOwners> seen_;        // of the caller; nullptr: everything
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_TRANSACTION_H_
