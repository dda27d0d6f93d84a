#include "tools/cli/value_text.h"

#include <algorithm>
#include <cstdlib>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "domain/money.h"

namespace recount::tools {
namespace {

std::string GroupDigits(const std::string& digits) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

// units.fraction of an amount, sign apart.
struct Parts {
  bool negative;
  std::string whole;
  std::string fraction;
};

Parts Split(const google::type::Money& money) {
  Parts out;
  out.negative = money.units() < 0 || money.nanos() < 0;
  out.whole = absl::StrCat(money.units());
  if (money.units() < 0) out.whole.erase(0, 1);
  out.fraction = absl::StrFormat("%09d", std::abs(money.nanos()));
  const size_t least = static_cast<size_t>(domain::MinorDigits(money.currency_code()).value_or(2));
  while (out.fraction.size() > least && out.fraction.back() == '0') out.fraction.pop_back();
  return out;
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string RatioText(const api::Ratio& ratio, const std::string& unit) {
  if (!ratio.currency().empty()) {
    const auto numerator = domain::MoneyFromMinor(ratio.numerator(), ratio.currency());
    const int digits = domain::MinorDigits(ratio.currency()).value_or(2);
    int64_t scale = 1;
    for (int i = 0; i < digits; ++i) scale *= 10;
    return absl::StrCat(Quotient(ratio.numerator(), ratio.denominator() * scale, digits), " ", ratio.currency(), " (",
                        MoneyText(numerator), "/", Grouped(ratio.denominator()), ")");
  }
  const std::string parts = absl::StrCat(" (", Grouped(ratio.numerator()), "/", Grouped(ratio.denominator()), ")");
  if (!unit.empty()) return absl::StrCat(Quotient(ratio.numerator(), ratio.denominator(), 2), " ", unit, parts);
  return absl::StrCat(Quotient(ratio.numerator() * 100, ratio.denominator(), 2), " %", parts);
}

}  // namespace

std::string Grouped(int64_t number) {
  const std::string digits = absl::StrCat(number);
  return number < 0 ? absl::StrCat("-", GroupDigits(digits.substr(1))) : GroupDigits(digits);
}

std::string Decimal(const google::type::Money& money) {
  const Parts parts = Split(money);
  return absl::StrCat(parts.negative ? "-" : "", parts.whole, parts.fraction.empty() ? "" : ".", parts.fraction);
}

std::string Decimal(const api::Ratio& ratio) {
  if (ratio.denominator() != 1 && ratio.denominator() != 2) return absl::StrCat(ratio.numerator(), "/", ratio.denominator());
  const bool has_half = ratio.denominator() == 2 && ratio.numerator() % 2 != 0;
  const int64_t whole = ratio.numerator() / ratio.denominator();
  if (ratio.currency().empty()) {
    // The sign stands by itself: the whole part of -1/2 is 0.
    const absl::string_view sign = ratio.numerator() < 0 ? "-" : "";
    return absl::StrCat(sign, absl::StripPrefix(absl::StrCat(whole), "-"), has_half ? ".5" : "");
  }
  const std::string text = Decimal(domain::MoneyFromMinor(whole, ratio.currency()));
  if (!has_half) return text;
  return absl::StrCat(whole == 0 && ratio.numerator() < 0 ? "-" : "", text,
                      domain::MinorDigits(ratio.currency()).value_or(2) == 0 ? "." : "", "5");
}

std::string MoneyText(const google::type::Money& money) {
  const Parts parts = Split(money);
  return absl::StrCat(parts.negative ? "-" : "", GroupDigits(parts.whole), parts.fraction.empty() ? "" : ".", parts.fraction, " ",
                      money.currency_code());
}

std::string DateText(const google::type::Date& date) {
  if (date.year() == 0) return "";
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone) {
  return absl::FormatTime(time.nanos() == 0 ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M:%E6S", ToTime(time), zone);
}

std::string IsoTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", ToTime(time), absl::UTCTimeZone());
}

std::string Quotient(int64_t numerator, int64_t denominator, int digits) {
  absl::int128 scaled = numerator;
  for (int i = 0; i < digits; ++i) scaled *= 10;
  const bool negative = (scaled < 0) != (denominator < 0) && scaled != 0;
  if (scaled < 0) scaled = -scaled;
  const absl::int128 divisor = denominator < 0 ? -absl::int128(denominator) : absl::int128(denominator);
  if (divisor == 0) return "–";
  absl::int128 whole = scaled / divisor;
  const absl::int128 twice = (scaled % divisor) * 2;
  if (twice > divisor || (twice == divisor && whole % 2 == 1)) whole += 1;
  std::string text = absl::StrCat(static_cast<int64_t>(whole));
  if (text.size() <= static_cast<size_t>(digits)) text.insert(0, digits + 1 - text.size(), '0');
  const std::string fraction = text.substr(text.size() - digits);
  text = GroupDigits(text.substr(0, text.size() - digits));
  const bool is_zero = whole == 0;
  return absl::StrCat(negative && !is_zero ? "-" : "", text, digits > 0 ? "." : "", fraction);
}

std::string ForPeople(const api::Value& value, const std::string& unit, const absl::TimeZone& zone) {
  switch (value.value_case()) {
    case api::Value::kInteger: return Grouped(value.integer());
    case api::Value::kMoney: return MoneyText(value.money());
    case api::Value::kRatio: return RatioText(value.ratio(), unit);
    case api::Value::kText: return value.text();
    case api::Value::kTime: return TimeText(value.time(), zone);
    case api::Value::kDate: return DateText(value.date());
    case api::Value::kFlag: return value.flag() ? "yes" : "no";
    case api::Value::kRecord: return value.record();
    case api::Value::VALUE_NOT_SET: return "–";
  }
  return "";
}

std::string MedianForPeople(const api::Value& value, const std::string& unit, const absl::TimeZone& zone) {
  if (!value.has_ratio() || value.ratio().denominator() > 2) return ForPeople(value, unit, zone);
  const std::string exact = Decimal(value.ratio());
  const size_t begin = exact[0] == '-' ? 1 : 0, point = std::min(exact.find('.'), exact.size());
  return absl::StrCat(exact.substr(0, begin), GroupDigits(exact.substr(begin, point - begin)), exact.substr(point),
                      value.ratio().currency().empty() ? "" : " ", value.ratio().currency());
}

double Magnitude(const api::Value& value) {
  switch (value.value_case()) {
    case api::Value::kInteger: return static_cast<double>(value.integer());
    case api::Value::kMoney: return static_cast<double>(value.money().units()) + value.money().nanos() * 1e-9;
    case api::Value::kRatio:
      return value.ratio().denominator() == 0
                 ? 0
                 : static_cast<double>(value.ratio().numerator()) / static_cast<double>(value.ratio().denominator());
    default: return 0;
  }
}

}  // namespace recount::tools
