// Words of the command line into messages.
#ifndef RECOUNT_TOOLS_CLI_ARGUMENTS_H_
#define RECOUNT_TOOLS_CLI_ARGUMENTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/v1/report.pb.h"
#include "tools/api.h"

namespace recount::tools {

// The options of `report run`, `report explain` and `rules preview`, as they were given.
struct ReportOptions {
  std::string report;
  std::string period, as_of, valid_at, basis, attribution, mode, by, filter, currency, rights, measures, sort, compare, language;
  std::string opening_as_of, opening_valid_at, record, page_token, pin;
  std::vector<std::string> arguments;  // k=v
  int page_size = 0;                   // 0: all pages
  uint64_t min_position = 0;
};

absl::StatusOr<api::RunReportRequest> ToRunRequest(const ReportOptions& options);

// `1234` a position, `2026-01-31` a date (its end), `2026-01-31T10:00Z` a time (UTC if it names no zone).
absl::StatusOr<api::AsOf> ParseAsOf(absl::string_view text);
absl::StatusOr<api::DateOrTime> ParseMoment(absl::string_view text, absl::string_view option);

// `2026-01-31`.
absl::StatusOr<google::type::Date> ParseDay(absl::string_view text, absl::string_view option);

// `deals/4711`, or `deals/external/SOURCE/ID` for an external id.
struct RecordName {
  api::Ref ref;
  std::string collection;
};
absl::StatusOr<RecordName> ParseRecordName(absl::string_view text);

// `drafts/` is added where it is missing.
std::string DraftName(absl::string_view text);

std::vector<std::string> CommaList(absl::string_view text);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_ARGUMENTS_H_
