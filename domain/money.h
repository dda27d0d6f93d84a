// Money: integer minor units of an ISO 4217 currency, never a double; added only within one
// currency.
#ifndef RECOUNT_DOMAIN_MONEY_H_
#define RECOUNT_DOMAIN_MONEY_H_

#include <cstdint>
#include <optional>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/type/money.pb.h"

namespace recount::domain {

// Digits after the decimal point; nullopt: unknown currency.
std::optional<int> MinorDigits(absl::string_view currency);

// Minor units. CURRENCY_INVALID for an unknown currency or an amount finer than its minor unit
// (decisions.md 34); AMOUNT_INVALID if units and nanos disagree in sign or the amount is beyond
// ±9.0e15 minor units.
absl::StatusOr<int64_t> MinorFromMoney(const google::type::Money& money, absl::string_view field);
google::type::Money MoneyFromMinor(int64_t minor, absl::string_view currency);

// value * numerator / denominator, rounded half to even; denominator > 0.
int64_t MultiplyRounded(int64_t value, absl::int128 numerator, absl::int128 denominator);

// amount × p × rate in one rounding (decisions.md 17): minor units of `from` to minor units of
// `to`.
int64_t WeighAndConvert(int64_t minor, uint32_t probability_bp, int64_t rate_nanos,
                        bool inverse_rate, int from_digits, int to_digits);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_MONEY_H_
