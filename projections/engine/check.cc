// Syntax tree -> checked tree: names, types, limits of what may be followed.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "projections/engine/functions.h"
#include "projections/engine/lexer.h"
#include "projections/engine/precise.h"

namespace recount::projections {
namespace {

constexpr int kMaxFollowed = 4;

size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// "did you mean ...?", and what there is.
std::string Suggest(absl::string_view wrong, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string near;
  size_t best = std::max<size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = Distance(wrong, name);
    if (distance < best) {
      best = distance;
      near = name;
    }
  }
  std::string text = near.empty() ? "" : absl::StrCat("; did you mean `", near, "`?");
  const size_t shown = std::min<size_t>(names.size(), 60);
  absl::StrAppend(&text, " There is: ", absl::StrJoin(names.begin(), names.begin() + shown, ", "), names.size() > shown ? " ..." : "");
  return text;
}

const std::vector<FieldInfo>& KnownFields(const Subject& subject, const Schema& schema) {
  const auto [known, added] = schema.fields->try_emplace(&subject);
  if (added) known->second = FieldsOf(subject, schema);
  return known->second;
}

class Checker {
 public:
  Checker(const Subject& subject, const Schema& schema, const CompileOptions& options, int depth)
      : subject_(subject), schema_(schema), options_(options), depth_(depth), fields_(KnownFields(subject, schema)) {}

  absl::StatusOr<Expr> Check(const Syntax& syntax) {
    switch (syntax.kind) {
      case Syntax::Kind::kNumber:
        if (absl::StrContains(syntax.text, ".")) return Error(syntax, "numbers are whole here");
        return Constant(Type::kInteger, syntax.number);
      case Syntax::Kind::kText:
        return TextConstant(Type::kText, syntax.text);
      case Syntax::Kind::kNull:
        return Constant(Type::kNull, kNull);
      case Syntax::Kind::kParameter:
        return Parameter(syntax);
      case Syntax::Kind::kName:
        return Name(syntax);
      case Syntax::Kind::kCall:
        if (absl::EndsWith(syntax.text, "_of")) return RollUp(syntax);
        return Call(syntax, syntax.text);
      case Syntax::Kind::kUnary:
        return Call(syntax, syntax.text);
      case Syntax::Kind::kBinary:
        return Binary(syntax);
      case Syntax::Kind::kIn:
        return In(syntax);
    }
    return Error(syntax, "not understood");
  }

 private:
  absl::Status Error(const Syntax& syntax, absl::string_view message) const {
    return SyntaxError(options_.dialect, syntax.at, message, options_.place);
  }

  absl::StatusOr<Expr> Parameter(const Syntax& syntax) {
    auto it = schema_.arguments.find(syntax.text);
    if (it != schema_.arguments.end()) return it->second;
    std::vector<std::string> names;
    for (const auto& [name, value] : schema_.arguments) names.push_back(absl::StrCat("$", name));
    return Error(syntax, absl::StrCat("no parameter $", syntax.text, Suggest(absl::StrCat("$", syntax.text), names)));
  }

  const FieldInfo* Find(absl::string_view name) const {
    for (const FieldInfo& field : fields_) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  absl::StatusOr<Expr> Name(const Syntax& syntax) {
    if (syntax.text == "true" || syntax.text == "false") return Constant(Type::kFlag, syntax.text == "true");
    if (syntax.text == "axis") {
      if (!schema_.axis_allowed) return Error(syntax, "there is no axis here");
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::kAxis;
      node->type = schema_.axis_type;
      return node;
    }
    const std::vector<absl::string_view> path = absl::StrSplit(syntax.text, '.');
    return Path(syntax, path);
  }

  absl::StatusOr<Expr> Path(const Syntax& syntax, absl::Span<const absl::string_view> path) {
    if (path[0] == "field" && path.size() > 1) return Field(syntax, absl::StrJoin(path, "."));
    if (path.size() == 1) return Field(syntax, path[0]);
    const FieldInfo* field = Find(path[0]);
    if (field == nullptr) {
      if (path[0] == subject_.id || IsCompanion(path[0])) return Path(syntax, path.subspan(1));
      return Unknown(syntax, path[0]);
    }
    if (field->type != Type::kRecord) {
      return Error(syntax, absl::StrCat("`", path[0], "` is ", TypeName(field->type), " and leads to no record"));
    }
    return Follow(syntax, *field, path.subspan(1));
  }
  bool IsCompanion(absl::string_view id) const {
    return std::find(subject_.companions.begin(), subject_.companions.end(), id) != subject_.companions.end();
  }

  absl::StatusOr<Expr> Follow(const Syntax& syntax, const FieldInfo& field, absl::Span<const absl::string_view> rest) {
    const Subject* target = SubjectOf(field.collection);
    if (target == nullptr) return Error(syntax, absl::StrCat("`", field.name, "` leads to no subject"));
    if (depth_ == kMaxFollowed) return Error(syntax, absl::StrCat("more than ", kMaxFollowed, " references are followed"));
    Checker there(*target, schema_, options_, depth_ + 1);
    auto inner = there.Path(syntax, rest);
    if (!inner.ok()) return inner;
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kFollow;
    node->type = (*inner)->type;
    node->subject = target;
    node->reference = field.name;
    node->parts = {*inner};
    return InCompanion(field.companion, node);
  }

  static Expr InCompanion(const Subject* companion, Expr expr) {
    if (companion == nullptr) return expr;
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kCompanion;
    node->type = expr->type;
    node->subject = companion;
    node->parts = {std::move(expr)};
    return node;
  }

  absl::StatusOr<Expr> Field(const Syntax& syntax, absl::string_view name) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kField;
    node->name = std::string(name);
    const FieldInfo* field = Find(name);
    if (field == nullptr) {
      if (schema_.snapshot != nullptr || !absl::StartsWith(name, "field.")) return Unknown(syntax, name);
      node->type = Type::kAny;
      return node;
    }
    node->type = field->type;
    return InCompanion(field->companion, node);
  }

