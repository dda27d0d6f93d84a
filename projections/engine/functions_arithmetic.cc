// + - * and comparisons. What overflows or mixes currencies has no value.
#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "projections/engine/day_clock.h"
#include "projections/engine/functions.h"

namespace recount::projections {
namespace {

absl::Status NotTogether(const std::vector<Expr>& a) {
  return absl::InvalidArgumentError(absl::StrCat(TypeName(a[0]->type), " and ", TypeName(a[1]->type), " do not go together"));
}

absl::StatusOr<Type> CheckPlus(std::vector<Expr>& a) {
  const Type left = a[0]->type, right = a[1]->type;
  if (Fits(left, Type::kInteger) && Fits(right, Type::kInteger)) return Type::kInteger;
  if (left == Type::kMoney && Fits(right, Type::kMoney)) return Type::kMoney;
  if (left == Type::kDay && Fits(right, Type::kInteger)) return Type::kDay;
  return NotTogether(a);
}

absl::StatusOr<Type> CheckMinus(std::vector<Expr>& a) {
  if (a.size() == 1) {
    if (Fits(a[0]->type, Type::kInteger)) return Type::kInteger;
    if (a[0]->type == Type::kMoney) return Type::kMoney;
    return absl::InvalidArgumentError(absl::StrCat("a minus does not go before ", TypeName(a[0]->type)));
  }
  if (auto status = Coerce(a[0], a[1]->type); !status.ok()) return status;
  if (auto status = Coerce(a[1], a[0]->type); !status.ok()) return status;
  if (a[0]->type == Type::kDay && a[1]->type == Type::kDay) return Type::kInteger;
  if (a[0]->type == Type::kTime || a[1]->type == Type::kTime) {
    return absl::InvalidArgumentError("times are not subtracted: use days_between(from, to) or elapsed(from, to)");
  }
  return CheckPlus(a);
}

absl::StatusOr<Type> CheckTimes(std::vector<Expr>& a) {
  const Type left = a[0]->type, right = a[1]->type;
  if (Fits(left, Type::kInteger) && Fits(right, Type::kInteger)) return Type::kInteger;
  if (left == Type::kMoney && Fits(right, Type::kInteger)) return Type::kMoney;
  if (right == Type::kMoney && Fits(left, Type::kInteger)) return Type::kMoney;
  return NotTogether(a);
}

// The currency of a row's result; kNull if the two differ.
int64_t CommonCurrency(const Values& a, const Values& b, size_t i) {
  if (a.currency.empty()) return b.currency[i];
  if (b.currency.empty()) return a.currency[i];
  return a.currency[i] == b.currency[i] ? a.currency[i] : kNull;
}

bool IsPossible(Type type, int64_t result) {
  return type != Type::kDay || (result >= kFirstDay && result <= kLastDay);
}

template <typename Operation>
Values Calculate(const CallArguments& a, Type type, Operation operation) {
  Values out = Make(type, a.size);
  for (size_t i = 0; i < a.size; ++i) {
    int64_t result = kNull;
    if (type == Type::kMoney) out.currency[i] = CommonCurrency(a[0], a[1], i);
    if (type == Type::kMoney && out.currency[i] == kNull) continue;
    if (a[0].data[i] == kNull || a[1].data[i] == kNull) continue;
    if (!operation(a[0].data[i], a[1].data[i], &result) && IsPossible(type, result)) out.data[i] = result;
  }
  return out;
}

Values Plus(const CallArguments& a) {
  const Type type = a[0].type == Type::kNull ? a[1].type : a[0].type;
  return Calculate(a, type, [](int64_t x, int64_t y, int64_t* r) { return __builtin_add_overflow(x, y, r); });
}

Values Minus(const CallArguments& a) {
  if (a.values.size() == 1) {
    Values out = a[0];
    for (int64_t& value : out.data) value = value == kNull ? kNull : -value;
    return out;
  }
  Type type = a[0].type == Type::kNull ? a[1].type : a[0].type;
  if (a[0].type == Type::kDay && a[1].type == Type::kDay) type = Type::kInteger;
  return Calculate(a, type, [](int64_t x, int64_t y, int64_t* r) { return __builtin_sub_overflow(x, y, r); });
}

Values Times(const CallArguments& a) {
  const Type type = a[0].type == Type::kMoney || a[1].type == Type::kMoney ? Type::kMoney : Type::kInteger;
  return Calculate(a, type, [](int64_t x, int64_t y, int64_t* r) { return __builtin_mul_overflow(x, y, r); });
}

// ---- Comparison ----

absl::StatusOr<Type> CheckEqual(std::vector<Expr>& a) {
  const Type left = a[0]->type, right = a[1]->type;
  if (left == Type::kTextSet || right == Type::kTextSet) {
    return absl::InvalidArgumentError("a set of texts is asked with `tags : \"one\"`");
  }
  if ((left == Type::kMoney && right == Type::kInteger) || (left == Type::kInteger && right == Type::kMoney)) {
    return Type::kFlag;
  }
  if (auto status = Coerce(a[0], right); !status.ok()) return status;
  if (auto status = Coerce(a[1], a[0]->type); !status.ok()) return status;
  const bool by_day = (a[0]->type == Type::kTime && a[1]->type == Type::kDay) ||
                      (a[0]->type == Type::kDay && a[1]->type == Type::kTime);
  if (by_day) return Type::kFlag;
  auto type = Unify(a[0], a[1]);
  if (!type.ok()) return type.status();
  return Type::kFlag;
}

absl::StatusOr<Type> CheckOrder(std::vector<Expr>& a) {
  for (const Expr& argument : a) {
    if (argument->type == Type::kFlag || argument->type == Type::kRecord) {
      return absl::InvalidArgumentError(absl::StrCat(TypeName(argument->type), " has no order"));
    }
  }
  return CheckEqual(a);
}

// -1, 0, 1; nullopt: cannot be compared, which makes every comparison false.
using Order = std::optional<int>;

class Comparer {
 public:
  explicit Comparer(const CallArguments& a) : a_(a), clock_(a.world), units_(a.world.texts()) {}

