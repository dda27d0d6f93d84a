// What a server says of a refusal, as the command line reads it.
#include "tools/cli/failure.h"

#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::tools;
  FuzzedDataProvider choices(data, size);
  const auto code = static_cast<absl::StatusCode>(choices.ConsumeIntegralInRange(1, 16));
  absl::Status status(code, choices.ConsumeRandomLengthString(100));
  status.SetPayload("type.googleapis.com/google.rpc.Status", absl::Cord(choices.ConsumeRemainingBytesAsString()));
  MUST(ExitCodeOf(status) != kExitOk);
  MUST(Describe(status, "localhost:1").find("recount: ") == 0);
  ReasonOf(status);
  return 0;
}
