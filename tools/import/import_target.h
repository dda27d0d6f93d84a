// What an import talks to: the server, or a fake in tests.
#ifndef RECOUNT_TOOLS_IMPORT_IMPORT_TARGET_H_
#define RECOUNT_TOOLS_IMPORT_IMPORT_TARGET_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "recount/v1/command.pb.h"
#include "recount/v1/rule.pb.h"
#include "tools/api.h"

namespace recount::tools {

// CommandService.Stream. One thread may write while another reads.
class CommandStream {
 public:
  virtual ~CommandStream() = default;
  // False: the stream is broken, Finish says why.
  virtual bool Write(const api::CommandBatch& batch) = 0;
  // False: there is no more, Finish says why.
  virtual bool Read(api::CommandOutcomes* outcomes) = 0;
  virtual void WritesDone() = 0;
  virtual absl::Status Finish() = 0;
};

class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  virtual std::unique_ptr<CommandStream> OpenStream() = 0;
  virtual absl::StatusOr<std::vector<api::RuleVersion>> RuleVersions() = 0;
  virtual absl::Status PublishRules(const api::PublishRulesRequest& request) = 0;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_IMPORT_TARGET_H_
