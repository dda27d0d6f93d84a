// Tokens of expressions.
#ifndef RECOUNT_PROJECTIONS_ENGINE_LEXER_H_
#define RECOUNT_PROJECTIONS_ENGINE_LEXER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "projections/engine/expression.h"

namespace recount::projections {

struct Token {
  enum class Kind { kName, kNumber, kText, kParameter, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  size_t at = 0;
  std::string text;       // name with dots; number as written; text without quotes; parameter without `$`
  int64_t number = 0;     // its whole part
  bool blank_before = false;
};

// The last token is kEnd.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text, Dialect dialect, absl::string_view place);

// DEFINITION_INVALID or FILTER_INVALID at a place, counted in characters from 1.
absl::Status SyntaxError(Dialect dialect, size_t at, absl::string_view message, absl::string_view place = "");

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_LEXER_H_
