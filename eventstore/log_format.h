// The file FORMAT of a log: which programs may open it, and its name.
//
//   file := "recount event log\n" "format " version "\n" "id " 32 hex digits "\n"
#ifndef RECOUNT_EVENTSTORE_LOG_FORMAT_H_
#define RECOUNT_EVENTSTORE_LOG_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recount::eventstore {

// 1: every commit a value of its own. 2: old ones may lie in packs.
inline constexpr int kLogFormatVersion = 2;

struct LogFormat {
  int version = 0;
  std::string log_id;  // 16 bytes
};

// DATA_LOSS if it is none; FAILED_PRECONDITION if it is newer than this program. `path` is for the sentence.
absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view text, absl::string_view path);
// Of this program's version.
std::string LogFormatText(absl::string_view log_id);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_LOG_FORMAT_H_
