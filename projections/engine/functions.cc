// The list of functions, conditions, and what all functions use.
#include "projections/engine/functions.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "domain/calendar.h"
#include "projections/engine/bands.h"

namespace recount::projections {

bool Fits(Type type, Type wanted) {
  return type == wanted || type == Type::kNull || type == Type::kAny || wanted == Type::kAny;
}

Expr Constant(Type type, int64_t value) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->constant = value;
  return node;
}

Expr TextConstant(Type type, absl::string_view text) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->text = std::string(text);
  node->constant = 0;
  return node;
}

Values Make(Type type, size_t size) {
  Values values;
  values.type = type;
  values.data.assign(size, kNull);
  if (type == Type::kMoney) values.currency.assign(size, kNull);
  return values;
}

namespace {

std::optional<int64_t> ReadDay(const std::string& text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) return std::nullopt;
  const int64_t number = day - absl::CivilDay(1970, 1, 1);
  if (number < kFirstDay || number > kLastDay) return std::nullopt;
  return number;
}

// Microseconds. Abseil also reads `infinite-future`, which is on no day, and may not be asked for one.
std::optional<int64_t> ReadTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  constexpr int64_t kSecondsADay = 86400;
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < kFirstDay * kSecondsADay || seconds >= (kLastDay + 1) * kSecondsADay) return std::nullopt;
  return absl::ToUnixMicros(time);
}

}  // namespace

absl::Status Coerce(Expr& expr, Type wanted) {
  if (expr->kind != Node::Kind::kConstant || expr->type != Type::kText) return absl::OkStatus();
  if (wanted == Type::kRecord) {
    expr = TextConstant(Type::kRecord, expr->text);
  } else if (wanted == Type::kDay || wanted == Type::kTime) {
    // A day beside a time is compared by the time's local day.
    if (auto day = ReadDay(expr->text)) {
      expr = Constant(Type::kDay, *day);
      return absl::OkStatus();
    }
    const std::optional<int64_t> time = wanted == Type::kDay ? std::nullopt : ReadTime(expr->text);
    if (!time) {
      return absl::InvalidArgumentError(absl::StrCat("\"", expr->text, "\" is no date: write \"2018-04-30\"",
                                                     wanted == Type::kTime ? " or \"2018-04-30T12:00:00Z\"" : ""));
    }
    expr = Constant(Type::kTime, *time);
  }
  return absl::OkStatus();
}

absl::StatusOr<Type> Unify(Expr& left, Expr& right) {
  if (auto status = Coerce(left, right->type); !status.ok()) return status;
  if (auto status = Coerce(right, left->type); !status.ok()) return status;
  const Type a = left->type, b = right->type;
  if (a == Type::kNull || a == Type::kAny) return b;
  if (b == Type::kNull || b == Type::kAny || a == b) return a;
  if (a == Type::kPosition && b == Type::kInteger) return a;
  if (b == Type::kPosition && a == Type::kInteger) return b;
  return absl::InvalidArgumentError(absl::StrCat(TypeName(a), " and ", TypeName(b), " do not go together"));
}

namespace {

absl::StatusOr<Type> Flags(std::vector<Expr>& arguments) {
  for (const Expr& argument : arguments) {
    if (!Fits(argument->type, Type::kFlag)) {
      return absl::InvalidArgumentError(absl::StrCat("needs yes or no, not ", TypeName(argument->type)));
    }
  }
  return Type::kFlag;
}

Values And(const CallArguments& a) {
  Values out = Make(Type::kFlag, a.size);
  for (size_t i = 0; i < a.size; ++i) out.data[i] = a[0].data[i] == 1 && a[1].data[i] == 1;
  return out;
}
Values Or(const CallArguments& a) {
  Values out = Make(Type::kFlag, a.size);
  for (size_t i = 0; i < a.size; ++i) out.data[i] = a[0].data[i] == 1 || a[1].data[i] == 1;
  return out;
}
Values Not(const CallArguments& a) {
  Values out = Make(Type::kFlag, a.size);
  for (size_t i = 0; i < a.size; ++i) out.data[i] = a[0].data[i] != 1;
  return out;
}

absl::StatusOr<Type> Anything(std::vector<Expr>&) { return Type::kFlag; }

Values Has(const CallArguments& a) {
  Values out = Make(Type::kFlag, a.size);
  const Values& of = a[0];
  for (size_t i = 0; i < a.size; ++i) {
    // Money without a rate into the report currency is money all the same.
    out.data[i] = of.data[i] != kNull || (i < of.currency.size() && of.currency[i] == a.world.texts().unconverted());
  }
  return out;
}

absl::StatusOr<Type> Choice(std::vector<Expr>& arguments) {
  if (!Fits(arguments[0]->type, Type::kFlag)) {
    return absl::InvalidArgumentError(absl::StrCat("the condition is ", TypeName(arguments[0]->type), ", not yes or no"));
  }
  return Unify(arguments[1], arguments[2]);
}

void CopyValue(const Values& from, size_t i, Values* to) {
  to->data[i] = from.data[i];
  if (to->type == Type::kMoney && !from.currency.empty()) to->currency[i] = from.currency[i];
}

Type FirstType(const CallArguments& a, size_t from) {
  for (size_t k = from; k < a.values.size(); ++k) {
    if (a[k].type != Type::kNull && a[k].type != Type::kAny) return a[k].type;
  }
  return Type::kNull;
}

Values If(const CallArguments& a) {
  Values out = Make(FirstType(a, 1), a.size);
  for (size_t i = 0; i < a.size; ++i) CopyValue(a[0].data[i] == 1 ? a[1] : a[2], i, &out);
  return out;
}

absl::StatusOr<Type> Alike(std::vector<Expr>& arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    auto type = Unify(arguments[0], arguments[i]);
    if (!type.ok()) return type;
  }
  for (const Expr& argument : arguments) {
    if (argument->type != Type::kNull && argument->type != Type::kAny) return argument->type;
  }
  return Type::kNull;
}

Values Coalesce(const CallArguments& a) {
  Values out = Make(FirstType(a, 0), a.size);
  for (size_t i = 0; i < a.size; ++i) {
    for (size_t k = 0; k < a.values.size() && out.data[i] == kNull; ++k) CopyValue(a[k], i, &out);
  }
  return out;
}

}  // namespace

absl::Span<const Function> LogicFunctions() {
  static const Function kFunctions[] = {
      {"and", "a and b", 2, 2, Flags, And},
      {"or", "a or b", 2, 2, Flags, Or},
      {"not", "not a", 1, 1, Flags, Not},
      {"has", "has(value)", 1, 1, Anything, Has},
      {"if", "if(condition, then, else)", 3, 3, Choice, If},
      {"coalesce", "coalesce(value, value, ...)", 1, 20, Alike, Coalesce},
  };
  return kFunctions;
}

const Function* FindFunction(absl::string_view name) {
  for (auto list : {LogicFunctions(), ArithmeticFunctions(), ComparisonFunctions(), TimeFunctions(), BandFunctions()}) {
    for (const Function& function : list) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

std::vector<absl::string_view> FunctionNames() {
  std::vector<absl::string_view> names;
  for (auto list : {LogicFunctions(), TimeFunctions(), BandFunctions()}) {
    for (const Function& function : list) {
      if (function.name != "and" && function.name != "or" && function.name != "not") names.push_back(function.name);
    }
  }
  for (absl::string_view name : {"count_of", "sum_of", "min_of", "max_of"}) names.push_back(name);
  return names;
}

}  // namespace recount::projections
