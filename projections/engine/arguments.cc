// Values of a definition's parameters: as the caller gave them, else the defaults.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/functions.h"
#include "projections/engine/lexer.h"
#include "projections/engine/resolve.h"

namespace recount::projections {
namespace {

absl::Status Invalid(absl::string_view place, absl::string_view message) {
  return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat(place, ": ", message), place, {{"place", place}});
}

absl::Status Refuse(absl::string_view id, absl::string_view message) {
  return domain::Refuse(v1::PARAMETER_INVALID, message, absl::StrCat("parameters.arguments[", id, "]"));
}

// A literal as a parameter's value: a number, a text or nothing.
Expr Literal(const std::string& text, bool as_text) {
  int64_t number;
  if (!as_text && absl::SimpleAtoi(text, &number)) return Constant(Type::kInteger, number);
  if (!as_text && (text == "true" || text == "false")) return Constant(Type::kFlag, text == "true");
  if (text == "null") return Constant(Type::kNull, kNull);
  return TextConstant(Type::kText, text);
}

absl::StatusOr<Expr> DefaultOf(const v1::Parameter& parameter) {
  const std::string place = absl::StrCat("parameters[", parameter.id(), "]");
  auto tree = Parse(parameter.default_expr(), Dialect::kDefinition, place);
  if (!tree.ok()) return tree.status();
  const Syntax::Kind kind = (*tree)->kind;
  const bool flag = kind == Syntax::Kind::kName && ((*tree)->text == "true" || (*tree)->text == "false");
  if (kind != Syntax::Kind::kNumber && kind != Syntax::Kind::kText && kind != Syntax::Kind::kNull && !flag) {
    return Invalid(place, "the default is a number, a text, true, false or null");
  }
  return Literal(kind == Syntax::Kind::kNull ? "null" : (*tree)->text, kind == Syntax::Kind::kText);
}

// Without a type its default's; kNull: any.
absl::StatusOr<Type> DeclaredType(const v1::Parameter& parameter, const Expr& by_default) {
  Type type = by_default->type;
  switch (parameter.type()) {
    case v1::VALUE_TYPE_UNSPECIFIED: return type;
    case v1::VALUE_TYPE_INTEGER: type = Type::kInteger; break;
    case v1::VALUE_TYPE_TEXT: type = Type::kText; break;
    case v1::VALUE_TYPE_FLAG: type = Type::kFlag; break;
    default: return Invalid(absl::StrCat("parameters[", parameter.id(), "]"), "the type is INTEGER, TEXT or FLAG");
  }
  if (by_default->type == type || by_default->type == Type::kNull) return type;
  return Invalid(absl::StrCat("parameters[", parameter.id(), "]"),
                 absl::StrCat("the default is ", TypeName(by_default->type), ", but the type is ", TypeName(type)));
}

// What a parameter with a list of values may be, in its order. A stage that became another one is still known: nothing is in it.
std::vector<std::string> ValuesOf(const v1::Parameter& parameter, const Rules* rules) {
  std::vector<std::string> values(parameter.values().begin(), parameter.values().end());
  if (!parameter.or_stage() || rules == nullptr) return values;
  const auto add = [&](const auto& pipelines) {
    for (const v1::Pipeline& pipeline : pipelines) {
      for (const v1::Stage& stage : pipeline.stages()) {
        if (std::find(values.begin(), values.end(), stage.id()) == values.end()) values.push_back(stage.id());
      }
    }
  };
  add(rules->stages.pipelines());
  for (const domain::RuleVersionEntry& version : rules->book.Versions(v1::RULE_KIND_PIPELINES)) {
    if (version.withdrawn_position == 0) add(version.rule.content().pipelines().pipelines());
  }
  return values;
}

bool IsOneOf(const v1::Parameter& parameter, const Rules* rules, const std::string& text) {
  if (parameter.values().empty() && !parameter.or_stage()) return true;
  if (text == "null" && parameter.default_expr() == "null") return true;
  const std::vector<std::string> values = ValuesOf(parameter, rules);
  return std::find(values.begin(), values.end(), text) != values.end();
}

absl::StatusOr<Expr> ValueOf(const v1::Parameter& parameter, Type wanted, const Rules* rules, const std::string& given) {
  if (!IsOneOf(parameter, rules, given)) {
    return Refuse(parameter.id(), absl::StrCat("`", given, "` is no value of ", parameter.id(), "; there is: ",
                                               absl::StrJoin(ValuesOf(parameter, rules), ", ")));
  }
  Expr value = Literal(given, wanted == Type::kText);
  if (value->type == wanted || wanted == Type::kNull || value->type == Type::kNull) return value;
  return Refuse(parameter.id(), absl::StrCat(parameter.id(), ": `", given, "` is ", TypeName(value->type), ", but ", TypeName(wanted), " is needed"));
}

}  // namespace

std::string ArgumentText(const Node& value) {
  switch (value.type) {
    case Type::kNull: return "null";
    case Type::kFlag: return value.constant == 1 ? "true" : "false";
    case Type::kInteger: return absl::StrCat(value.constant);
    default: return value.text;
  }
}

absl::Status ReadArguments(const v1::ReportDefinition& definition, const v1::ReportParameters& parameters, const Rules* rules,
                           Schema* schema) {
  std::vector<std::string> ids;
  for (const v1::Parameter& parameter : definition.parameters()) {
    ids.push_back(parameter.id());
    auto value = DefaultOf(parameter);
    if (!value.ok()) return value.status();
    const auto type = DeclaredType(parameter, *value);
    if (!type.ok()) return type.status();
    if (!parameter.or_stage() && !IsOneOf(parameter, nullptr, ArgumentText(**value))) {
      return Invalid(absl::StrCat("parameters[", parameter.id(), "]"), "the default is none of the values");
    }
    const auto given = parameters.arguments().find(parameter.id());
    if (given != parameters.arguments().end()) value = ValueOf(parameter, *type, rules, given->second);
    if (!value.ok()) return value.status();
    schema->arguments[parameter.id()] = *value;
  }
  for (const auto& [id, value] : parameters.arguments()) {
    if (schema->arguments.count(id) > 0) continue;
    return Refuse(id, absl::StrCat("no parameter `", id, "`; there is: ", absl::StrJoin(ids, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace recount::projections
