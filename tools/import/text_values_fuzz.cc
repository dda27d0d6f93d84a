// What a cell says: numbers, money, days, times, in any form that a mapping may give.
#include "tools/import/text_values.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::tools {
namespace {

void CheckNumbers(const std::string& text, const NumberForm& form) {
  const auto integer = ParseInteger(text, form);
  if (integer.ok()) MUST(*ParseInteger(absl::StrCat(*integer), NumberForm()) == *integer);
  const auto money = ParseMoney(text, form, "EUR");
  if (!money.ok()) return;
  MUST(std::abs(money->nanos()) < 1'000'000'000);
  MUST(money->units() == 0 || money->nanos() == 0 || (money->units() < 0) == (money->nanos() < 0));
  if (integer.ok()) MUST(money->units() == *integer && money->nanos() == 0);
  const bool negative = money->units() < 0 || money->nanos() < 0;
  const std::string written = absl::StrFormat("%s%s.%09d", negative ? "-" : "", absl::StrCat(money->units()).substr(money->units() < 0),
                                              std::abs(money->nanos()));
  const auto again = ParseMoney(written, NumberForm(), "EUR");
  MUST(again.ok() && again->units() == money->units() && again->nanos() == money->nanos());
}

// Whatever is taken for a day or time lies in the years 1 to 9999, as the server asks.
void CheckTimes(const std::string& text, const TimeForm& form) {
  const auto parsed = ParseDateOrTime(text, form);
  MUST((ParseDate(text, form).ok() || ParseTime(text, form).ok()) == parsed.ok());
  if (!parsed.ok()) return;
  if (parsed->has_date()) {
    const google::type::Date& date = parsed->date();
    const absl::CivilDay day(date.year(), date.month(), date.day());
    MUST(date.year() >= 1 && date.year() <= 9999 && day.month() == date.month() && day.day() == date.day());
  } else {
    MUST(parsed->time().seconds() >= -62135596800 && parsed->time().seconds() <= 253402300799);
    MUST(parsed->time().nanos() >= 0 && parsed->time().nanos() < 1'000'000'000);
  }
}

}  // namespace
}  // namespace recount::tools

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::tools;
  FuzzedDataProvider choices(data, size);
  NumberForm number;
  number.decimal_mark = choices.PickValueInArray({'.', ','});
  number.thousands_mark = choices.PickValueInArray({'\0', '.', ',', ' ', '\''});
  number.exponent = choices.ConsumeIntegralInRange(-20, 20);
  TimeForm time;
  time.form = choices.PickValueInArray({"", "", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%s", "%m/%d/%y", "any"});
  if (time.form == "any") time.form = choices.ConsumeRandomLengthString(20);
  if (choices.ConsumeBool()) absl::LoadTimeZone("Europe/Berlin", &time.zone);
  const std::string text = choices.ConsumeRemainingBytesAsString();
  CheckNumbers(text, number);
  CheckTimes(text, time);
  const auto flag = ParseFlag(text);
  if (flag.ok()) MUST(*ParseFlag(*flag ? "yes" : "no") == *flag);
  // Protobuf's own check of UTF-8 agrees.
  recount::v1::Ref ref;
  ref.set_name(text);
  MUST(IsUtf8(text) == recount::v1::Ref().ParseFromString(ref.SerializeAsString()));
  return 0;
}
