#include "tools/import/text_values.h"

#include <openssl/sha.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace recount::tools {
namespace {

absl::Status NotA(absl::string_view what, absl::string_view text, absl::string_view example) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no ", what, " (expected e.g. ", example, ")"));
}

// A number as its digits: value = ±whole.fraction
struct Digits {
  bool negative = false;
  std::string whole;
  std::string fraction;
};

bool Split(absl::string_view text, const NumberForm& form, Digits* out) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out->negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool in_fraction = false;
  size_t group = 0;       // digits since the last thousands mark
  bool grouped = false;
  for (char c : text) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      (in_fraction ? out->fraction : out->whole).push_back(c);
      ++group;
    } else if (c == form.decimal_mark && !in_fraction) {
      if (grouped && group != 3) return false;
      in_fraction = true;
    } else if (form.thousands_mark != '\0' && c == form.thousands_mark && !in_fraction && group > 0) {
      if (grouped ? group != 3 : group > 3) return false;
      grouped = true;
      group = 0;
    } else {
      return false;
    }
  }
  if (grouped && !in_fraction && group != 3) return false;
  return !out->whole.empty();
}

void Shift(int exponent, Digits* digits) {
  for (; exponent > 0; --exponent) {
    digits->whole.push_back(digits->fraction.empty() ? '0' : digits->fraction.front());
    if (!digits->fraction.empty()) digits->fraction.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    digits->fraction.insert(digits->fraction.begin(), digits->whole.empty() ? '0' : digits->whole.back());
    if (!digits->whole.empty()) digits->whole.pop_back();
  }
  if (digits->whole.empty()) digits->whole.push_back('0');
  while (!digits->fraction.empty() && digits->fraction.back() == '0') digits->fraction.pop_back();
}

bool Fixed(absl::string_view text, size_t* at, int count, int* out) {
  if (*at + count > text.size()) return false;
  int value = 0;
  for (int i = 0; i < count; ++i) {
    const char c = text[*at + i];
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    value = value * 10 + (c - '0');
  }
  *at += count;
  *out = value;
  return true;
}

bool Take(absl::string_view text, size_t* at, char c) {
  if (*at >= text.size() || text[*at] != c) return false;
  ++*at;
  return true;
}

// The parts of an ISO 8601 text.
struct Iso {
  absl::CivilDay day;
  bool has_time = false;
  absl::CivilSecond second;
  int64_t nanos = 0;
  bool has_zone = false;
  int offset_minutes = 0;
};

bool ParseIsoZone(absl::string_view text, size_t* at, Iso* out) {
  if (*at == text.size()) return true;
  out->has_zone = true;
  if (Take(text, at, 'Z')) return *at == text.size();
  const bool west = text[*at] == '-';
  if (!west && text[*at] != '+') return false;
  ++*at;
  int hours = 0, minutes = 0;
  if (!Fixed(text, at, 2, &hours)) return false;
  Take(text, at, ':');
  if (*at < text.size() && !Fixed(text, at, 2, &minutes)) return false;
  out->offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
  return *at == text.size() && hours < 24 && minutes < 60;
}

bool ParseIso(absl::string_view text, Iso* out) {
  size_t at = 0;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!Fixed(text, &at, 4, &year) || !Take(text, &at, '-') || !Fixed(text, &at, 2, &month) || !Take(text, &at, '-') ||
      !Fixed(text, &at, 2, &day)) {
    return false;
  }
  out->day = absl::CivilDay(year, month, day);
  if (year < 1 || out->day.month() != month || out->day.day() != day) return false;
  if (at == text.size()) return true;
  out->has_time = true;
  if (!Take(text, &at, 'T') && !Take(text, &at, ' ')) return false;
  if (!Fixed(text, &at, 2, &hour) || !Take(text, &at, ':') || !Fixed(text, &at, 2, &minute)) return false;
  if (Take(text, &at, ':')) {
    if (!Fixed(text, &at, 2, &second)) return false;
    if (Take(text, &at, '.')) {
      int64_t unit = 100'000'000;
      const size_t begin = at;
      for (; at < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[at])); ++at, unit /= 10) {
        out->nanos += (text[at] - '0') * unit;
      }
      if (at == begin) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  out->second = absl::CivilSecond(year, month, day, hour, minute, second);
  return ParseIsoZone(text, &at, out);
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp out;
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = micros / 1'000'000 - (micros % 1'000'000 < 0 ? 1 : 0);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
  return out;
}

// The years 1 to 9999, which the server takes; forms read others, too, and words such as `infinite-past`.
bool IsInTheYearsTaken(absl::Time time) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  return time >= absl::FromCivil(absl::CivilYear(1), utc) && time < absl::FromCivil(absl::CivilYear(10000), utc);
}

absl::Status NotTaken(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" lies outside the years 1 to 9999"));
}

// The instant of a local time; an error names both that it can be where clocks are changed.
absl::StatusOr<absl::Time> AtLocal(absl::string_view text, absl::CivilSecond local, const TimeForm& form) {
  const absl::TimeZone::TimeInfo info = form.zone.At(local);
  if (info.kind == absl::TimeZone::TimeInfo::UNIQUE) return info.pre;
  const absl::Time earlier = std::min(info.pre, info.post), later = std::max(info.pre, info.post);
  if (form.clock_change == ClockChange::kEarlier) return earlier;
  if (form.clock_change == ClockChange::kLater) return later;
  const auto shown = [&](absl::Time time) { return absl::FormatTime(absl::RFC3339_sec, time, form.zone); };
  const bool is_gap = info.kind == absl::TimeZone::TimeInfo::SKIPPED;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text, "\" is ", is_gap ? "not there" : "there twice", " in ", form.zone.name(), ", where clocks were put ",
      is_gap ? "forward" : "back", " then: it can be ", shown(earlier), " or ", shown(later),
      "; give the offset, or say `clock_change: CLOCK_CHANGE_EARLIER` or `CLOCK_CHANGE_LATER`"));
}

