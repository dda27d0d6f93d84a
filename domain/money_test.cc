#include "domain/money.h"

#include <limits>

#include "domain/refusal.h"
#include "gtest/gtest.h"

namespace recount::domain {
namespace {

google::type::Money Money(const std::string& currency, int64_t units, int32_t nanos = 0) {
  google::type::Money money;
  money.set_currency_code(currency);
  money.set_units(units);
  money.set_nanos(nanos);
  return money;
}

v1::ErrorReason ReasonFor(const google::type::Money& money) {
  return ReasonOf(MinorFromMoney(money, "value").status());
}

TEST(MoneyTest, KnowsMinorUnits) {
  EXPECT_EQ(MinorDigits("ILS"), 2);
  EXPECT_EQ(MinorDigits("JPY"), 0);
  EXPECT_EQ(MinorDigits("BHD"), 3);
  EXPECT_EQ(MinorDigits("CLF"), 4);
  EXPECT_EQ(MinorDigits("UYW"), 4);
  for (const char* code : {"AED", "BRL", "CNY", "EUR", "GBP", "INR", "RUB", "USD", "ZWG"})
    EXPECT_EQ(MinorDigits(code), 2) << code;
  for (const char* code : {"", "E", "eur", "EURO", "XXX", "AAA", "EU1"})
    EXPECT_EQ(MinorDigits(code), std::nullopt) << code;
}

TEST(MoneyTest, GoesThereAndBack) {
  EXPECT_EQ(MinorFromMoney(Money("ILS", 30000, 250000000), "v").value(), 3000025);
  EXPECT_EQ(MinorFromMoney(Money("ILS", -1, -10000000), "v").value(), -101);
  EXPECT_EQ(MinorFromMoney(Money("JPY", 500), "v").value(), 500);
  EXPECT_EQ(MinorFromMoney(Money("BHD", 1, 5000000), "v").value(), 1005);
  for (const int64_t minor : {-101, -1, 0, 1, 99, 100, 123456}) {
    for (const char* currency : {"ILS", "JPY", "BHD", "CLF"}) {
      EXPECT_EQ(MinorFromMoney(MoneyFromMinor(minor, currency), "v").value(), minor);
    }
  }
}

TEST(MoneyTest, RefusesWhatIsNoAmount) {
  EXPECT_EQ(ReasonFor(Money("", 1)), v1::CURRENCY_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILX", 1)), v1::CURRENCY_INVALID);
  EXPECT_EQ(ReasonFor(Money("JPY", 1, 1)), v1::CURRENCY_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", 1, 1000000)), v1::CURRENCY_INVALID);
  EXPECT_EQ(ReasonFor(Money("BHD", 1, 100000)), v1::CURRENCY_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", 1, -10000000)), v1::AMOUNT_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", 0, 1000000000)), v1::AMOUNT_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", 90000000000001)), v1::AMOUNT_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", std::numeric_limits<int64_t>::max())), v1::AMOUNT_INVALID);
  EXPECT_EQ(ReasonFor(Money("ILS", 90000000000000)), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(MoneyTest, RoundsHalfToEvenOnBothSides) {
  EXPECT_EQ(MultiplyRounded(1, 1, 2), 0);
  EXPECT_EQ(MultiplyRounded(3, 1, 2), 2);
  EXPECT_EQ(MultiplyRounded(5, 1, 2), 2);
  EXPECT_EQ(MultiplyRounded(7, 1, 2), 4);
  EXPECT_EQ(MultiplyRounded(-1, 1, 2), 0);
  EXPECT_EQ(MultiplyRounded(-3, 1, 2), -2);
  EXPECT_EQ(MultiplyRounded(-5, 1, 2), -2);
  EXPECT_EQ(MultiplyRounded(2, 1, 3), 1);
  EXPECT_EQ(MultiplyRounded(-2, 1, 3), -1);
  EXPECT_EQ(MultiplyRounded(1, 1, 3), 0);
  EXPECT_EQ(MultiplyRounded(25, 1, 10), 2);
  EXPECT_EQ(MultiplyRounded(35, 1, 10), 4);
}

TEST(MoneyTest, WeighsInOneRounding) {
  constexpr int64_t kOne = 1'000'000'000;
  EXPECT_EQ(WeighAndConvert(3'000'000, 4000, kOne, false, 2, 2), 1'200'000);  // FX-01
  EXPECT_EQ(WeighAndConvert(3'000'000, 5000, kOne, false, 2, 2), 1'500'000);
  EXPECT_EQ(WeighAndConvert(1, 5000, kOne, false, 2, 2), 0);
  EXPECT_EQ(WeighAndConvert(3, 5000, kOne, false, 2, 2), 2);
  // 0.03 x 50 % = 0.015, x 3 = 0.045: rounded once 0.04; rounded twice it would be 0.06.
  EXPECT_EQ(WeighAndConvert(3, 5000, 3 * kOne, false, 2, 2), 4);
  EXPECT_EQ(WeighAndConvert(100, 10000, 155 * kOne, false, 2, 0), 155);  // 1 USD in JPY
  EXPECT_EQ(WeighAndConvert(155, 10000, 155 * kOne, true, 0, 2), 100);  // and back by the same rate
  EXPECT_EQ(WeighAndConvert(1000, 10000, kOne, false, 3, 2), 100);
  EXPECT_EQ(WeighAndConvert(-3'000'000, 4000, kOne, false, 2, 2), -1'200'000);
  EXPECT_EQ(WeighAndConvert(9'000'000'000'000'000, 10000, std::numeric_limits<int64_t>::max(),
                            false, 0, 4),
            std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace recount::domain
