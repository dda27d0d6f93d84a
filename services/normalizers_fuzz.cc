// Phones, e-mails and names as people write them.
#include "services/normalizers.h"

#include "absl/strings/ascii.h"
#include "recount/v1/common.pb.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::services {
namespace {

bool IsUtf8(const std::string& text) {
  v1::Ref ref, again;
  ref.set_name(text);
  return again.ParseFromString(ref.SerializePartialAsString());
}

}  // namespace
}  // namespace recount::services

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::services;
  FuzzedDataProvider choices(data, size);
  const std::string region = choices.PickValueInArray({"", "DE", "IL", "US", "ZZ", "xx"});
  const std::string text = choices.ConsumeRemainingBytesAsString();
  if (!IsUtf8(text)) return 0;  // refused before (domain/limits.cc)
  // What is matched by must be stored, and a form of a form is that form.
  const std::string phone = E164(text, region);
  if (!phone.empty()) {
    MUST(phone[0] == '+' && phone.size() >= 3 && phone.size() <= 21);
    for (const char c : phone.substr(1)) MUST(absl::ascii_isdigit(static_cast<unsigned char>(c)));
  }
  const std::string email = FoldEmail(text);
  MUST(IsUtf8(email) && (email.empty() || email.find('@') != std::string::npos));
  MUST(FoldEmail(email) == email);
  const std::string name = FoldName(text);
  MUST(IsUtf8(name));
  MUST(FoldName(name) == name);
  return 0;
}