// By a strptime form with a time of day. Whether the text says its zone is seen by reading it in two.
absl::StatusOr<absl::Time> TimeByForm(absl::string_view text, const TimeForm& form, absl::Time in_utc) {
  absl::Time elsewhere;
  std::string error;
  if (!absl::ParseTime(form.form, text, absl::FixedTimeZone(3600), &elsewhere, &error) || elsewhere == in_utc) return in_utc;
  const absl::CivilSecond local = absl::ToCivilSecond(in_utc, absl::UTCTimeZone());
  absl::StatusOr<absl::Time> second = AtLocal(text, local, form);
  if (!second.ok()) return second;
  return *second + (in_utc - absl::FromCivil(local, absl::UTCTimeZone()));
}

void SetDate(absl::CivilDay day, google::type::Date* out) {
  out->set_year(static_cast<int32_t>(day.year()));
  out->set_month(day.month());
  out->set_day(day.day());
}

bool HasTimeOfDay(absl::string_view form) {
  for (absl::string_view part : {"%H", "%I", "%M", "%S", "%T", "%R", "%s", "%E", "%c", "%r", "%X", "%p"}) {
    if (absl::StrContains(form, part) && part != "%E") return true;
  }
  return absl::StrContains(form, "%ES") || absl::StrContains(form, "%E*S");
}

}  // namespace

absl::StatusOr<int64_t> ParseInteger(absl::string_view text, const NumberForm& form) {
  Digits digits;
  if (!Split(text, form, &digits)) return NotA("whole number", text, "1200");
  Shift(form.exponent, &digits);
  int64_t value = 0;
  if (!digits.fraction.empty() || !absl::SimpleAtoi(absl::StrCat(digits.negative ? "-" : "", digits.whole), &value)) {
    return NotA("whole number", text, "1200");
  }
  return value;
}

absl::StatusOr<google::type::Money> ParseMoney(absl::string_view text, const NumberForm& form, absl::string_view currency) {
  Digits digits;
  int64_t units = 0;
  if (!Split(text, form, &digits)) return NotA("amount", text, absl::StrCat("1200", std::string(1, form.decimal_mark), "50"));
  Shift(form.exponent, &digits);
  if (digits.fraction.size() > 9 || !absl::SimpleAtoi(digits.whole, &units)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is too long for an amount"));
  }
  int32_t nanos = 0;
  for (size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < digits.fraction.size() ? digits.fraction[i] - '0' : 0);
  google::type::Money money;
  money.set_currency_code(std::string(currency));
  money.set_units(digits.negative ? -units : units);
  money.set_nanos(digits.negative ? -nanos : nanos);
  return money;
}

absl::StatusOr<bool> ParseFlag(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "true" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "0") return false;
  return NotA("yes or no", text, "true, false; use `rename` for other words");
}

absl::StatusOr<api::DateOrTime> ParseDateOrTime(absl::string_view text, const TimeForm& form) {
  api::DateOrTime out;
  if (form.form.empty()) {
    Iso iso;
    if (!ParseIso(text, &iso)) return NotA("date or time", text, "2018-02-26 or 2018-02-26 19:58:54; say another form in `format`");
    if (!iso.has_time) {
      SetDate(iso.day, out.mutable_date());
      return out;
    }
    absl::StatusOr<absl::Time> second = iso.has_zone ? absl::FromCivil(iso.second, absl::FixedTimeZone(iso.offset_minutes * 60))
                                                     : AtLocal(text, iso.second, form);
    if (!second.ok()) return second.status();
    const absl::Time time = *second + absl::Nanoseconds(iso.nanos);
    if (!IsInTheYearsTaken(time)) return NotTaken(text);
    *out.mutable_time() = ToTimestamp(time);
    return out;
  }
  absl::Time time;
  std::string error;
  const bool with_time = HasTimeOfDay(form.form);
  if (!absl::ParseTime(form.form, text, absl::UTCTimeZone(), &time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not of the form ", form.form));
  }
  if (!IsInTheYearsTaken(time)) return NotTaken(text);
  if (with_time) {
    absl::StatusOr<absl::Time> placed = TimeByForm(text, form, time);
    if (!placed.ok()) return placed.status();
    time = *placed;
    if (!IsInTheYearsTaken(time)) return NotTaken(text);
    *out.mutable_time() = ToTimestamp(time);
  } else {
    SetDate(absl::ToCivilDay(time, absl::UTCTimeZone()), out.mutable_date());
  }
  return out;
}

absl::StatusOr<google::type::Date> ParseDate(absl::string_view text, const TimeForm& form) {
  absl::StatusOr<api::DateOrTime> value = ParseDateOrTime(text, form);
  if (!value.ok()) return value.status();
  if (!value->has_date()) return NotA("date without a time", text, "2018-02-26");
  return value->date();
}

absl::StatusOr<google::protobuf::Timestamp> ParseTime(absl::string_view text, const TimeForm& form) {
  absl::StatusOr<api::DateOrTime> value = ParseDateOrTime(text, form);
  if (!value.ok()) return value.status();
  if (!value->has_time()) return NotA("time", text, "2018-02-26 19:58:54");
  return value->time();
}

std::string HexDigest(absl::string_view text, size_t digits) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  const size_t bytes = (digits + 1) / 2;
  std::string hex = absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(hash), bytes));
  hex.resize(digits);
  return hex;
}

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t code = lead & (0xff >> (length + 1));
    for (size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (is_overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

absl::string_view TrimSpaces(absl::string_view text) { return absl::StripAsciiWhitespace(text); }

}  // namespace recount::tools
