// Days, their units, and durations, all in the tenant's zone (decisions.md 3).
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "projections/engine/day_clock.h"
#include "projections/engine/functions.h"

namespace recount::projections {
namespace {

absl::Status NeedsTime(const Expr& argument) {
  return absl::InvalidArgumentError(absl::StrCat("needs a time or a day, not ", TypeName(argument->type)));
}

bool IsTimeOrDay(const Expr& argument) {
  return argument->type == Type::kTime || argument->type == Type::kDay || argument->type == Type::kNull ||
         argument->type == Type::kAny;
}

absl::StatusOr<Type> CheckTimes(std::vector<Expr>& arguments, Type result) {
  for (Expr& argument : arguments) {
    if (auto status = Coerce(argument, Type::kTime); !status.ok()) return status;
    if (!IsTimeOrDay(argument)) return NeedsTime(argument);
  }
  return result;
}
absl::StatusOr<Type> ToDay(std::vector<Expr>& arguments) { return CheckTimes(arguments, Type::kDay); }
absl::StatusOr<Type> ToInteger(std::vector<Expr>& arguments) { return CheckTimes(arguments, Type::kInteger); }
absl::StatusOr<Type> ToFlag(std::vector<Expr>& arguments) { return CheckTimes(arguments, Type::kFlag); }

absl::StatusOr<Type> Instants(std::vector<Expr>& arguments) {
  for (Expr& argument : arguments) {
    if (auto status = Coerce(argument, Type::kTime); !status.ok()) return status;
    if (!Fits(argument->type, Type::kTime)) {
      return absl::InvalidArgumentError(absl::StrCat("needs a time, not ", TypeName(argument->type)));
    }
  }
  return Type::kInteger;
}

int64_t AsDay(const Values& values, size_t i, DayClock& clock) {
  const int64_t value = values.data[i];
  return value == kNull || values.type != Type::kTime ? value : clock.DayOf(value);
}

// A function of the day, worked out once for each day.
template <typename OfDay>
Values ByDay(const CallArguments& a, Type type, OfDay of_day) {
  Values out = Make(type, a.size);
  DayClock clock(a.world);
  absl::flat_hash_map<int64_t, int64_t> known;
  for (size_t i = 0; i < a.size; ++i) {
    const int64_t day = AsDay(a[0], i, clock);
    if (day == kNull) continue;
    auto [it, added] = known.try_emplace(day, 0);
    if (added) it->second = of_day(a.world.rules().calendar, static_cast<int32_t>(day));
    out.data[i] = it->second;
  }
  return out;
}

using domain::Calendar;
Values Day(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar&, int32_t day) { return day; });
}
Values Week(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.WeekOf(day); });
}
Values Month(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.MonthOf(day); });
}
Values Quarter(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.QuarterOf(day); });
}
Values Year(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.YearOf(day); });
}
Values FiscalQuarter(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.FiscalQuarterOf(day); });
}
Values FiscalYear(const CallArguments& a) {
  return ByDay(a, Type::kDay, [](const Calendar& c, int32_t day) { return c.FiscalYearOf(day); });
}
Values Weekday(const CallArguments& a) {
  return ByDay(a, Type::kInteger, [](const Calendar& c, int32_t day) { return c.WeekdayOf(day); });
}

Values Hour(const CallArguments& a) {
  Values out = Make(Type::kInteger, a.size);
  for (size_t i = 0; i < a.size; ++i) {
    if (a[0].data[i] != kNull) out.data[i] = a.world.rules().calendar.HourOf(a[0].data[i]);
  }
  return out;
}

Values DaysBetween(const CallArguments& a) {
  Values out = Make(Type::kInteger, a.size);
  DayClock clock(a.world);
  for (size_t i = 0; i < a.size; ++i) {
    const int64_t from = AsDay(a[0], i, clock), to = AsDay(a[1], i, clock);
    if (from != kNull && to != kNull) out.data[i] = to - from;
  }
  return out;
}

// Whole seconds, rounded down.
Values Elapsed(const CallArguments& a) {
  constexpr int64_t kSecond = 1000000;
  Values out = Make(Type::kInteger, a.size);
  for (size_t i = 0; i < a.size; ++i) {
    if (a[0].data[i] == kNull || a[1].data[i] == kNull) continue;
    const int64_t micros = a[1].data[i] - a[0].data[i];
    out.data[i] = micros / kSecond - (micros % kSecond < 0);
  }
  return out;
}

Values InAskedPeriod(const CallArguments& a) {
  return InPeriod(a[0], a.world.options().period, a.world.rules().calendar);
}

}  // namespace

absl::Span<const Function> TimeFunctions() {
  static const Function kFunctions[] = {
      {"day", "day(time)", 1, 1, ToDay, Day},
      {"week", "week(time)", 1, 1, ToDay, Week},
      {"month", "month(time)", 1, 1, ToDay, Month},
      {"quarter", "quarter(time)", 1, 1, ToDay, Quarter},
      {"year", "year(time)", 1, 1, ToDay, Year},
      {"fiscal_quarter", "fiscal_quarter(time)", 1, 1, ToDay, FiscalQuarter},
      {"fiscal_year", "fiscal_year(time)", 1, 1, ToDay, FiscalYear},
      {"weekday", "weekday(time)", 1, 1, ToInteger, Weekday},
      {"hour", "hour(time)", 1, 1, Instants, Hour},
      {"days_between", "days_between(from, to)", 2, 2, ToInteger, DaysBetween},
      {"elapsed", "elapsed(from, to)", 2, 2, Instants, Elapsed},
      {"in_period", "in_period(time)", 1, 1, ToFlag, InAskedPeriod},
  };
  return kFunctions;
}

}  // namespace recount::projections
