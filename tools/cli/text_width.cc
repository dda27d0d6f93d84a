#include "tools/cli/text_width.h"

#include <utf8proc.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace recount::tools {
namespace {

constexpr char kIsolate[] = "\xe2\x81\xa8";       // U+2068, first strong isolate
constexpr char kEndOfIsolate[] = "\xe2\x81\xa9";  // U+2069

// The next code point and its bytes; -1 for a byte that is no UTF-8.
utf8proc_int32_t Next(absl::string_view* text, absl::string_view* bytes) {
  utf8proc_int32_t code = -1;
  const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text->data());
  const auto used = utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(text->size()), &code);
  const size_t size = used > 0 ? static_cast<size_t>(used) : 1;
  *bytes = text->substr(0, size);
  text->remove_prefix(size);
  return used > 0 ? code : -1;
}

bool IsRightToLeft(utf8proc_int32_t code) {
  const auto direction = utf8proc_get_property(code)->bidi_class;
  return direction == UTF8PROC_BIDI_CLASS_R || direction == UTF8PROC_BIDI_CLASS_AL;
}

// Characters that steer the direction of text: a cell must not open what it does not close.
bool IsDirectional(utf8proc_int32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e || code == 0x200f;
}

}  // namespace

int DisplayWidth(absl::string_view text) {
  int width = 0;
  absl::string_view bytes;
  while (!text.empty()) {
    const utf8proc_int32_t code = Next(&text, &bytes);
    width += code < 0 ? 1 : IsDirectional(code) ? 0 : std::max(0, utf8proc_charwidth(code));
  }
  return width;
}

std::string ForTerminal(absl::string_view text) {
  std::string out;
  bool isolate = false;
  absl::string_view bytes;
  while (!text.empty()) {
    const utf8proc_int32_t code = Next(&text, &bytes);
    if (code < 0) {
      out += "\xef\xbf\xbd";
    } else if (code == '\n' || code == '\r' || code == '\t') {
      out += ' ';
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
      absl::StrAppendFormat(&out, "\\x%02x", code);
    } else if (!IsDirectional(code)) {
      isolate |= IsRightToLeft(code);
      absl::StrAppend(&out, bytes);
    }
  }
  return isolate ? absl::StrCat(kIsolate, out, kEndOfIsolate) : out;
}

std::string PadRight(absl::string_view text, int width) {
  return absl::StrCat(text, std::string(std::max(0, width - DisplayWidth(text)), ' '));
}

std::string PadLeft(absl::string_view text, int width) {
  return absl::StrCat(std::string(std::max(0, width - DisplayWidth(text)), ' '), text);
}

std::vector<std::string> Wrap(absl::string_view text, int width) {
  std::vector<std::string> lines;
  std::string line;
  int used = 0;
  size_t space = std::string::npos;  // the last one in `line`
  absl::string_view bytes;
  while (!text.empty()) {
    Next(&text, &bytes);
    const int wide = DisplayWidth(bytes);
    if (used + wide > width && !line.empty()) {
      const bool at_space = space != std::string::npos && bytes != " ";
      std::string rest = at_space ? line.substr(space + 1) : std::string();
      lines.push_back(at_space ? line.substr(0, space) : line);
      line = std::move(rest);
      used = DisplayWidth(line);
      space = std::string::npos;
      if (bytes == " " && line.empty()) continue;
    }
    if (bytes == " ") space = line.size();
    absl::StrAppend(&line, bytes);
    used += wide;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace recount::tools