  absl::Status Unknown(const Syntax& syntax, absl::string_view name) const {
    std::vector<std::string> names;
    for (const FieldInfo& field : fields_) names.push_back(field.name);
    return Error(syntax, absl::StrCat("no field `", name, "` in ", subject_.id, Suggest(name, names)));
  }

  absl::StatusOr<Expr> Call(const Syntax& syntax, const std::string& name) {
    const Function* function = FindFunction(name);
    if (function == nullptr) {
      std::vector<std::string> names;
      for (absl::string_view known : FunctionNames()) names.push_back(std::string(known));
      return Error(syntax, absl::StrCat("no function `", name, "`", Suggest(name, names)));
    }
    if (syntax.parts.size() < function->least || syntax.parts.size() > function->most) {
      return Error(syntax, absl::StrCat("it is written `", function->usage, "`"));
    }
    const bool is_precise = name == "hour" || name == "elapsed";
    std::vector<Expr> arguments, precise;
    for (const auto& part : syntax.parts) {
      auto argument = Check(*part);
      if (!argument.ok()) return argument;
      if (is_precise && schema_.axis == nullptr && NamesAxis(*argument)) {
        return Error(*part, "an axis of each measure's own may be known by its day only: name the time itself");
      }
      arguments.push_back(*argument);
      if (is_precise) precise.push_back(Precise(*argument, subject_, schema_));
    }
    auto call = Apply(syntax, *function, std::move(arguments));
    if (!is_precise || !call.ok()) return call;
    auto exact = Apply(syntax, *function, std::move(precise));
    if (!exact.ok()) return exact;
    auto node = std::make_shared<Node>(**exact);
    node->rough = *call;
    return node;
  }

  absl::StatusOr<Expr> Apply(const Syntax& syntax, const Function& function, std::vector<Expr> arguments) {
    auto type = function.check(arguments);
    if (!type.ok()) return Error(syntax, absl::StrCat("`", function.usage, "`: ", type.status().message()));
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kCall;
    node->type = *type;
    node->name = std::string(function.name);
    node->parts = std::move(arguments);
    return node;
  }

  absl::StatusOr<Expr> Binary(const Syntax& syntax) {
    auto left = Check(*syntax.parts[0]);
    if (!left.ok()) return left;
    const Syntax& right_syntax = *syntax.parts[1];
    auto right = Check(right_syntax);
    // AIP-160: a bare word on the right is a text.
    if (!right.ok() && options_.dialect == Dialect::kFilter && right_syntax.kind == Syntax::Kind::kName) {
      right = TextConstant(Type::kText, right_syntax.text);
    }
    if (!right.ok()) return right;
    const bool equality = syntax.text == "=" || syntax.text == "!=";
    if (equality && ((*left)->type == Type::kNull || (*right)->type == Type::kNull)) {
      return IsNull(syntax, (*left)->type == Type::kNull ? *right : *left, syntax.text == "=");
    }
    return Apply(syntax, *FindFunction(syntax.text), {*left, *right});
  }

  absl::StatusOr<Expr> IsNull(const Syntax& syntax, Expr value, bool null) {
    auto has = Apply(syntax, *FindFunction("has"), {std::move(value)});
    if (!has.ok() || !null) return has;
    return Apply(syntax, *FindFunction("not"), {*has});
  }

  absl::StatusOr<Expr> In(const Syntax& syntax) {
    auto value = Check(*syntax.parts[0]);
    if (!value.ok()) return value;
    Expr any = Constant(Type::kFlag, 0);
    for (size_t i = 1; i < syntax.parts.size(); ++i) {
      auto item = Check(*syntax.parts[i]);
      if (!item.ok()) return item;
      auto equal = Apply(*syntax.parts[i], *FindFunction("="), {*value, *item});
      if (!equal.ok()) return equal;
      auto either = Apply(syntax, *FindFunction("or"), {any, *equal});
      if (!either.ok()) return either;
      any = i == 1 ? *equal : *either;
    }
    return any;
  }

