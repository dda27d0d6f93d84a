// The master key's file, and keys wrapped under it.
#include "eventstore/master_key.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "eventstore/cryptography.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

absl::StatusOr<MasterKey> Load(absl::string_view text) {
  return MasterKey::Load(fuzz::ScratchFolder::Put("master.key", text), /*make_if_missing=*/false);
}

// A wrapped key opens under its master key at its place, and nothing else does.
void CheckWrapping(const MasterKey& master, FuzzedDataProvider& choices) {
  DataKey key;
  key.fill(choices.ConsumeIntegral<uint8_t>());
  const std::string place = choices.ConsumeRandomLengthString(20);
  const std::string wrapped = master.Wrap(place, key);
  auto opened = master.Unwrap(place, wrapped);
  MUST(opened.ok() && *opened == key);
  MUST(!master.Unwrap(place + "x", wrapped).ok());
  MUST(!master.Unwrap(place, fuzz::WithOneBitTurned(wrapped, choices)).ok());
  MUST(!master.Unwrap(place, wrapped.substr(1)).ok());
  static const MasterKey other = *Load(std::string(63, '0') + "1\n");
  static const std::string others = other.Wrap("", DataKey{});
  MUST(master.Unwrap("", others).ok() == other.Unwrap(place, wrapped).ok());
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  static const bool started = StartCryptography().ok();
  MUST(started);
  FuzzedDataProvider choices(data, size);
  std::string text = choices.ConsumeRandomLengthString(70);
  if (choices.ConsumeBool()) {  // else hardly ever a key
    text.resize(32, '\0');
    text = absl::BytesToHexString(text) + choices.PickValueInArray({"", "\n", "\r\n", "0", " x"});
  }
  auto master = Load(text);
  const std::string digits(absl::StripAsciiWhitespace(text));
  const bool is_key = digits.size() == 64 && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  MUST(master.ok() == is_key);
  if (master.ok()) CheckWrapping(*master, choices);
  const std::string wrapped = choices.ConsumeRemainingBytesAsString();
  if (master.ok()) MUST(!master->Unwrap("place", wrapped).ok());
  return 0;
}
