// Columns of a terminal that a text takes, in any script.
#ifndef RECOUNT_TOOLS_CLI_TEXT_WIDTH_H_
#define RECOUNT_TOOLS_CLI_TEXT_WIDTH_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace recount::tools {

// Two for a wide character, none for a combining mark or a format character.
int DisplayWidth(absl::string_view text);

// Safe to print in a cell: control characters (a terminal would obey them) become visible, bytes that are no UTF-8 become U+FFFD,
// and a text that holds right-to-left letters is isolated, so that it cannot reorder its neighbours.
std::string ForTerminal(absl::string_view text);

// Filled up with spaces to a width.
std::string PadRight(absl::string_view text, int width);
std::string PadLeft(absl::string_view text, int width);

// Lines of at most so many columns, broken at spaces where there are some; nothing is lost but those spaces.
std::vector<std::string> Wrap(absl::string_view text, int width);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_TEXT_WIDTH_H_