  absl::StatusOr<Expr> RollUp(const Syntax& syntax) {
    const bool counts = syntax.text == "count_of";
    if (!counts && syntax.text != "sum_of" && syntax.text != "min_of" && syntax.text != "max_of") return Call(syntax, syntax.text);
    const size_t fixed = counts ? 2 : 3;
    if (syntax.parts.size() != fixed && syntax.parts.size() != fixed + 1) {
      return Error(syntax, counts ? "it is written `count_of(subject, reference, condition)`"
                                  : absl::StrCat("it is written `", syntax.text, "(subject, reference, value, condition)`"));
    }
    const Subject* other = FindSubject(syntax.parts[0]->text);
    if (other == nullptr || syntax.parts[0]->kind != Syntax::Kind::kName) {
      std::vector<std::string> names;
      for (const Subject& subject : AllSubjects()) names.push_back(subject.id);
      return Error(*syntax.parts[0], absl::StrCat("no subject `", syntax.parts[0]->text, "`", Suggest(syntax.parts[0]->text, names)));
    }
    if (depth_ == kMaxFollowed) return Error(syntax, absl::StrCat("more than ", kMaxFollowed, " references are followed"));
    Schema schema = schema_;
    schema.axis_allowed = false;
    Checker there(*other, schema, options_, depth_ + 1);
    return there.RollUpTo(syntax, subject_, counts);
  }

  // In the other subject: its records that point to ours.
  absl::StatusOr<Expr> RollUpTo(const Syntax& syntax, const Subject& ours, bool counts) {
    auto reference = Check(*syntax.parts[1]);
    if (!reference.ok()) return reference;
    const FieldInfo* field = Find(syntax.parts[1]->text);
    if (field == nullptr || field->type != Type::kRecord || field->collection != ours.collection) {
      return Error(*syntax.parts[1], absl::StrCat("`", syntax.parts[1]->text, "` does not lead to ", ours.collection));
    }
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::kRollUp;
    node->type = Type::kInteger;
    node->name = syntax.text;
    node->subject = &subject_;
    node->parts = {*reference, Constant(Type::kNull, kNull), Constant(Type::kFlag, 1)};
    if (!counts) {
      auto value = Check(*syntax.parts[2]);
      if (!value.ok()) return value;
      const Type type = (*value)->type;
      const bool ordered = type == Type::kTime || type == Type::kDay || type == Type::kPosition;
      if (!Fits(type, Type::kInteger) && type != Type::kMoney && !(ordered && syntax.text != "sum_of")) {
        return Error(*syntax.parts[2], absl::StrCat("`", syntax.text, "` takes no ", TypeName(type)));
      }
      node->type = type;
      node->parts[1] = *value;
    }
    const size_t condition_at = counts ? 2 : 3;
    if (syntax.parts.size() > condition_at) {
      auto condition = Check(*syntax.parts[condition_at]);
      if (!condition.ok()) return condition;
      if (!Fits((*condition)->type, Type::kFlag)) return Error(*syntax.parts[condition_at], "the condition is not yes or no");
      node->parts[2] = *condition;
    }
    return node;
  }

  const Subject& subject_;
  const Schema& schema_;
  const CompileOptions& options_;
  int depth_;
  const std::vector<FieldInfo>& fields_;
};

}  // namespace

absl::StatusOr<Expr> Compile(absl::string_view text, const Subject& subject, const Schema& schema,
                             const CompileOptions& options) {
  auto tree = Parse(text, options.dialect, options.place);
  if (!tree.ok()) return tree.status();
  auto expr = Checker(subject, schema, options, 0).Check(**tree);
  if (!expr.ok()) return expr;
  if (!Fits((*expr)->type, options.wanted)) {
    return SyntaxError(options.dialect, (*tree)->at,
                       absl::StrCat("is ", TypeName((*expr)->type), ", but ", TypeName(options.wanted), " is needed"), options.place);
  }
  return expr;
}

Expr Both(Expr left, Expr right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kCall;
  node->type = Type::kFlag;
  node->name = "and";
  node->parts = {std::move(left), std::move(right)};
  return node;
}

bool Names(const Expr& expr, absl::string_view field) {
  if (expr == nullptr) return false;
  if (expr->kind == Node::Kind::kField) return expr->name == field;
  if (expr->kind == Node::Kind::kFollow || expr->kind == Node::Kind::kRollUp) return false;
  return std::any_of(expr->parts.begin(), expr->parts.end(), [&](const Expr& part) { return Names(part, field); });
}

}  // namespace recount::projections
