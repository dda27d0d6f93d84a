// Text -> syntax tree: a lexer and a recursive-descent parser for both dialects.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "projections/engine/lexer.h"

namespace recount::projections {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxNodes = 1000;

class Parser {
 public:
  Parser(std::vector<Token> tokens, Dialect dialect, absl::string_view place)
      : tokens_(std::move(tokens)), dialect_(dialect), place_(place) {}

  absl::StatusOr<SyntaxTree> All() {
    auto tree = Condition();
    if (!tree.ok()) return tree;
    if (Here().kind != Token::Kind::kEnd) return Expected("an operator or the end");
    return tree;
  }

 private:
  using Result = absl::StatusOr<SyntaxTree>;

  const Token& Here() const { return tokens_[next_]; }
  const Token& After() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }
  bool IsSymbol(absl::string_view symbol) const { return Here().kind == Token::Kind::kSymbol && Here().text == symbol; }
  bool IsWord(absl::string_view lower, absl::string_view upper) const {
    return Here().kind == Token::Kind::kName && (Here().text == lower || Here().text == upper);
  }
  bool IsAnd() const { return IsWord("and", "AND") || IsSymbol("&&"); }
  bool IsOr() const { return IsWord("or", "OR") || IsSymbol("||"); }
  bool IsNot() const { return IsWord("not", "NOT") || IsSymbol("!"); }
  bool Take(absl::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++next_;
    return true;
  }
  absl::Status Error(size_t at, absl::string_view message) const { return SyntaxError(dialect_, at, message, place_); }
  absl::Status Expected(absl::string_view what) const {
    const Token& token = Here();
    return Error(token.at,
                       absl::StrCat("expected ", what, ", found ",
                                    token.kind == Token::Kind::kEnd ? "the end" : absl::StrCat("`", token.text, "`")));
  }
  absl::Status Grow(int nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) return Error(Here().at, absl::StrCat("more than ", kMaxNodes, " parts"));
    return absl::OkStatus();
  }
  Result Make(Syntax::Kind kind, size_t at, std::string text, SyntaxTree left = nullptr, SyntaxTree right = nullptr) {
    if (auto grown = Grow(1); !grown.ok()) return grown;
    auto node = std::make_unique<Syntax>();
    node->kind = kind;
    node->at = at;
    node->text = std::move(text);
    if (left) node->parts.push_back(std::move(left));
    if (right) node->parts.push_back(std::move(right));
    return node;
  }

  // A whole condition, one level deeper.
  Result Condition() {
    if (++depth_ > kMaxDepth) return Error(Here().at, absl::StrCat("nested deeper than ", kMaxDepth));
    Result tree = dialect_ == Dialect::kFilter ? FilterSequence() : Alternatives();
    --depth_;
    return tree;
  }

  // or := and { OR and } in definitions.
  Result Alternatives() {
    Result left = Conjunction();
    while (left.ok() && IsOr()) left = Joined(std::move(*left), "or", [this] { return Conjunction(); });
    return left;
  }
  Result Conjunction() {
    Result left = Negation();
    while (left.ok() && IsAnd()) left = Joined(std::move(*left), "and", [this] { return Negation(); });
    return left;
  }

  // AIP-160: sequence := factor { [AND] factor }; factor := term { OR term }.
  Result FilterSequence() {
    Result left = FilterFactor();
    while (left.ok() && (IsAnd() || StartsTerm())) {
      if (IsAnd()) {
        left = Joined(std::move(*left), "and", [this] { return FilterFactor(); });
      } else {
        const size_t at = Here().at;
        Result right = FilterFactor();
        if (!right.ok()) return right;
        left = Make(Syntax::Kind::kBinary, at, "and", std::move(*left), std::move(*right));
      }
    }
    return left;
  }
  Result FilterFactor() {
    Result left = Negation();
    while (left.ok() && IsOr()) left = Joined(std::move(*left), "or", [this] { return Negation(); });
    return left;
  }
  bool StartsTerm() const {
    const Token::Kind kind = Here().kind;
    return kind == Token::Kind::kName || kind == Token::Kind::kNumber || kind == Token::Kind::kText ||
           kind == Token::Kind::kParameter || IsSymbol("(") || IsSymbol("!") || IsSymbol("-");
  }

  template <typename Next>
  Result Joined(SyntaxTree left, absl::string_view op, Next next) {
    const size_t at = Here().at;
    ++next_;
    Result right = next();
    if (!right.ok()) return right;
    return Make(Syntax::Kind::kBinary, at, std::string(op), std::move(left), std::move(*right));
  }

  Result Negation() {
    // AIP-160 lets a minus before a term mean NOT; before a number it stays a sign.
    const bool minus = dialect_ == Dialect::kFilter && IsSymbol("-") && After().kind != Token::Kind::kNumber;
    if (!IsNot() && !minus) return Comparison();
    const size_t at = Here().at;
    ++next_;
    if (++depth_ > kMaxDepth) return Error(at, absl::StrCat("nested deeper than ", kMaxDepth));
    Result inner = Negation();
    --depth_;
    if (!inner.ok()) return inner;
    return Make(Syntax::Kind::kUnary, at, "not", std::move(*inner));
  }

  Result Comparison() {
    Result left = Sum();
    if (!left.ok()) return left;
    const size_t at = Here().at;
    for (absl::string_view op : {"==", "!=", "<=", ">=", "=", "<", ">", ":"}) {
      if (!Take(op)) continue;
      if (op == ":" && Take("*")) return Call("has", at, std::move(*left));
      Result right = Sum();
      if (!right.ok()) return right;
      Result made = Make(Syntax::Kind::kBinary, at, op == "==" ? "=" : std::string(op), std::move(*left), std::move(*right));
      if (made.ok() && IsComparison()) return Error(Here().at, "comparisons cannot be chained: use `and`");
      return made;
    }
    const bool negated = IsNot() && After().kind == Token::Kind::kName && absl::EqualsIgnoreCase(After().text, "in");
    if (negated) ++next_;
    if (!IsWord("in", "IN")) return left;
    ++next_;
    Result list = List(at, std::move(*left));
    if (!negated || !list.ok()) return list;
    return Make(Syntax::Kind::kUnary, at, "not", std::move(*list));
  }
  bool IsComparison() const {
    for (absl::string_view op : {"==", "!=", "<=", ">=", "=", "<", ">", ":"}) {
      if (IsSymbol(op)) return true;
    }
    return false;
  }

  Result List(size_t at, SyntaxTree value) {
    if (!Take("[")) return Expected("`[` after `in`");
    Result list = Make(Syntax::Kind::kIn, at, "in", std::move(value));
    while (list.ok() && !IsSymbol("]")) {
      Result item = Sum();
      if (!item.ok()) return item;
      (*list)->parts.push_back(std::move(*item));
      if (!Take(",")) break;
    }
    if (list.ok() && !Take("]")) return Expected("`,` or `]`");
    return list;
  }

  Result Sum() {
    Result left = Product();
    while (left.ok() && (IsSymbol("+") || (IsSymbol("-") && !MinusMeansNot()))) {
      left = Joined(std::move(*left), Here().text, [this] { return Product(); });
    }
    return left;
  }
  // `a -b` in a filter: a blank before and none after the minus begins a new, negated term.
  bool MinusMeansNot() const { return dialect_ == Dialect::kFilter && Here().blank_before && !After().blank_before; }

  Result Product() {
    Result left = Signed();
    while (left.ok() && IsSymbol("*")) left = Joined(std::move(*left), "*", [this] { return Signed(); });
    return left;
  }

  Result Signed() {
    const size_t at = Here().at;
    if (!Take("-")) return Primary();
    if (++depth_ > kMaxDepth) return Error(at, absl::StrCat("nested deeper than ", kMaxDepth));
    Result inner = Signed();
    --depth_;
    if (!inner.ok()) return inner;
    return Make(Syntax::Kind::kUnary, at, "-", std::move(*inner));
  }

  Result Primary() {
    const Token token = Here();
    switch (token.kind) {
      case Token::Kind::kNumber: {
        ++next_;
        Result made = Make(Syntax::Kind::kNumber, token.at, token.text);
        if (made.ok()) (*made)->number = token.number;
        return made;
      }
      case Token::Kind::kText:
        ++next_;
        return Make(Syntax::Kind::kText, token.at, token.text);
      case Token::Kind::kParameter:
        ++next_;
        return Make(Syntax::Kind::kParameter, token.at, token.text);
      case Token::Kind::kName:
        if (IsAnd() || IsOr() || IsNot()) return Expected("a value");
        ++next_;
        if (Take("(")) return Arguments(token);
        return Make(token.text == "null" ? Syntax::Kind::kNull : Syntax::Kind::kName, token.at, token.text);
      case Token::Kind::kSymbol:
        if (Take("(")) {
          Result inner = Condition();
          if (!inner.ok()) return inner;
          if (!Take(")")) return Expected("`)`");
          return inner;
        }
        return Expected("a value");
      case Token::Kind::kEnd:
        break;
    }
    return Expected("a value");
  }

  Result Call(absl::string_view name, size_t at, SyntaxTree argument) {
    return Make(Syntax::Kind::kCall, at, std::string(name), std::move(argument));
  }
  Result Arguments(const Token& name) {
    Result call = Make(Syntax::Kind::kCall, name.at, name.text);
    while (call.ok() && !IsSymbol(")")) {
      Result argument = Condition();
      if (!argument.ok()) return argument;
      (*call)->parts.push_back(std::move(*argument));
      if (!Take(",")) break;
    }
    if (call.ok() && !Take(")")) return Expected("`,` or `)`");
    return call;
  }

  std::vector<Token> tokens_;
  Dialect dialect_;
  absl::string_view place_;
  size_t next_ = 0;
  int depth_ = 0;
  int nodes_ = 0;
};

}  // namespace

absl::StatusOr<SyntaxTree> Parse(absl::string_view text, Dialect dialect, absl::string_view place) {
  auto tokens = Tokenize(text, dialect, place);
  if (!tokens.ok()) return tokens.status();
  if (tokens->size() == 1) return SyntaxError(dialect, 0, "the text is empty", place);
  return Parser(std::move(*tokens), dialect, place).All();
}

}  // namespace recount::projections
