// The texts of periods: `2017`, `2017-Q2`, `FY2017-Q1`, `2017-W14`, `2017-04-01..2017-06-30` ...
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "domain/calendar.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

enum class Unit { kDays, kDay, kWeek, kMonth, kQuarter, kYear, kFiscalQuarter, kFiscalYear };

// The unit that a text without `..` names; kDays: none.
struct Parsed {
  Unit unit = Unit::kDays;
  int year = 0;
  int number = 0;  // of the quarter, week or month
  int day = 0;
};

bool TakeDigits(absl::string_view* text, size_t count, int* number) {
  if (text->size() < count) return false;
  for (char c : text->substr(0, count)) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  if (!absl::SimpleAtoi(text->substr(0, count), number)) return false;
  text->remove_prefix(count);
  return true;
}

bool Take(absl::string_view* text, absl::string_view prefix) {
  if (!absl::StartsWith(*text, prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::optional<Parsed> ParseUnit(absl::string_view text) {
  Parsed parsed;
  const bool fiscal = Take(&text, "FY");
  if (!TakeDigits(&text, 4, &parsed.year) || parsed.year < 1) return std::nullopt;
  bool complete = true;
  if (text.empty()) {
    parsed.unit = fiscal ? Unit::kFiscalYear : Unit::kYear;
  } else if (Take(&text, "-Q")) {
    parsed.unit = fiscal ? Unit::kFiscalQuarter : Unit::kQuarter;
    complete = TakeDigits(&text, 1, &parsed.number) && parsed.number >= 1 && parsed.number <= 4;
  } else if (fiscal) {
    complete = false;
  } else if (Take(&text, "-W")) {
    parsed.unit = Unit::kWeek;
    complete = TakeDigits(&text, 2, &parsed.number) && parsed.number >= 1 && parsed.number <= 53;
  } else {
    parsed.unit = Unit::kMonth;
    complete = Take(&text, "-") && TakeDigits(&text, 2, &parsed.number) && parsed.number >= 1 &&
               parsed.number <= 12;
    if (complete && !text.empty()) {
      parsed.unit = Unit::kDay;
      complete = Take(&text, "-") && TakeDigits(&text, 2, &parsed.day);
    }
  }
  if (!complete || !text.empty()) return std::nullopt;
  return parsed;
}

// First day of the unit that follows the one of `first`.
int32_t NextOf(const Calendar& calendar, Unit unit, int32_t first) {
  switch (unit) {
    case Unit::kDays:
    case Unit::kDay:
      return first + 1;
    case Unit::kWeek:
      return first + 7;
    case Unit::kMonth:
      return calendar.MonthOf(first + 31);
    case Unit::kQuarter:
      return calendar.QuarterOf(first + 92);
    case Unit::kFiscalQuarter:
      return calendar.FiscalQuarterOf(first + 92);
    case Unit::kYear:
      return calendar.YearOf(first + 366);
    case Unit::kFiscalYear:
      return calendar.FiscalYearOf(first + 366);
  }
  return first + 1;
}

int32_t PreviousOf(const Calendar& calendar, Unit unit, int32_t first) {
  switch (unit) {
    case Unit::kDays:
    case Unit::kDay:
      return first - 1;
    case Unit::kWeek:
      return first - 7;
    case Unit::kMonth:
      return calendar.MonthOf(first - 1);
    case Unit::kQuarter:
      return calendar.QuarterOf(first - 1);
    case Unit::kFiscalQuarter:
      return calendar.FiscalQuarterOf(first - 1);
    case Unit::kYear:
      return calendar.YearOf(first - 1);
    case Unit::kFiscalYear:
      return calendar.FiscalYearOf(first - 1);
  }
  return first - 1;
}

// A year's first week is the one with its 4th of January in it (ISO 8601, where weeks start on
// Monday).
int32_t FirstWeekOf(const Calendar& calendar, int year) {
  return calendar.WeekOf(DayFromCivil(year, 1, 4));
}

std::optional<int32_t> FirstDayOf(const Calendar& calendar, const Parsed& parsed,
                                  int fiscal_month) {
  switch (parsed.unit) {
    case Unit::kDays:
      return std::nullopt;
    case Unit::kDay: {
      const int32_t day = DayFromCivil(parsed.year, parsed.number, parsed.day);
      const google::type::Date date = DateFromDay(day);
      if (date.month() != parsed.number || date.day() != parsed.day) return std::nullopt;
      return day;
    }
    case Unit::kWeek: {
      const int32_t first = FirstWeekOf(calendar, parsed.year) + 7 * (parsed.number - 1);
      if (first >= FirstWeekOf(calendar, parsed.year + 1)) return std::nullopt;
      return first;
    }
    case Unit::kMonth:
      return DayFromCivil(parsed.year, parsed.number, 1);
    case Unit::kQuarter:
      return DayFromCivil(parsed.year, 3 * parsed.number - 2, 1);
    case Unit::kYear:
      return DayFromCivil(parsed.year, 1, 1);
    case Unit::kFiscalQuarter:
      return DayFromCivil(parsed.year, fiscal_month + 3 * (parsed.number - 1),
                          1);  // CivilDay carries month 13
    case Unit::kFiscalYear:
      return DayFromCivil(parsed.year, fiscal_month, 1);
  }
  return std::nullopt;
}

absl::Status NoPeriod(absl::string_view text) {
  return Refuse(
      v1::PARAMETER_INVALID,
      absl::StrCat(
          "'", text,
          "' is no period; give 2017, 2017-Q2, 2017-04, 2017-W14, 2017-04-30, FY2017, FY2017-Q1 or "
          "2017-04-01..2017-06-30"),
      "period");
}

}  // namespace

absl::StatusOr<Period> Calendar::ParsePeriod(absl::string_view text) const {
  Period period;
  if (text.empty()) return period;
  const size_t dots = text.find("..");
  if (dots == absl::string_view::npos) {
    const std::optional<Parsed> parsed = ParseUnit(text);
    if (parsed.has_value()) period.first_day = FirstDayOf(*this, *parsed, fiscal_month_);
    if (!period.first_day.has_value()) return NoPeriod(text);
    period.last_day = NextOf(*this, parsed->unit, *period.first_day) - 1;
    return period;
  }
  const absl::string_view from = text.substr(0, dots);
  const absl::string_view to = text.substr(dots + 2);
  if (absl::StrContains(to, "..")) return NoPeriod(text);
  if (!from.empty()) {
    const absl::StatusOr<Period> first = ParsePeriod(from);
    if (!first.ok()) return NoPeriod(text);
    period.first_day = first->first_day;
  }
  if (!to.empty()) {
    const absl::StatusOr<Period> last = ParsePeriod(to);
    if (!last.ok()) return NoPeriod(text);
    period.last_day = last->last_day;
  }
  if (period.first_day.has_value() && period.last_day.has_value() &&
      *period.last_day < *period.first_day) {
    return Refuse(v1::PERIOD_INVALID, absl::StrCat("the period '", text, "' ends before it begins"),
                  "period");
  }
  return period;
}

namespace {

// How many whole months lie in [first, end), whose first days both are; 0: they are no whole months.
int WholeMonths(const Calendar& calendar, int32_t first, int32_t end) {
  if (calendar.MonthOf(first) != first || calendar.MonthOf(end) != end) return 0;
  const google::type::Date from = DateFromDay(first), to = DateFromDay(end);
  return (to.year() - from.year()) * 12 + to.month() - from.month();
}

}  // namespace

Period Calendar::Before(absl::string_view text, const Period& period) const {
  Period before;
  if (!period.first_day.has_value() || !period.last_day.has_value()) return before;
  before.last_day = *period.first_day - 1;
  const std::optional<Parsed> parsed = ParseUnit(text);
  const int months = WholeMonths(*this, *period.first_day, *period.last_day + 1);
  if (parsed.has_value()) {
    before.first_day = PreviousOf(*this, parsed->unit, *period.first_day);
  } else if (months > 0) {
    const google::type::Date first = DateFromDay(*period.first_day);
    before.first_day = DayFromCivil(first.year(), first.month() - months, 1);  // CivilDay carries months
  } else {
    before.first_day = *period.first_day - (*period.last_day - *period.first_day + 1);
  }
  return before;
}

}  // namespace recount::domain
