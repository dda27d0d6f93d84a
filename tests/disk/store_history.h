// Random work on a log and its key vault, and the check that a folder still holds all of it that was acknowledged.
#ifndef RECOUNT_TESTS_DISK_STORE_HISTORY_H_
#define RECOUNT_TESTS_DISK_STORE_HISTORY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "eventstore/event_log.h"
#include "eventstore/event_log_model.h"
#include "eventstore/key_vault.h"

namespace recount::disk {

// When the keys are made durable that events are sealed with.
enum class KeyFlush { kBeforeLog, kAfterLog /* a planted fault */ };

// Notes the first problem and does not fail a test: that problems are found is itself tested.
class StoreHistory {
 public:
  static constexpr eventstore::TenantNumber kTenants = 2;
  // Commits of each tenant that were acknowledged; number 0 is not used.
  using Counts = std::array<uint64_t, kTenants + 1>;

  explicit StoreHistory(uint64_t seed, KeyFlush key_flush = KeyFlush::kBeforeLog) : random_(seed), key_flush_(key_flush) {}

  // Opens `folder`/data and `folder`/keys, made if missing.
  void Open(const std::string& folder);
  // One random operation, with its answers compared.
  void Step();
  void Append();
  // Waits until everything is durable.
  void Settle();
  void Close();
  // Ends the vault alone, so that its mark is written. No personal data from then on.
  void CloseKeys() { vault_.reset(); }
  // Makes commits of few bytes, for folders of which every byte is damaged in turn.
  void KeepSmall() { most_payload_bytes_ = 20; }
  // What is expected, to be taken over by another process.
  std::string Save() const;
  void Load(const std::string& saved);

  // From any thread.
  Counts acknowledged() const;
  // The folder that is opened next may lack what was not acknowledged.
  void ExpectAtLeast(const Counts& acknowledged);
  // What must be there is there, once and in order; what else is there is whole; Verify() is clean; keys open what they sealed;
  // look-ups agree. From then on everything that was found must stay.
  void Check();

  // OK; DATA_LOSS or another refusal of the stores, which say what they found; INTERNAL: they answered wrongly and said nothing.
  const absl::Status& problem() const { return problem_; }
  bool is_sound() const { return problem_.ok(); }
  uint64_t commits() const;
  eventstore::EventLog* log() { return log_.get(); }

 private:
  using Record = storage::v1::CommitRecord;

  void Fail(absl::Status problem);
  // Notes a problem unless `holds`.
  template <typename... Parts>
  bool Expect(bool holds, const Parts&... problem);
  bool ExpectOk(const absl::Status& status, const char* what);

  void AddPersonalEvent(eventstore::TenantNumber tenant, eventstore::Proposal* proposal);
  absl::StatusCode AddRequestAndClaim(eventstore::TenantNumber tenant, eventstore::Proposal* proposal);
  void Ask();
  void CheckCommits(eventstore::TenantNumber tenant);
  void CheckLookups(eventstore::TenantNumber tenant);
  void CheckPersonal(eventstore::TenantNumber tenant, const storage::v1::StoredEvent& event);
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  std::string AnyStream();

  std::mt19937_64 random_;
  const KeyFlush key_flush_;
  std::string folder_;
  eventstore::EventLogModel model_;
  std::array<std::atomic<uint64_t>, kTenants + 1> acknowledged_{};
  Counts at_least_{};
  std::unique_ptr<eventstore::KeyVault> vault_;
  std::unique_ptr<eventstore::EventLog> log_;
  uint64_t persons_ = 0;
  uint64_t requests_ = 0;
  uint64_t most_payload_bytes_ = 100;
  absl::Status problem_;
};

}  // namespace recount::disk

#endif  // RECOUNT_TESTS_DISK_STORE_HISTORY_H_
