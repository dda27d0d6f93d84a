// Page tokens of lists, and the look-ups that their filters ask for.
#include "services/signed_token.h"

#include "domain/refusal.h"
#include "services/record_listing.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  using namespace recount::services;
  FuzzedDataProvider choices(data, size);
  const std::string key = TenantTokenKey("the server's key", choices.ConsumeIntegral<uint16_t>());
  const std::string scope = choices.ConsumeRandomLengthString(20);
  const std::string text = choices.ConsumeRandomLengthString(60);
  const std::string token = SignToken(key, scope, text);
  const auto opened = OpenToken(key, scope, token);
  MUST(opened.ok() && *opened == text);
  MUST(!OpenToken(TenantTokenKey("the server's key", 70'000), scope, token).ok());
  MUST(!OpenToken(key, scope + "x", token).ok());
  if (!text.empty()) MUST(!OpenToken(key, scope + text.substr(0, 1), SignToken(key, scope, text.substr(1))).ok());
  if (const auto other = OpenToken(key, scope, fuzz::WithOneBitTurned(token, choices)); other.ok()) MUST(*other == text);
  const std::string bytes = choices.ConsumeRemainingBytesAsString();
  const auto made_up = OpenToken(key, scope, bytes);
  MUST(!made_up.ok() && domain::ReasonOf(made_up.status()) == v1::TOKEN_INVALID);
  if (const auto lookup = ParseLookup(bytes)) {
    MUST(lookup->key == "phone" || lookup->key == "email" || lookup->key == "external");
    MUST(lookup->value.find('"') == std::string::npos);
  }
  return 0;
}
