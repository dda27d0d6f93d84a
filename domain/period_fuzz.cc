// Time zones, days and the texts of periods.
#include "domain/calendar.h"

#include "tests/fuzz/fuzzing.h"

namespace recount::domain {
namespace {

// The years that a server takes.
const int32_t kFirstDay = DayFromCivil(1, 1, 1);
const int32_t kLastDay = DayFromCivil(9999, 12, 31);

v1::CalendarRule Rule(FuzzedDataProvider& choices) {
  v1::CalendarRule rule;
  rule.set_zone(choices.ConsumeBool() ? choices.PickValueInArray({"UTC", "Europe/Berlin", "Asia/Jerusalem", "America/Sao_Paulo",
                                                                 "Pacific/Apia", "America/New_York"})
                                      : choices.ConsumeRandomLengthString(40));
  rule.set_fiscal_year_start_month(choices.ConsumeIntegralInRange(0, 12));
  rule.set_week_start(choices.ConsumeIntegralInRange(0, 7));
  return rule;
}

void CheckDays(const Calendar& calendar, FuzzedDataProvider& choices) {
  const int32_t day = choices.ConsumeIntegralInRange(kFirstDay + 400, kLastDay - 400);
  const int64_t micros = calendar.StartOf(day) + choices.ConsumeIntegralInRange<int64_t>(0, 20LL * 3600 * 1000000);
  const int32_t its_day = calendar.DayOf(micros);
  MUST(calendar.StartOf(its_day) <= micros && micros < calendar.EndOf(its_day));
  for (const int32_t first : {calendar.WeekOf(day), calendar.MonthOf(day), calendar.QuarterOf(day), calendar.YearOf(day),
                              calendar.FiscalYearOf(day), calendar.FiscalQuarterOf(day)}) {
    MUST(first <= day && day - first < 366);
  }
  const int hour = calendar.HourOf(micros);
  MUST(hour >= 0 && hour <= 23);
  MUST(calendar.WeekdayOf(day) >= 1 && calendar.WeekdayOf(day) <= 7);
  auto again = DayFromDate(DateFromDay(day), "day");
  MUST(again.ok() && *again == day);
  calendar.IsWorkingDay(day);
}

void CheckPeriod(const Calendar& calendar, const std::string& text) {
  const auto period = calendar.ParsePeriod(text);
  if (!period.ok()) return;
  if (period->first_day) MUST(*period->first_day >= kFirstDay && *period->first_day <= kLastDay);
  if (period->last_day) MUST(*period->last_day >= kFirstDay && *period->last_day <= kLastDay);
  if (!period->first_day || !period->last_day) return;
  MUST(*period->first_day <= *period->last_day);
  // Written as two days it is the same.
  const auto again = calendar.ParsePeriod(FormatDay(*period->first_day) + ".." + FormatDay(*period->last_day));
  MUST(again.ok() && *again == *period);
  const Period before = calendar.Before(text, *period);
  if (before.last_day) MUST(*before.last_day < *period->first_day);
  if (before.first_day && before.last_day) MUST(*before.first_day <= *before.last_day);
}

}  // namespace
}  // namespace recount::domain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::domain;
  FuzzedDataProvider choices(data, size);
  auto calendar = Calendar::Make(Rule(choices));
  if (!calendar.ok()) return 0;
  CheckDays(*calendar, choices);
  CheckPeriod(*calendar, choices.ConsumeRemainingBytesAsString());
  return 0;
}
