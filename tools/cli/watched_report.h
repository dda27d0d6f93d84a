// A report that is watched: its rows as the messages leave them (report.proto, WatchReportResponse), and what each change did.
#ifndef RECOUNT_TOOLS_CLI_WATCHED_REPORT_H_
#define RECOUNT_TOOLS_CLI_WATCHED_REPORT_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "recount/v1/report.pb.h"
#include "tools/api.h"
#include "tools/cli/text_table.h"

namespace recount::tools {

class WatchedReport {
 public:
  // A row before and after; one without cells is none.
  struct Change {
    api::Row before, after;
  };

  // True: the message ended a change, which is applied now.
  bool Take(const api::WatchReportResponse& message);
  // The stream broke: of a change that had not ended nothing is kept.
  void DropUnfinished() { unfinished_.clear(); }

  // As RunReport answers, without a pin.
  const api::RunReportResponse& answer() const { return answer_; }
  // The newest change gave the whole answer.
  bool is_whole() const { return is_whole_; }
  // Rows of the newest change: those that went, then those that came or changed, in their order.
  const std::vector<Change>& changes() const { return changes_; }
  bool has_other_notes() const { return has_other_notes_; }
  // To go on from; empty: nothing has come yet.
  const std::string& token() const { return token_; }

 private:
  std::vector<api::WatchReportResponse> unfinished_;
  std::vector<std::pair<std::string, api::Row>> rows_;  // with their keys
  api::RunReportResponse answer_;
  std::vector<Change> changes_;
  bool is_whole_ = false, has_other_notes_ = false;
  std::string token_;
};

// The newest change in lines: `+` a row that came, `-` one that went, `~` one that changed, with what it was.
void RenderChange(const WatchedReport& report, const Look& look, std::ostream& out);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_WATCHED_REPORT_H_