  Order Compare(size_t i) {
    int64_t x = a_[0].data[i], y = a_[1].data[i];
    if (x == kNull || y == kNull) return std::nullopt;
    const Type left = a_[0].type, right = a_[1].type;
    if (left == Type::kMoney || right == Type::kMoney) return CompareMoney(i);
    if (left == Type::kTime && right == Type::kDay) x = clock_.DayOf(x);
    if (left == Type::kDay && right == Type::kTime) y = clock_.DayOf(y);
    if (left == Type::kText && x != y) {
      const Texts& texts = a_.world.texts();
      return texts.Text(x).compare(texts.Text(y)) < 0 ? -1 : 1;
    }
    return x < y ? -1 : x > y ? 1 : 0;
  }

 private:
  // A plain number beside money means whole units of the money's own currency.
  Order CompareMoney(size_t i) {
    const Values &left = a_[0], &right = a_[1];
    absl::int128 x = left.data[i], y = right.data[i];
    if (left.type == Type::kMoney && right.type == Type::kMoney) {
      if (left.currency[i] != right.currency[i]) return std::nullopt;
    } else if (left.type == Type::kMoney) {
      y = y * units_.Of(left.currency[i]);
    } else {
      x = x * units_.Of(right.currency[i]);
    }
    return x < y ? -1 : x > y ? 1 : 0;
  }

