// What a cell says: numbers, money, dates, times, flags. Strict: what is not understood is an error that says what was expected,
// never a guess. An error's message completes the sentence "column x: ...".
#ifndef RECOUNT_TOOLS_IMPORT_TEXT_VALUES_H_
#define RECOUNT_TOOLS_IMPORT_TEXT_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/type/date.pb.h"
#include "google/type/money.pb.h"
#include "recount/v1/common.pb.h"
#include "tools/api.h"

namespace recount::tools {

// How numbers are written.
struct NumberForm {
  char decimal_mark = '.';
  char thousands_mark = '\0';  // none
  int exponent = 0;            // multiplied by so many powers of ten
};

// A whole number; `100.0` is one, `100.5` is not.
absl::StatusOr<int64_t> ParseInteger(absl::string_view text, const NumberForm& form);

// Exact: up to nine digits after the point, never through a double.
absl::StatusOr<google::type::Money> ParseMoney(absl::string_view text, const NumberForm& form, absl::string_view currency);

// true/false, yes/no, 1/0, any case.
absl::StatusOr<bool> ParseFlag(absl::string_view text);

// What becomes of a local time that is not there, or there twice, since clocks are put forward or back then.
enum class ClockChange {
  kRefuse,
  kEarlier,  // the earlier of the two instants that it can be
  kLater,
};

// How dates and times are written; an empty form is ISO 8601: `2018-02-26`, `2018-02-26 19:58:54.5`, `2018-02-26T19:58Z`.
struct TimeForm {
  std::string form;
  absl::TimeZone zone = absl::UTCTimeZone();  // of times that have none
  ClockChange clock_change = ClockChange::kRefuse;
};

// A day if the form (or, by ISO, the text) has no time of day, else an instant.
absl::StatusOr<api::DateOrTime> ParseDateOrTime(absl::string_view text, const TimeForm& form);
// The day; a time is refused.
absl::StatusOr<google::type::Date> ParseDate(absl::string_view text, const TimeForm& form);
// The instant; a day alone is refused.
absl::StatusOr<google::protobuf::Timestamp> ParseTime(absl::string_view text, const TimeForm& form);

// The first `digits` hex digits of the SHA-256.
std::string HexDigest(absl::string_view text, size_t digits = 20);

bool IsUtf8(absl::string_view text);
absl::string_view TrimSpaces(absl::string_view text);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_TEXT_VALUES_H_
