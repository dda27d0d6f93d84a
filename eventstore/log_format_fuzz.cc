// The file FORMAT of a log.
#include "eventstore/log_format.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

absl::StatusOr<LogFormat> Read(absl::string_view text) {
  auto format = ParseLogFormat(text, "FORMAT");
  MUST(format.ok() || absl::IsDataLoss(format.status()) || absl::IsFailedPrecondition(format.status()));
  return format;
}

// Of each version there is one text for a log.
void CheckRead(const LogFormat& format, absl::string_view text) {
  MUST(format.version >= 1 && format.version <= kLogFormatVersion && format.log_id.size() == 16);
  const std::string own = LogFormatText(format.log_id);
  MUST(text == absl::StrReplaceAll(own, {{absl::StrCat("format ", kLogFormatVersion), absl::StrCat("format ", format.version)}}));
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  const absl::string_view text = recount::fuzz::View(data, size);
  if (auto format = Read(text); format.ok()) CheckRead(*format, text);

  FuzzedDataProvider choices(data, size);
  std::string id = choices.ConsumeBytesAsString(16);
  id.resize(16, '\0');
  const std::string own = LogFormatText(id);
  auto format = Read(own);
  MUST(format.ok() && format->version == kLogFormatVersion && format->log_id == id);
  const std::string damaged = recount::fuzz::WithOneBitTurned(own, choices);
  if (auto other = Read(damaged); other.ok()) {  // what may be another version or another log's name
    CheckRead(*other, damaged);
    MUST(other->version != kLogFormatVersion || other->log_id != id);
  }
  return 0;
}