  const CallArguments& a_;
  DayClock clock_;
  WholeUnits units_;
};

// Numbers, days and times beside their like compare as they are.
bool AreOrderedNumbers(const CallArguments& a) {
  const auto is_number = [](Type type) { return type == Type::kInteger || type == Type::kDay || type == Type::kTime; };
  return is_number(a[0].type) && a[0].type == a[1].type;
}

template <typename Test>
Values CompareAll(const CallArguments& a, Test test) {
  Values out = Make(Type::kFlag, a.size);
  if (AreOrderedNumbers(a)) {
    for (size_t i = 0; i < a.size; ++i) {
      const int64_t x = a[0].data[i], y = a[1].data[i];
      out.data[i] = x != kNull && y != kNull && test(Order((x > y) - (x < y)));
    }
    return out;
  }
  Comparer comparer(a);
  for (size_t i = 0; i < a.size; ++i) out.data[i] = test(comparer.Compare(i));
  return out;
}

// Values of one type are equal if their numbers are; money needs its currency, and a time beside a day its own day.
bool AreNumbers(const CallArguments& a) {
  const Type left = a[0].type, right = a[1].type;
  return left != Type::kMoney && right != Type::kMoney && (left == Type::kTime) == (right == Type::kTime);
}

Values Equal(const CallArguments& a) {
  if (AreNumbers(a)) {
    Values out = Make(Type::kFlag, a.size);
    for (size_t i = 0; i < a.size; ++i) out.data[i] = a[0].data[i] == a[1].data[i] && a[0].data[i] != kNull;
    return out;
  }
  return CompareAll(a, [](Order o) { return o.has_value() && *o == 0; });
}
Values Differs(const CallArguments& a) {
  return CompareAll(a, [](Order o) { return o.has_value() && *o != 0; });
}
Values Less(const CallArguments& a) {
  return CompareAll(a, [](Order o) { return o.has_value() && *o < 0; });
}
Values AtMost(const CallArguments& a) {
  return CompareAll(a, [](Order o) { return o.has_value() && *o <= 0; });
}
Values Greater(const CallArguments& a) {
  return CompareAll(a, [](Order o) { return o.has_value() && *o > 0; });
}
Values AtLeast(const CallArguments& a) {
  return CompareAll(a, [](Order o) { return o.has_value() && *o >= 0; });
}

absl::StatusOr<Type> CheckMember(std::vector<Expr>& a) {
  if (a[0]->type == Type::kTextSet && Fits(a[1]->type, Type::kText)) return Type::kFlag;
  if (a[0]->type == Type::kAny) return Type::kFlag;
  return CheckEqual(a);
}

Values Member(const CallArguments& a) {
  if (a[0].type != Type::kTextSet) return Equal(a);
  Values out = Make(Type::kFlag, a.size);
  const Texts& texts = a.world.texts();
  absl::flat_hash_map<std::pair<int64_t, int64_t>, bool> known;
  for (size_t i = 0; i < a.size; ++i) {
    out.data[i] = 0;
    if (a[0].data[i] == kNull || a[1].data[i] == kNull) continue;
    auto [it, added] = known.try_emplace({a[0].data[i], a[1].data[i]}, false);
    if (added) {
      const std::string set = absl::StrCat("\x1f", texts.Text(a[0].data[i]));
      it->second = absl::StrContains(set, absl::StrCat("\x1f", texts.Text(a[1].data[i]), "\x1f"));
    }
    out.data[i] = it->second;
  }
  return out;
}

}  // namespace

int64_t WholeUnits::Of(int64_t currency) {
  auto [known, added] = minor_.try_emplace(currency, 1);
  for (int digits = added ? domain::MinorDigits(texts_.Text(currency)).value_or(0) : 0; digits > 0; --digits) known->second *= 10;
  return known->second;
}

absl::Span<const Function> ArithmeticFunctions() {
  static const Function kFunctions[] = {
      {"+", "a + b", 2, 2, CheckPlus, Plus},
      {"-", "a - b", 1, 2, CheckMinus, Minus},
      {"*", "a * b", 2, 2, CheckTimes, Times},
  };
  return kFunctions;
}

absl::Span<const Function> ComparisonFunctions() {
  static const Function kFunctions[] = {
      {"=", "a = b", 2, 2, CheckEqual, Equal},    {"!=", "a != b", 2, 2, CheckEqual, Differs},
      {"<", "a < b", 2, 2, CheckOrder, Less},     {"<=", "a <= b", 2, 2, CheckOrder, AtMost},
      {">", "a > b", 2, 2, CheckOrder, Greater},  {">=", "a >= b", 2, 2, CheckOrder, AtLeast},
      {":", "set : text", 2, 2, CheckMember, Member},
  };
  return kFunctions;
}

}  // namespace recount::projections
