// What every command of the command line works with.
#ifndef RECOUNT_TOOLS_CLI_SESSION_H_
#define RECOUNT_TOOLS_CLI_SESSION_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/cli/client.h"
#include "tools/cli/text_table.h"

namespace recount::tools {

enum class Format { kTable, kJson, kCsv };

struct Session {
  Client* client;
  std::ostream& out;      // data
  std::ostream& err;      // messages and progress
  Look look;
  Format format = Format::kTable;
  bool err_is_terminal = false;
};

// Progress on stderr of what takes longer than a second: on a terminal a line that is written over, else a line every 5 seconds.
class Progress {
 public:
  explicit Progress(Session& session);
  ~Progress();
  void Show(const std::string& text);

 private:
  Session& session_;
  double start_;
  double last_ = 0;
  bool shown_ = false;
};

// That an answer takes `seconds` already: on a terminal a line that is written over, else a line every 5 seconds. 0: it is there.
void ShowWaiting(std::ostream& err, bool is_terminal, int seconds);

// The zone in which the tenant means days, as its calendar rule says. Times for people are shown in it.
absl::StatusOr<absl::TimeZone> TenantZone(Session& session);

// The word of `known` that `word` was probably meant to be; empty if none is near.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& known);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_SESSION_H_
