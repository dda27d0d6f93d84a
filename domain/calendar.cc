#include "domain/calendar.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int kDaysAWeek = 7;
constexpr int kMonthsAYear = 12;
const absl::CivilDay kEpoch(1970, 1, 1);

absl::CivilDay CivilOf(int32_t day) { return kEpoch + day; }
int32_t DayOfCivil(absl::CivilDay civil) { return static_cast<int32_t>(civil - kEpoch); }

int FloorMod(int value, int divisor) { return ((value % divisor) + divisor) % divisor; }

bool LooksLikeZone(absl::string_view zone) {
  // The loader would also read files by path and the machine's own zone, which differs from server
  // to server.
  if (zone.empty() || zone.front() == '/' || absl::StrContains(zone, "..") || zone == "localtime" ||
      absl::StartsWith(zone, "right/")) {
    return false;
  }
  return std::all_of(zone.begin(), zone.end(),
                     [](char c) { return absl::ascii_isalnum(c) || absl::StrContains("_+-/", c); });
}

}  // namespace

absl::StatusOr<Calendar> Calendar::Make(const v1::CalendarRule& rule) {
  Calendar calendar;
  calendar.zone_name_ = rule.zone();
  // A name that is not known leaves UTC behind: the result counts.
  if (!LooksLikeZone(rule.zone()) || !absl::LoadTimeZone(rule.zone(), &calendar.zone_)) {
    return Refuse(
        v1::UNKNOWN_ZONE,
        absl::StrCat("'", rule.zone(),
                     "' is no zone of the time-zone database; give one such as Asia/Jerusalem"),
        "zone");
  }
  calendar.week_start_ = rule.week_start() == 0 ? 1 : static_cast<int>(rule.week_start());
  calendar.fiscal_month_ =
      rule.fiscal_year_start_month() == 0 ? 1 : static_cast<int>(rule.fiscal_year_start_month());
  for (uint32_t weekday : rule.working_days())
    calendar.works_on_[weekday % (kDaysAWeek + 1)] = true;
  if (rule.working_days().empty()) std::fill_n(calendar.works_on_.begin() + 1, 5, true);
  for (const auto& holiday : rule.holidays()) {
    calendar.holidays_.push_back(DayFromCivil(holiday.year(), holiday.month(), holiday.day()));
  }
  std::sort(calendar.holidays_.begin(), calendar.holidays_.end());
  return calendar;
}

int32_t Calendar::DayOf(int64_t micros) const {
  const absl::CivilSecond local = zone_.At(absl::FromUnixMicros(micros)).cs;
  const int32_t day = DayOfCivil(absl::CivilDay(local));
  // Where clocks go back over midnight, the evening comes twice: the second one belongs to the day
  // that has begun.
  if (local.hour() >= 20 && micros >= StartOf(day + 1)) return day + 1;
  return day;
}

int64_t Calendar::StartOf(int32_t day) const {
  const absl::TimeZone::TimeInfo info = zone_.At(absl::CivilSecond(CivilOf(day)));
  // Midnight skipped: the day begins when the clocks have gone forward. Twice: the first one.
  return absl::ToUnixMicros(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

int32_t Calendar::WeekOf(int32_t day) const {
  return day - FloorMod(WeekdayOf(day) - week_start_, kDaysAWeek);
}

int32_t Calendar::MonthOf(int32_t day) const {
  return DayOfCivil(absl::CivilDay(absl::CivilMonth(CivilOf(day))));
}

int32_t Calendar::QuarterOf(int32_t day) const {
  const absl::CivilMonth month(CivilOf(day));
  return DayOfCivil(absl::CivilDay(month - (month.month() - 1) % 3));
}

int32_t Calendar::YearOf(int32_t day) const {
  return DayOfCivil(absl::CivilDay(absl::CivilYear(CivilOf(day))));
}

int32_t Calendar::FiscalYearOf(int32_t day) const {
  const absl::CivilMonth month(CivilOf(day));
  return DayOfCivil(absl::CivilDay(month - FloorMod(month.month() - fiscal_month_, kMonthsAYear)));
}

int32_t Calendar::FiscalQuarterOf(int32_t day) const {
  const absl::CivilMonth month(CivilOf(day));
  return DayOfCivil(
      absl::CivilDay(month - FloorMod(month.month() - fiscal_month_, kMonthsAYear) % 3));
}

int Calendar::HourOf(int64_t micros) const {
  return zone_.At(absl::FromUnixMicros(micros)).cs.hour();
}

int Calendar::WeekdayOf(int32_t day) const {
  return FloorMod(day + 3, kDaysAWeek) + 1;
}  // 1970-01-01 was a Thursday

bool Calendar::IsWorkingDay(int32_t day) const {
  return works_on_[WeekdayOf(day)] && !std::binary_search(holidays_.begin(), holidays_.end(), day);
}

int32_t DayFromCivil(int year, int month, int day) {
  return DayOfCivil(absl::CivilDay(year, month, day));
}

absl::StatusOr<int32_t> DayFromDate(const google::type::Date& date, absl::string_view field) {
  const absl::CivilDay civil(date.year(), date.month(), date.day());
  if (date.year() < 1 || date.year() > 9999 || civil.month() != date.month() ||
      civil.day() != date.day()) {
    return Refuse(v1::FIELD_INVALID,
                  absl::StrFormat("%04d-%02d-%02d is no date; year, month and day are needed",
                                  date.year(), date.month(), date.day()),
                  field);
  }
  return DayOfCivil(civil);
}

google::type::Date DateFromDay(int32_t day) {
  const absl::CivilDay civil = CivilOf(day);
  google::type::Date date;
  date.set_year(static_cast<int32_t>(civil.year()));
  date.set_month(civil.month());
  date.set_day(civil.day());
  return date;
}

std::string FormatDay(int32_t day) {
  const absl::CivilDay civil = CivilOf(day);
  return absl::StrFormat("%04d-%02d-%02d", civil.year(), civil.month(), civil.day());
}

int64_t MicrosFrom(const google::protobuf::Timestamp& time) {
  return time.seconds() * kMicrosPerSecond + time.nanos() / 1000;
}

google::protobuf::Timestamp TimestampFrom(int64_t micros) {
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest * 1000));
  return time;
}

}  // namespace recount::domain
