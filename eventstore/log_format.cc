#include "eventstore/log_format.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "eventstore/rocksdb_checked_open.h"

namespace recount::eventstore {
namespace {

constexpr char kTitle[] = "recount event log";
constexpr size_t kIdSize = 16;

}  // namespace

absl::StatusOr<LogFormat> ParseLogFormat(absl::string_view text, absl::string_view path) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  absl::string_view version_text = lines.size() > 1 ? lines[1] : "";
  int version = 0;
  if (lines[0] != kTitle || !absl::ConsumePrefix(&version_text, "format ") || !absl::SimpleAtoi(version_text, &version) ||
      version < 1 || absl::StrCat(version) != version_text) {
    return RefuseToOpen(path, "it does not say the format of a log");
  }
  if (version > kLogFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": this log has format ", version, ", and this program knows formats up to ",
                     kLogFormatVersion, ". Use a newer version of the program."));
  }
  absl::string_view id_text = lines.size() > 2 ? lines[2] : "";
  if (lines.size() != 4 || !lines[3].empty() || !absl::ConsumePrefix(&id_text, "id ") ||
      id_text.size() != 2 * kIdSize || id_text.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
    return RefuseToOpen(path, "it does not name the log");
  }
  return LogFormat{version, absl::HexStringToBytes(id_text)};
}

std::string LogFormatText(absl::string_view log_id) {
  return absl::StrCat(kTitle, "\nformat ", kLogFormatVersion, "\nid ", absl::BytesToHexString(log_id), "\n");
}

}  // namespace recount::eventstore
