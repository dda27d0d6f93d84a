#include "domain/money.h"

#include <array>
#include <limits>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

constexpr int64_t kLargestMinor = 9'000'000'000'000'000;
constexpr int64_t kNano = 1'000'000'000;

// ISO 4217, and codes withdrawn since 2010, which imported history still names.
constexpr absl::string_view kCodes[] = {
    // No minor unit.
    "BIFBYRCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF",
    "",
    // Two digits.
    "AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPC"
    "OUCRCCUCCUPCVECZKDKKDOP"
    "DZDEEKEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHRKHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTL"
    "AKLBPLKRLRDLSLLTLLVLMAD"
    "MDLMGAMKDMMKMNTMOPMROMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHPPKRPLNQARRONRSDRUBS"
    "ARSBDSCRSDGSEKSGDSHPSLE"
    "SLLSOSSRDSSPSTDSTNSVCSYPSZLTHBTJSTMTTOPTRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVEFVESWSTXCDXCGYERZARZMKZ"
    "MWZWGZWL",
    // Three digits.
    "BHDIQDJODKWDLYDOMRTND",
    // Four digits.
    "CLFUYW",
};

constexpr int kLetters = 26;
using DigitsTable = std::array<int8_t, kLetters * kLetters * kLetters>;

// -1: not three capital letters.
constexpr int Slot(absl::string_view code) {
  int slot = 0;
  for (int i = 0; i < 3; ++i) {
    if (code[i] < 'A' || code[i] > 'Z') return -1;
    slot = slot * kLetters + (code[i] - 'A');
  }
  return slot;
}

DigitsTable MakeDigitsTable() {
  DigitsTable table;
  table.fill(-1);
  int8_t digits = 0;
  for (absl::string_view codes : kCodes) {
    for (size_t i = 0; i + 3 <= codes.size(); i += 3) table[Slot(codes.substr(i, 3))] = digits;
    ++digits;
  }
  return table;
}

int64_t PowerOfTen(int exponent) {
  int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

int64_t Saturated(absl::int128 value) {
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t DividedHalfEven(absl::int128 dividend, absl::int128 divisor) {
  absl::int128 quotient = dividend / divisor;
  const absl::int128 rest = dividend % divisor;
  const absl::int128 size = rest < 0 ? -rest : rest;
  const absl::int128 missing =
      divisor - size;  // compared instead of 2 x size, which might overflow
  if (size > missing || (size == missing && quotient % 2 != 0)) quotient += dividend < 0 ? -1 : 1;
  return Saturated(quotient);
}

}  // namespace

std::optional<int> MinorDigits(absl::string_view currency) {
  static const DigitsTable& table = *new DigitsTable(MakeDigitsTable());
  if (currency.size() != 3) return std::nullopt;
  const int slot = Slot(currency);
  if (slot < 0 || table[slot] < 0) return std::nullopt;
  return table[slot];
}

absl::StatusOr<int64_t> MinorFromMoney(const google::type::Money& money, absl::string_view field) {
  const std::optional<int> digits = MinorDigits(money.currency_code());
  if (!digits.has_value()) {
    return Refuse(
        v1::CURRENCY_INVALID,
        absl::StrCat("'", money.currency_code(), "' is no ISO 4217 currency; give one such as EUR"),
        absl::StrCat(field, ".currency_code"));
  }
  const int64_t nanos = money.nanos();
  if (nanos <= -kNano || nanos >= kNano || (money.units() > 0 && nanos < 0) ||
      (money.units() < 0 && nanos > 0)) {
    return Refuse(v1::AMOUNT_INVALID,
                  "units and nanos must have the same sign, and nanos lie within ±999,999,999",
                  absl::StrCat(field, ".nanos"));
  }
  const int64_t step = PowerOfTen(9 - *digits);
  if (nanos % step != 0) {
    return Refuse(v1::CURRENCY_INVALID,
                  absl::StrCat("the amount is finer than the minor unit of ", money.currency_code(),
                               ", which has ", *digits, " digits after the point"),
                  absl::StrCat(field, ".nanos"));
  }
  const absl::int128 minor = absl::int128(money.units()) * PowerOfTen(*digits) + nanos / step;
  if (minor > kLargestMinor || minor < -kLargestMinor) {
    return Refuse(v1::AMOUNT_INVALID,
                  absl::StrCat("the amount is beyond ±", kLargestMinor, " minor units"), field);
  }
  return static_cast<int64_t>(minor);
}

google::type::Money MoneyFromMinor(int64_t minor, absl::string_view currency) {
  const int digits = MinorDigits(currency).value_or(2);
  const int64_t scale = PowerOfTen(digits);
  google::type::Money money;
  money.set_currency_code(std::string(currency));
  money.set_units(minor / scale);
  money.set_nanos(static_cast<int32_t>(minor % scale * PowerOfTen(9 - digits)));
  return money;
}

int64_t MultiplyRounded(int64_t value, absl::int128 numerator, absl::int128 denominator) {
  return DividedHalfEven(absl::int128(value) * numerator, denominator);
}

int64_t WeighAndConvert(int64_t minor, uint32_t probability_bp, int64_t rate_nanos,
                        bool inverse_rate, int from_digits, int to_digits) {
  if (minor == 0 || probability_bp == 0) return 0;
  const int64_t up = to_digits > from_digits ? PowerOfTen(to_digits - from_digits) : 1;
  const int64_t down = from_digits > to_digits ? PowerOfTen(from_digits - to_digits) : 1;
  const int64_t times = inverse_rate ? kNano : rate_nanos;
  const int64_t over = inverse_rate ? rate_nanos : kNano;
  if (over <= 0) return 0;
  const __int128 denominator = static_cast<__int128>(over) * 10000 * down;
  __int128 numerator = minor;
  bool overflows =
      __builtin_mul_overflow(numerator, static_cast<__int128>(probability_bp), &numerator);
  overflows |= __builtin_mul_overflow(numerator, static_cast<__int128>(times), &numerator);
  overflows |= __builtin_mul_overflow(numerator, static_cast<__int128>(up), &numerator);
  // With a numerator of over 127 bits and these denominators the result is beyond 64 bits anyway.
  if (overflows)
    return minor < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  return DividedHalfEven(numerator, denominator);
}

}  // namespace recount::domain
