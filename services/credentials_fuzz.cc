// The tokens file, and what a call says of who calls.
#include "services/credentials.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/refusal.h"
#include "recount/v1/common.pb.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::services {
namespace {

// A text that a commit can hold and that gives nothing else away.
bool IsStorable(const std::string& text) {
  v1::Ref ref, again;
  ref.set_name(text);
  return again.ParseFromString(ref.SerializePartialAsString());
}

void CheckCaller(const absl::StatusOr<Caller>& caller) {
  if (!caller.ok()) {
    MUST(domain::ReasonOf(caller.status()) == v1::CREDENTIALS_INVALID);
    return;
  }
  MUST(IsStorable(caller->actor) && IsStorable(caller->tenant_id) && !caller->actor.empty() && caller->actor.size() <= 256);
  MUST(CheckAccess(*caller, Access::kOperate).ok() == (caller->role == Role::kOperator));
  MUST(CheckAccess(*caller, Access::kRead).ok());
}

absl::StatusOr<Caller> Bearer(const Credentials& credentials, absl::string_view token) {
  return credentials.Identify([&](absl::string_view key) {
    return key == "authorization" ? absl::StrCat("Bearer ", token) : std::string();
  });
}

// Whoever has a line is known by its token.
void CheckFile(const std::string& text, FuzzedDataProvider& choices) {
  const auto credentials = Credentials::FromText(text);
  if (!credentials.ok()) {
    MUST(absl::IsInvalidArgument(credentials.status()));
    return;
  }
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty() || words[0][0] == '#') continue;
    const auto caller = Bearer(*credentials, words[0]);
    CheckCaller(caller);
    MUST(caller.ok() && caller->authenticated && caller->tenant_id == words[1] && caller->actor == words[2]);
  }
  CheckCaller(Bearer(*credentials, choices.ConsumeRandomLengthString(40)));
  MUST(!Bearer(*credentials, "").ok());
}

}  // namespace
}  // namespace recount::services

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::services;
  FuzzedDataProvider choices(data, size);
  const std::string tenant = choices.ConsumeRandomLengthString(70);
  const std::string actor = choices.ConsumeRandomLengthString(260);
  const auto insecure = Credentials::Insecure().Identify([&](absl::string_view key) -> std::string {
    return key == "recount-tenant" ? tenant : key == "recount-actor" ? actor : "";
  });
  CheckCaller(insecure);
  if (insecure.ok()) MUST(!insecure->authenticated && insecure->tenant_id == tenant);
  const std::string seed = choices.ConsumeBytesAsString(4);
  FuzzedDataProvider other(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  CheckFile(choices.ConsumeRemainingBytesAsString(), other);
  return 0;
}
