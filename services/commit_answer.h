// What an answer says of its commit: the streams that the command changed, with their revisions after the commit.
#ifndef RECOUNT_SERVICES_COMMIT_ANSWER_H_
#define RECOUNT_SERVICES_COMMIT_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eventstore/event_log.h"
#include "recount/v1/common.pb.h"

namespace recount::services {

struct Outcome {
  absl::Status status;
  v1::CommandResult result;  // if OK; of a repeated one FillRepeated() adds the revisions
  uint64_t repeated_first_position = 0;  // of the commit whose answer is repeated; 0: none
  size_t repeated_command = 0;           // which one of its atomic group
};

// The events of one commit.
class CommitRevisions {
 public:
  // In order. The text must live as long as this.
  void Add(absl::string_view stream, uint64_t revision);
  // Each stream of the events [begin, end) once.
  void Fill(size_t begin, size_t end, v1::CommandResult* result) const;
  void FillOne(absl::string_view stream, v1::CommandResult* result) const;
  size_t size() const { return streams_.size(); }

 private:
  std::vector<absl::string_view> streams_;  // of each event
  absl::flat_hash_map<absl::string_view, uint64_t> newest_;
};

// Completes repeated outcomes from the log, each commit read once. One whose commit cannot be read gets the reason as its status.
// Reads from the disk.
void FillRepeated(eventstore::EventLog& log, eventstore::TenantNumber tenant, std::vector<Outcome>* outcomes);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_COMMIT_ANSWER_H_
