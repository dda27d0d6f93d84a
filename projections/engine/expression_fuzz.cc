// The language of filters and definitions: text -> syntax tree -> checked tree.
#include "projections/engine/expression.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/lexer.h"
#include "projections/subject.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::projections {
namespace {

// Refused with the dialect's reason and a place, or understood.
void CheckStatus(const absl::Status& status, Dialect dialect) {
  if (status.ok()) return;
  MUST(domain::ReasonOf(status) == (dialect == Dialect::kFilter ? v1::FILTER_INVALID : v1::DEFINITION_INVALID));
}

// The tokens lie in the text one behind the other.
void CheckTokens(absl::string_view text, Dialect dialect) {
  const auto tokens = Tokenize(text, dialect, "");
  CheckStatus(tokens.status(), dialect);
  if (!tokens.ok()) return;
  MUST(!tokens->empty() && tokens->back().kind == Token::Kind::kEnd && tokens->back().at == text.size());
  for (size_t i = 1; i < tokens->size(); ++i) MUST((*tokens)[i - 1].at < (*tokens)[i].at);
}

int CheckTree(const Syntax& node, size_t text_size, int depth) {
  MUST(node.at <= text_size && depth < 300);
  int nodes = 1;
  for (const auto& part : node.parts) {
    MUST(part != nullptr);
    nodes += CheckTree(*part, text_size, depth + 1);
  }
  return nodes;
}

bool AreEqual(const Syntax& a, const Syntax& b) {
  if (a.kind != b.kind || a.text != b.text || a.number != b.number || a.parts.size() != b.parts.size()) return false;
  for (size_t i = 0; i < a.parts.size(); ++i) {
    if (!AreEqual(*a.parts[i], *b.parts[i])) return false;
  }
  return true;
}

}  // namespace
}  // namespace recount::projections

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::projections;
  FuzzedDataProvider choices(data, size);
  const Dialect dialect = choices.ConsumeBool() ? Dialect::kFilter : Dialect::kDefinition;
  const auto& subjects = AllSubjects();
  const Subject& subject = subjects[choices.ConsumeIntegralInRange<size_t>(0, subjects.size() - 1)];
  const std::string text = choices.ConsumeRemainingBytesAsString();
  CheckTokens(text, dialect);
  const auto tree = Parse(text, dialect);
  CheckStatus(tree.status(), dialect);
  if (tree.ok()) {
    MUST(CheckTree(**tree, text.size(), 0) <= 2000);
    const auto in_brackets = Parse(absl::StrCat("(", text, ")"), dialect);  // unless that is too long or too deep
    MUST(!in_brackets.ok() || AreEqual(**tree, **in_brackets));
  }
  const auto compiled = Compile(text, subject, Schema(), {dialect, "", Type::kAny});
  CheckStatus(compiled.status(), dialect);
  MUST(tree.ok() || !compiled.ok());
  return 0;
}
