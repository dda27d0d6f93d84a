// What went wrong, for people: the sentence, the reason, the field, what to do; and the exit code for programs.
#ifndef RECOUNT_TOOLS_CLI_FAILURE_H_
#define RECOUNT_TOOLS_CLI_FAILURE_H_

#include <string>

#include "absl/status/status.h"

namespace recount::tools {

// Documented in docs/cli.md.
enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitConflict = 4,
  kExitUnavailable = 5,
  kExitVerifyFailed = 6,
};

ExitCode ExitCodeOf(const absl::Status& status);

// `recount: SENTENCE`, then reason, field and advice on lines of their own. `server` is named where it did not answer.
std::string Describe(const absl::Status& status, const std::string& server);

// The stable reason of a refusal, empty if it has none.
std::string ReasonOf(const absl::Status& status);

// A mistake in the command line.
absl::Status Usage(absl::string_view sentence);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_FAILURE_H_
