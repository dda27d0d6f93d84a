#include "projections/engine/known_flag.h"

namespace recount::projections {
namespace {

bool IsText(const Node& node) { return node.kind == Node::Kind::kConstant && node.type == Type::kText; }

}  // namespace

std::optional<bool> KnownFlag(const Node& condition) {
  if (condition.kind == Node::Kind::kConstant && condition.type == Type::kFlag) return condition.constant == 1;
  if (condition.kind != Node::Kind::kCall) return std::nullopt;
  const auto& parts = condition.parts;
  if (condition.name == "=" && IsText(*parts[0]) && IsText(*parts[1])) return parts[0]->text == parts[1]->text;
  if (condition.name == "not") {
    const auto of = KnownFlag(*parts[0]);
    return of ? std::optional<bool>(!*of) : std::nullopt;
  }
  if (condition.name != "and" && condition.name != "or") return std::nullopt;
  const bool decides = condition.name == "or";  // what one part alone decides, if it is that
  const auto left = KnownFlag(*parts[0]), right = KnownFlag(*parts[1]);
  if (left == decides || right == decides) return decides;
  return left && right ? std::optional<bool>(!decides) : std::nullopt;
}

}  // namespace recount::projections
