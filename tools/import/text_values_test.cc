#include "tools/import/text_values.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

NumberForm German() { return {',', '.', 0}; }

TEST(TextValues, Integers) {
  EXPECT_EQ(*ParseInteger("100.0", {}), 100);
  EXPECT_EQ(*ParseInteger("-7", {}), -7);
  EXPECT_EQ(*ParseInteger("1.234.567", German()), 1234567);
  EXPECT_EQ(*ParseInteger("1.5", {'.', '\0', 3}), 1500);
  for (const char* bad : {"", "1.5", "abc", "1e5", "12 3", "--1", "99999999999999999999", "1,000"}) {
    EXPECT_FALSE(ParseInteger(bad, {}).ok()) << bad;
  }
  EXPECT_FALSE(ParseInteger("1.23.456", German()).ok());
  EXPECT_FALSE(ParseInteger("1234.567", German()).ok());
}

TEST(TextValues, MoneyIsExact) {
  auto money = [](absl::string_view text, const NumberForm& form = {}) {
    absl::StatusOr<google::type::Money> got = ParseMoney(text, form, "EUR");
    EXPECT_TRUE(got.ok()) << got.status();
    return std::make_pair(got->units(), got->nanos());
  };
  EXPECT_EQ(money("1200"), std::make_pair(int64_t{1200}, 0));
  EXPECT_EQ(money("0.1"), std::make_pair(int64_t{0}, 100'000'000));
  EXPECT_EQ(money("-3.05"), std::make_pair(int64_t{-3}, -50'000'000));
  EXPECT_EQ(money("1.234,5", German()), std::make_pair(int64_t{1234}, 500'000'000));
  EXPECT_EQ(money("1100.04", {'.', '\0', 6}), std::make_pair(int64_t{1100040000}, 0));
  EXPECT_EQ(money("5", {'.', '\0', -2}), std::make_pair(int64_t{0}, 50'000'000));
  EXPECT_EQ(money("0.1000000000000"), std::make_pair(int64_t{0}, 100'000'000));
  for (const char* bad : {"", "12,50", "1.0000000001", "€5", "1e3", ".", "NaN"}) EXPECT_FALSE(ParseMoney(bad, {}, "EUR").ok()) << bad;
}

TEST(TextValues, DatesAndTimes) {
  TimeForm iso;
  EXPECT_EQ(ParseDateOrTime("2018-02-26", iso)->date().day(), 26);
  EXPECT_EQ(ParseDateOrTime("2018-02-26 19:58:54", iso)->time().seconds(), 1519675134);
  EXPECT_EQ(ParseDateOrTime("2018-02-26T19:58:54.25Z", iso)->time().nanos(), 250'000'000);
  EXPECT_EQ(ParseDateOrTime("2018-02-26T21:58:54+02:00", iso)->time().seconds(), 1519675134);
  EXPECT_EQ(ParseDateOrTime("1969-12-31 23:59:59.5", iso)->time().seconds(), -1);
  for (const char* bad : {"", "2018-02-30", "2018-13-01", "26.02.2018", "2018-02-26 25:00", "2018-02-26 10:00 x", "2018-2-6"}) {
    EXPECT_FALSE(ParseDateOrTime(bad, iso).ok()) << bad;
  }
  TimeForm berlin{"%d.%m.%Y %H:%M", {}};
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin.zone));
  EXPECT_EQ(ParseDateOrTime("26.02.2018 20:58", berlin)->time().seconds(), 1519675080);
  EXPECT_EQ(ParseDate("26.02.2018", {"%d.%m.%Y", absl::UTCTimeZone()})->month(), 2);
  EXPECT_FALSE(ParseDate("2018-02-26 10:00", iso).ok());
  EXPECT_FALSE(ParseTime("2018-02-26", iso).ok());
  EXPECT_FALSE(ParseDate("31.02.2018", {"%d.%m.%Y", absl::UTCTimeZone()}).ok());
}

