// Checks a tenant's log from its beginning, for EventLog::Verify of every implementation.
#ifndef RECOUNT_EVENTSTORE_LOG_VERIFIER_H_
#define RECOUNT_EVENTSTORE_LOG_VERIFIER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "eventstore/commit_codec.h"
#include "eventstore/event_log.h"

namespace recount::eventstore {

// Fed with every stored commit in order. Goes on after a finding, so that one run tells all of them.
class LogVerifier {
 public:
  explicit LogVerifier(TenantNumber tenant) : tenant_(tenant) {}

  void Check(uint64_t first_position, const CommitParts& parts);
  // Commits that cannot be read at all, as the sentence says. The next one is taken as it is, and so are the revisions that
  // streams have after it: so that one damage is one finding.
  void AddLoss(std::string sentence);
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
  bool is_after_loss_ = false;   // the next commit is the first after commits that cannot be read
  int losses_ = 0;
  absl::flat_hash_map<std::string, int> seen_at_loss_;  // streams met since the first loss, and how many there were then
  std::vector<std::string> findings_;
};

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_LOG_VERIFIER_H_
