// Values of answers as text: for people, and exactly for programs.
#ifndef RECOUNT_TOOLS_CLI_VALUE_TEXT_H_
#define RECOUNT_TOOLS_CLI_VALUE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "recount/v1/report.pb.h"
#include "tools/api.h"

namespace recount::tools {

// 1234567 -> 1,234,567
std::string Grouped(int64_t number);
// Exact, with the currency's digits: 33000.00; no currency.
std::string Decimal(const google::type::Money& money);
// Exact, of a ratio whose denominator is 1 or 2, as a median between two values has it; money in its currency's unit, without the
// currency: 7.5, 33000.505. Of another denominator: `numerator/denominator`, since decimals would cut it.
std::string Decimal(const api::Ratio& ratio);
// For people: 33,000.00 ILS
std::string MoneyText(const google::type::Money& money);
// 2018-04-30; empty if it is not set.
std::string DateText(const google::type::Date& date);
// In the zone: 2018-04-30 16:58:54, with six digits of fraction where there is one, so that columns line up.
std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone);
// 2018-04-30T19:58:54Z
std::string IsoTime(const google::protobuf::Timestamp& time);

// For people. No value: `–`. A ratio without a unit is shown as a percentage, with a unit or money as a quotient; both with what was
// divided: `13.54 % (183/1,352)`.
std::string ForPeople(const api::Value& value, const std::string& unit, const absl::TimeZone& zone);

// For people: what is not a ratio by its column but a median between two values, 7.5 or 33,000.505 EUR; all else as above.
std::string MedianForPeople(const api::Value& value, const std::string& unit, const absl::TimeZone& zone);

// The quotient of a ratio with `digits` after the point, rounded half to even, exact.
std::string Quotient(int64_t numerator, int64_t denominator, int digits);

// A number to compare by, for bars; 0 where there is none.
double Magnitude(const api::Value& value);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_VALUE_TEXT_H_
