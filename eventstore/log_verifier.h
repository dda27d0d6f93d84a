// Checks a tenant's log from its beginning, for EventLog::Verify of every implementation.
#ifndef RECOUNT_EVENTSTORE_LOG_VERIFIER_H_
#define RECOUNT_EVENTSTORE_LOG_VERIFIER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// Fed with every stored commit in order. Goes on after a finding, so that one run tells all of them.
class LogVerifier {
 public:
  explicit LogVerifier(TenantNumber tenant) : tenant_(tenant) {}

  void Check(uint64_t first_position, absl::string_view stored);
  void AddFinding(std::string sentence) { findings_.push_back(std::move(sentence)); }

  // After the last commit.
  uint64_t position() const { return position_; }
  const absl::flat_hash_map<std::string, uint64_t>& revisions() const { return revisions_; }
  std::vector<std::string> TakeFindings() { return std::move(findings_); }

 private:
  void CheckRecord(const StoredCommit& commit);

  const TenantNumber tenant_;
  uint64_t position_ = 0;
  int64_t recorded_micros_ = 0;
  ChainHash hash_{};
  StoredCommit commit_;
  absl::flat_hash_map<std::string, uint64_t> revisions_;
  std::vector<std::string> findings_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_LOG_VERIFIER_H_
