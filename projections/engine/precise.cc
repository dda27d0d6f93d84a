#include "projections/engine/precise.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "projections/engine/functions.h"

namespace recount::projections {
namespace {

Expr Call(absl::string_view name, Type type, std::vector<Expr> parts) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kCall;
  node->type = type;
  node->name = std::string(name);
  node->parts = std::move(parts);
  return node;
}

Expr Nothing() { return Constant(Type::kNull, kNull); }

Expr FlagField(const FieldInfo& field) {
  auto flag = std::make_shared<Node>();
  flag->kind = Node::Kind::kField;
  flag->type = Type::kFlag;
  flag->name = field.name;
  if (field.companion == nullptr) return flag;
  auto there = std::make_shared<Node>();
  there->kind = Node::Kind::kCompanion;
  there->type = Type::kFlag;
  there->subject = field.companion;
  there->parts = {std::move(flag)};
  return there;
}

Expr PreciseField(const Expr& expr, const Subject& subject, const Schema& schema) {
  const std::string by_day = DayFlagOf(expr->name);
  for (const FieldInfo& field : FieldsOf(subject, schema)) {
    if (field.name == by_day) return Call("if", expr->type, {FlagField(field), Nothing(), expr});
  }
  return expr;
}

// The choice is made of the values as they are: a time of which only the day is known is chosen all the same, and is none.
Expr PreciseChoice(const Expr& expr, const Subject& subject, const Schema& schema) {
  const std::vector<Expr>& parts = expr->parts;
  if (expr->name == "if") {
    return Call("if", expr->type, {parts[0], Precise(parts[1], subject, schema), Precise(parts[2], subject, schema)});
  }
  if (expr->name != "coalesce") return expr;
  Expr chosen = Precise(parts.back(), subject, schema);
  for (size_t i = parts.size() - 1; i-- > 0;) {
    chosen = Call("if", expr->type, {Call("has", Type::kFlag, {parts[i]}), Precise(parts[i], subject, schema), chosen});
  }
  return chosen;
}

// The least or greatest time of other records, if it is that of the exact ones too.
Expr PreciseRollUp(const Expr& expr, const Schema& schema) {
  if (expr->type != Type::kTime) return expr;
  auto exact = std::make_shared<Node>(*expr);
  exact->parts[1] = Precise(expr->parts[1], *expr->subject, schema);
  return Call("if", expr->type, {Call("=", Type::kFlag, {expr, exact}), expr, Nothing()});
}

}  // namespace

std::string DayFlagOf(absl::string_view time) {
  const bool is_outcome = time == "won_at" || time == "lost_at";
  return absl::StrCat(is_outcome ? "closed_at" : time, "_is_day");
}

Expr Precise(const Expr& expr, const Subject& subject, const Schema& schema) {
  switch (expr->kind) {
    case Node::Kind::kConstant: return expr;
    case Node::Kind::kField: return PreciseField(expr, subject, schema);
    case Node::Kind::kAxis: return schema.axis == nullptr ? expr : Precise(schema.axis, subject, schema);
    case Node::Kind::kCall: return PreciseChoice(expr, subject, schema);
    case Node::Kind::kRollUp: return PreciseRollUp(expr, schema);
    case Node::Kind::kFollow:
    case Node::Kind::kCompanion: break;
  }
  auto node = std::make_shared<Node>(*expr);
  node->parts[0] = Precise(expr->parts[0], *expr->subject, schema);
  return node;
}

Expr KnownByDayOnly(const Expr& expr) {
  if (expr->kind == Node::Kind::kRollUp) return nullptr;  // that is of other records
  if (expr->rough != nullptr) {
    auto exact = std::make_shared<Node>(*expr);
    exact->rough = nullptr;
    return Both(Call("has", Type::kFlag, {expr->rough}), Call("not", Type::kFlag, {Call("has", Type::kFlag, {std::move(exact)})}));
  }
  Expr any;
  for (const Expr& part : expr->parts) {
    const Expr found = KnownByDayOnly(part);
    if (found != nullptr) any = any == nullptr ? found : Call("or", Type::kFlag, {any, found});
  }
  if (any == nullptr || (expr->kind != Node::Kind::kFollow && expr->kind != Node::Kind::kCompanion)) return any;
  auto there = std::make_shared<Node>(*expr);
  there->type = Type::kFlag;
  there->parts = {any};
  return there;
}

bool NamesAxis(const Expr& expr) {
  return expr->kind == Node::Kind::kAxis || std::any_of(expr->parts.begin(), expr->parts.end(), NamesAxis);
}

}  // namespace recount::projections
