// Page tokens, pins and cell ids of reports.
#include "projections/engine/tokens.h"

#include "domain/refusal.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::projections {
namespace {

constexpr char kKey[] = "the key of this tenant, 32 bytes";
constexpr char kOthers[] = "the key of another tenant: 32 B.";

bool Opens(absl::string_view text, absl::string_view key) {
  const auto token = DecodeToken(text, "page_token", key);
  MUST(token.ok() || domain::ReasonOf(token.status()) == v1::TOKEN_INVALID);
  return token.ok();
}

}  // namespace
}  // namespace recount::projections

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  using namespace recount::projections;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the damage
  const std::string bytes = choices.ConsumeRemainingBytesAsString();
  MUST(!Opens(bytes, kKey));  // nobody guesses a signature
  storage::v1::ReportToken token;
  if (!token.ParseFromString(bytes)) return 0;
  const std::string text = EncodeToken(token, kKey);
  const auto opened = DecodeToken(text, "page_token", kKey);
  MUST(opened.ok());
  token.set_engine_version(kEngineVersion);
  MUST(Bytes(*opened) == Bytes(token));
  MUST(!Opens(text, kOthers));
  // Another letter makes it another token, or (in the bits that base64 leaves over) none at all.
  FuzzedDataProvider damage(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  const std::string damaged = fuzz::WithOneBitTurned(text, damage);
  if (const auto other = DecodeToken(damaged, "page_token", kKey); other.ok()) MUST(Bytes(*other) == Bytes(token));
  return 0;
}
