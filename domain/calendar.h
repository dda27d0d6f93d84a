// Days of the tenant's zone (decisions.md 1, 3). Instants are microseconds since 1970 UTC; days are
// counted from 1970-01-01; intervals are half-open.
#ifndef RECOUNT_DOMAIN_CALENDAR_H_
#define RECOUNT_DOMAIN_CALENDAR_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "recount/v1/rule.pb.h"

namespace recount::domain {

inline constexpr int64_t kBeginning = std::numeric_limits<int64_t>::min();  // "from the beginning"
inline constexpr int64_t kOpenEnd = std::numeric_limits<int64_t>::max();    // "open"

// Days [first, last + 1), either end may be missing.
struct Period {
  std::optional<int32_t> first_day;
  std::optional<int32_t> last_day;
  bool operator==(const Period&) const = default;
};

class Calendar {
 public:
  // UTC; only to be assigned to.
  Calendar() = default;
  // Fails with UNKNOWN_ZONE if the zone is not in the time-zone database.
  static absl::StatusOr<Calendar> Make(const v1::CalendarRule& rule);

  const std::string& zone() const { return zone_name_; }
  int32_t DayOf(int64_t micros)
      const;  // local day that holds the instant: StartOf(day) <= micros < EndOf(day)
  int64_t StartOf(int32_t day) const;                            // first instant of the local day
  int64_t EndOf(int32_t day) const { return StartOf(day + 1); }  // exclusive

  // First day of the unit that holds `day`.
  int32_t WeekOf(int32_t day) const;
  int32_t MonthOf(int32_t day) const;
  int32_t QuarterOf(int32_t day) const;
  int32_t YearOf(int32_t day) const;
  int32_t FiscalYearOf(int32_t day) const;
  int32_t FiscalQuarterOf(int32_t day) const;
  int HourOf(int64_t micros) const;  // 0 to 23
  int WeekdayOf(int32_t day) const;  // 1 Monday to 7 Sunday
  bool IsWorkingDay(int32_t day) const;

  // The texts of ReportParameters.period; empty: all time. `FY2017` begins in 2017; `2017-W01`
  // holds the 4th of January; the ends of `A..B` may be any unit. PARAMETER_INVALID for other
  // texts, PERIOD_INVALID if it ends before it begins.
  absl::StatusOr<Period> ParsePeriod(absl::string_view text) const;
  // The period before, of the same kind (decisions.md 23); of days that are whole months, quarters
  // or years: as many months before; of other days: as many days before. A period that is open at an end has none before it: both ends are missing.
  Period Before(absl::string_view text, const Period& period) const;

 private:
  std::string zone_name_ = "UTC";
  absl::TimeZone zone_;
  int week_start_ = 1;
  int fiscal_month_ = 1;
  std::array<bool, 8> works_on_ = {};  // by weekday, from 1
  std::vector<int32_t> holidays_;      // sorted
};

int32_t DayFromCivil(int year, int month, int day);
// FIELD_INVALID for a date that is none.
absl::StatusOr<int32_t> DayFromDate(const google::type::Date& date, absl::string_view field);
google::type::Date DateFromDay(int32_t day);
std::string FormatDay(int32_t day);  // 2018-04-30
int64_t MicrosFrom(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp TimestampFrom(int64_t micros);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_CALENDAR_H_