// Berlin: 2024-03-31 02:00 to 03:00 is not there, 2024-10-27 02:00 to 03:00 is there twice.
TEST(TextValues, TimesAtWhichClocksAreChangedAreNotGuessed) {
  for (const char* form : {"", "%Y-%m-%d %H:%M:%E*S"}) {
    TimeForm berlin{form, {}};
    ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin.zone));
    const std::string gap = "2024-03-31 02:30:00.5", twice = "2024-10-27 02:30:00.5";
    EXPECT_EQ(ParseTime(gap, berlin).status().message(),
              "\"2024-03-31 02:30:00.5\" is not there in Europe/Berlin, where clocks were put forward then: it can be "
              "2024-03-31T01:30:00+01:00 or 2024-03-31T03:30:00+02:00; give the offset, or say `clock_change: CLOCK_CHANGE_EARLIER` or "
              "`CLOCK_CHANGE_LATER`");
    EXPECT_THAT(std::string(ParseTime(twice, berlin).status().message()),
                testing::HasSubstr("there twice in Europe/Berlin, where clocks were put back then: it can be 2024-10-27T02:30:00+02:00 or "
                                   "2024-10-27T02:30:00+01:00"));
    berlin.clock_change = ClockChange::kEarlier;
    EXPECT_EQ(absl::FromUnixSeconds(ParseTime(gap, berlin)->seconds()), absl::FromUnixSeconds(1711845000));
    EXPECT_EQ(ParseTime(twice, berlin)->seconds(), 1729989000);
    EXPECT_EQ(ParseTime(twice, berlin)->nanos(), 500'000'000);
    berlin.clock_change = ClockChange::kLater;
    EXPECT_EQ(ParseTime(gap, berlin)->seconds(), 1711845000 + 3600);
    EXPECT_EQ(ParseTime(twice, berlin)->seconds(), 1729989000 + 3600);
  }
  TimeForm given{"%Y-%m-%d %H:%M %Ez", {}};
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &given.zone));
  EXPECT_EQ(ParseTime("2024-10-27 02:30 +01:00", given)->seconds(), 1729992600);
  given.form = "";
  EXPECT_EQ(ParseTime("2024-10-27T02:30+01:00", given)->seconds(), 1729992600);
  given.form = "%s";
  EXPECT_EQ(ParseTime("1729992600", given)->seconds(), 1729992600);
  // London keeps UTC in winter, so that the gap reads there as in UTC.
  TimeForm london{"%Y-%m-%d %H:%M", {}};
  ASSERT_TRUE(absl::LoadTimeZone("Europe/London", &london.zone));
  EXPECT_FALSE(ParseTime("2024-03-31 01:30", london).ok());
  EXPECT_EQ(ParseTime("2024-03-31 00:30", london)->seconds(), 1711845000);
}

// absl::ParseTime reads these, whatever the form; the server would refuse them, and their microseconds do not fit.
TEST(TextValues, NoYearButOneThatTheServerTakes) {
  const TimeForm day{"%Y-%m-%d", absl::UTCTimeZone()}, second{"%s", absl::UTCTimeZone()};
  for (const char* bad : {"infinite-past", "infinite-future", "10000-01-01", "-1-01-01", "0000-12-31"}) {
    EXPECT_FALSE(ParseDateOrTime(bad, day).ok()) << bad;
  }
  for (const char* bad : {"infinite-past", "infinite-future", "253402300800", "-62135596801"}) {
    EXPECT_FALSE(ParseDateOrTime(bad, second).ok()) << bad;
  }
  EXPECT_TRUE(ParseDateOrTime("9999-12-31", day).ok());
  EXPECT_TRUE(ParseDateOrTime("-62135596800", second).ok());
  EXPECT_FALSE(ParseDateOrTime("0001-01-01 00:00+01:00", TimeForm()).ok());
  EXPECT_FALSE(ParseDateOrTime("9999-12-31 23:59-01:00", TimeForm()).ok());
}

TEST(TextValues, FlagsDigestsAndUtf8) {
  EXPECT_TRUE(*ParseFlag("Yes"));
  EXPECT_FALSE(*ParseFlag("0"));
  EXPECT_FALSE(ParseFlag("ja").ok());
  EXPECT_EQ(HexDigest("abc", 20), "ba7816bf8f01cfea4141");
  EXPECT_EQ(HexDigest("abc", 7), "ba7816b");
  EXPECT_TRUE(IsUtf8("שלום 王 é"));
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe4\xb8", "a\x80", "\xf4\x90\x80\x80"}) EXPECT_FALSE(IsUtf8(bad));
}

}  // namespace
}  // namespace recount::tools
