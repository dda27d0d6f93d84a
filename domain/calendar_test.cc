#include "domain/calendar.h"

#include "domain/refusal.h"
#include "gtest/gtest.h"

namespace recount::domain {
namespace {

constexpr int64_t kHour = 3'600'000'000;

Calendar In(const std::string& zone, int fiscal_month = 1, int week_start = 1) {
  v1::CalendarRule rule;
  rule.set_zone(zone);
  rule.set_fiscal_year_start_month(fiscal_month);
  rule.set_week_start(week_start);
  return Calendar::Make(rule).value();
}

int64_t At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return absl::ToUnixMicros(time);
}

std::string Text(const Period& period) {
  return (period.first_day ? FormatDay(*period.first_day) : "") + ".." +
         (period.last_day ? FormatDay(*period.last_day) : "");
}

std::string Parsed(const Calendar& calendar, const std::string& text) {
  const auto period = calendar.ParsePeriod(text);
  return period.ok() ? Text(*period) : v1::ErrorReason_Name(ReasonOf(period.status()));
}

std::string Before(const Calendar& calendar, const std::string& text) {
  return Text(calendar.Before(text, calendar.ParsePeriod(text).value()));
}

TEST(CalendarTest, KnowsZones) {
  EXPECT_EQ(In("Asia/Jerusalem").zone(), "Asia/Jerusalem");
  for (const char* zone :
       {"", "Nowhere/City", "/etc/passwd", "../UTC", "localtime", "right/UTC", "asia jerusalem"}) {
    v1::CalendarRule rule;
    rule.set_zone(zone);
    EXPECT_EQ(ReasonOf(Calendar::Make(rule).status()), v1::UNKNOWN_ZONE) << zone;
  }
}

TEST(CalendarTest, DaysHoldTheirInstantsEverywhere) {
  // Every start of a day belongs to it, and the microsecond before to the day before, through all
  // changes of clocks.
  for (const char* zone :
       {"UTC", "Asia/Jerusalem", "Asia/Riyadh", "Africa/Cairo", "America/Sao_Paulo",
        "America/St_Johns", "Atlantic/Azores", "Pacific/Apia", "Asia/Kathmandu", "Europe/Moscow",
        "Asia/Tehran", "America/Havana"}) {
    const Calendar calendar = In(zone);
    for (int32_t day = DayFromCivil(1986, 12, 1); day < DayFromCivil(2025, 2, 1); ++day) {
      const int64_t start = calendar.StartOf(day);
      ASSERT_LE(start, calendar.EndOf(day)) << zone << " " << FormatDay(day);
      if (start == calendar.EndOf(day)) continue;  // a day that was left out
      ASSERT_EQ(calendar.DayOf(start), day) << zone << " " << FormatDay(day);
      ASSERT_EQ(calendar.DayOf(calendar.EndOf(day) - 1), day) << zone << " " << FormatDay(day);
    }
  }
}

TEST(CalendarTest, ChangesOfClocks) {
  const Calendar jerusalem = In("Asia/Jerusalem");
  const int32_t spring = DayFromCivil(2024, 3, 29);
  EXPECT_EQ(jerusalem.StartOf(spring), At("2024-03-28T22:00:00Z"));
  EXPECT_EQ(jerusalem.EndOf(spring) - jerusalem.StartOf(spring), 23 * kHour);
  const int32_t autumn = DayFromCivil(2024, 10, 27);
  EXPECT_EQ(jerusalem.EndOf(autumn) - jerusalem.StartOf(autumn), 25 * kHour);
  EXPECT_EQ(jerusalem.HourOf(At("2024-10-26T22:30:00Z")), 1);
  EXPECT_EQ(jerusalem.HourOf(At("2024-10-26T23:30:00Z")), 1);
}

TEST(CalendarTest, MidnightThatIsSkipped) {
  const Calendar sao_paulo = In("America/Sao_Paulo");
  const int32_t day = DayFromCivil(2018, 11, 4);
  EXPECT_EQ(sao_paulo.StartOf(day), At("2018-11-04T03:00:00Z"));  // 01:00 by the clocks there
  EXPECT_EQ(sao_paulo.HourOf(sao_paulo.StartOf(day)), 1);
  EXPECT_EQ(sao_paulo.DayOf(sao_paulo.StartOf(day) - 1), day - 1);
  EXPECT_EQ(sao_paulo.EndOf(day) - sao_paulo.StartOf(day), 23 * kHour);
}

TEST(CalendarTest, EveningThatComesTwice) {
  const Calendar sao_paulo = In("America/Sao_Paulo");
  const int32_t day = DayFromCivil(2018, 2, 17);  // 23:00 to 24:00 twice
  EXPECT_EQ(sao_paulo.EndOf(day) - sao_paulo.StartOf(day), 25 * kHour);
  EXPECT_EQ(sao_paulo.DayOf(At("2018-02-18T02:30:00Z")), day);
}

TEST(CalendarTest, DayThatWasLeftOut) {
  const Calendar apia = In("Pacific/Apia");
  const int32_t day = DayFromCivil(2011, 12, 30);
  EXPECT_EQ(apia.StartOf(day), apia.EndOf(day));
  EXPECT_EQ(apia.DayOf(apia.StartOf(day)), day + 1);
}

TEST(CalendarTest, Units) {
  const Calendar calendar = In("UTC", 4);
  const int32_t day = DayFromCivil(2024, 2, 29);
  EXPECT_EQ(calendar.WeekdayOf(day), 4);
  EXPECT_EQ(calendar.WeekdayOf(DayFromCivil(1969, 12, 29)), 1);
  EXPECT_EQ(FormatDay(calendar.WeekOf(day)), "2024-02-26");
  EXPECT_EQ(FormatDay(In("UTC", 1, 7).WeekOf(day)), "2024-02-25");
  EXPECT_EQ(FormatDay(In("UTC", 1, 6).WeekOf(DayFromCivil(2024, 3, 2))), "2024-03-02");
  EXPECT_EQ(FormatDay(calendar.MonthOf(day)), "2024-02-01");
  EXPECT_EQ(FormatDay(calendar.QuarterOf(day)), "2024-01-01");
  EXPECT_EQ(FormatDay(calendar.YearOf(day)), "2024-01-01");
  EXPECT_EQ(FormatDay(calendar.FiscalYearOf(day)), "2023-04-01");
  EXPECT_EQ(FormatDay(calendar.FiscalQuarterOf(day)), "2024-01-01");
  EXPECT_EQ(FormatDay(In("UTC", 11).FiscalQuarterOf(day)), "2024-02-01");
}

TEST(CalendarTest, WorkingDays) {
  v1::CalendarRule rule;
  rule.set_zone("Asia/Jerusalem");
  EXPECT_TRUE(Calendar::Make(rule)->IsWorkingDay(DayFromCivil(2024, 5, 31)));  // a Friday
  EXPECT_FALSE(Calendar::Make(rule)->IsWorkingDay(DayFromCivil(2024, 6, 2)));
  for (int weekday : {7, 1, 2, 3, 4}) rule.add_working_days(weekday);
  *rule.add_holidays() = DateFromDay(DayFromCivil(2024, 6, 12));
  const Calendar calendar = Calendar::Make(rule).value();
  EXPECT_FALSE(calendar.IsWorkingDay(DayFromCivil(2024, 5, 31)));
  EXPECT_TRUE(calendar.IsWorkingDay(DayFromCivil(2024, 6, 2)));
  EXPECT_FALSE(calendar.IsWorkingDay(DayFromCivil(2024, 6, 12)));
}

TEST(CalendarTest, PeriodTexts) {
  const Calendar calendar = In("UTC", 4);
  EXPECT_EQ(Parsed(calendar, ""), "..");
  EXPECT_EQ(Parsed(calendar, "2017"), "2017-01-01..2017-12-31");
  EXPECT_EQ(Parsed(calendar, "2017-Q2"), "2017-04-01..2017-06-30");
  EXPECT_EQ(Parsed(calendar, "2017-04"), "2017-04-01..2017-04-30");
  EXPECT_EQ(Parsed(calendar, "2024-02"), "2024-02-01..2024-02-29");
  EXPECT_EQ(Parsed(calendar, "2017-W14"), "2017-04-03..2017-04-09");
  EXPECT_EQ(Parsed(calendar, "2020-W53"), "2020-12-28..2021-01-03");
  EXPECT_EQ(Parsed(calendar, "2017-04-30"), "2017-04-30..2017-04-30");
  EXPECT_EQ(Parsed(calendar, "FY2017"), "2017-04-01..2018-03-31");
  EXPECT_EQ(Parsed(calendar, "FY2017-Q4"), "2018-01-01..2018-03-31");
  EXPECT_EQ(Parsed(calendar, "2017-04-01..2017-06-30"), "2017-04-01..2017-06-30");
  EXPECT_EQ(Parsed(calendar, "2017-04-01.."), "2017-04-01..");
  EXPECT_EQ(Parsed(calendar, "..2017-06-30"), "..2017-06-30");
  EXPECT_EQ(Parsed(calendar, "2017-04..2017-Q2"), "2017-04-01..2017-06-30");
  EXPECT_EQ(Parsed(calendar, "2017-06-30..2017-06-29"), "PERIOD_INVALID");
  for (const char* text :
       {"17", "2017-Q5", "2017-13", "2017-02-29", "2017-W53", "2017-W00", "FY2017-04", "2017-4",
        "2017-04-1", "2017 ", "next", "2017-01-01..x", "2017..2018..2019", "FY", "-2017", "0000"}) {
    EXPECT_EQ(Parsed(calendar, text), "PARAMETER_INVALID") << text;
  }
}

TEST(CalendarTest, PeriodBefore) {
  const Calendar calendar = In("UTC", 4);
  EXPECT_EQ(Before(calendar, "2017"), "2016-01-01..2016-12-31");
  EXPECT_EQ(Before(calendar, "2024-03"), "2024-02-01..2024-02-29");
  EXPECT_EQ(Before(calendar, "2017-Q1"), "2016-10-01..2016-12-31");
  EXPECT_EQ(Before(calendar, "2021-W01"), "2020-12-28..2021-01-03");
  EXPECT_EQ(Before(calendar, "2017-03-01"), "2017-02-28..2017-02-28");
  EXPECT_EQ(Before(calendar, "FY2017"), "2016-04-01..2017-03-31");
  EXPECT_EQ(Before(calendar, "FY2017-Q1"), "2017-01-01..2017-03-31");
  EXPECT_EQ(Before(calendar, "2017-03-01..2017-03-10"), "2017-02-19..2017-02-28");
  EXPECT_EQ(Before(calendar, "2017-03-01.."), "..");
  // Days that are whole months are months, however they are written.
  EXPECT_EQ(Before(calendar, "2017-03-01..2017-03-31"), "2017-02-01..2017-02-28");
  EXPECT_EQ(Before(calendar, "2017-04..2017-06"), "2017-01-01..2017-03-31");
  EXPECT_EQ(Before(calendar, "2017-04-01..2017-06-30"), "2017-01-01..2017-03-31");
  EXPECT_EQ(Before(calendar, "2017-01..2017-02"), "2016-11-01..2016-12-31");
  EXPECT_EQ(Before(calendar, "2016-01-01..2016-12-31"), "2015-01-01..2015-12-31");
  EXPECT_EQ(Before(calendar, "2016-03..2018-02"), "2014-03-01..2016-02-29");
  EXPECT_EQ(Before(calendar, "FY2017-Q1..FY2017-Q2"), "2016-10-01..2017-03-31");
  EXPECT_EQ(Before(calendar, "2017-03-02..2017-03-31"), "2017-01-31..2017-03-01");
}

TEST(CalendarTest, Dates) {
  google::type::Date date;
  EXPECT_EQ(ReasonOf(DayFromDate(date, "x").status()), v1::FIELD_INVALID);
  date.set_year(2023);
  date.set_month(2);
  date.set_day(29);
  EXPECT_EQ(ReasonOf(DayFromDate(date, "x").status()), v1::FIELD_INVALID);
  date.set_year(2024);
  EXPECT_EQ(FormatDay(DayFromDate(date, "x").value()), "2024-02-29");
  EXPECT_EQ(DateFromDay(-1).year(), 1969);
}

TEST(CalendarTest, Timestamps) {
  EXPECT_EQ(TimestampFrom(-1).seconds(), -1);
  EXPECT_EQ(TimestampFrom(-1).nanos(), 999999000);
  for (const int64_t micros : {int64_t{-1000001}, int64_t{0}, int64_t{1700000000123456}}) {
    EXPECT_EQ(MicrosFrom(TimestampFrom(micros)), micros);
  }
}

}  // namespace
}  // namespace recount::domain
