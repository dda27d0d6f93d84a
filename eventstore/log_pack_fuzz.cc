// Packs of old commits (log_pack.h).
#include "eventstore/log_pack.h"

#include <xxhash.h>

#include "eventstore/big_endian.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

constexpr TenantNumber kTenant = 7;
constexpr uint64_t kFirst = 101;

bool Opens(const std::string& bytes, PackView* pack) {
  const absl::Status status = pack->Open(kTenant, kFirst, bytes);
  MUST(status.ok() || absl::IsDataLoss(status));
  return status.ok();
}

// The pack that has the same commits.
std::string BuiltAgain(const PackView& pack) {
  PackBuilder builder(pack.place());
  for (size_t i = 0; i < pack.commits(); ++i) {
    StoredCommit commit;
    commit.first_position = pack.FirstPositionOf(i);
    commit.last_position = i + 1 < pack.commits() ? pack.FirstPositionOf(i + 1) - 1 : pack.last_position();
    const CommitParts parts = pack.PartsOf(i);
    commit.hash = parts.hash;
    commit.bytes = std::string(parts.record_bytes);
    builder.Add(commit);
  }
  return builder.Finish();
}

void CheckOpened(const PackView& pack, const std::string& bytes) {
  MUST(BuiltAgain(pack) == bytes);
  uint64_t next = pack.first_position();
  for (size_t i = 0; i < pack.commits(); ++i) {
    MUST(pack.FirstPositionOf(i) == next);
    const uint64_t end = i + 1 < pack.commits() ? pack.FirstPositionOf(i + 1) : pack.last_position() + 1;
    MUST(end > next);
    MUST(pack.Find(next) == i && pack.Find(end - 1) == i);
    MUST(pack.HashBefore(i) == (i == 0 ? pack.place().previous_hash : pack.PartsOf(i - 1).hash));
    next = end;
  }
  MUST(pack.Holds(pack.first_position()) && pack.Holds(pack.last_position()));
  MUST(!pack.Holds(pack.first_position() - 1) && !pack.Holds(pack.last_position() + 1));
}

// Of a body, with the head that its place asks for: else a checksum that fits would hardly ever be met.
std::string WithHead(absl::string_view rest) {
  std::string body(1, '\1');
  AppendU32(kTenant, &body);
  AppendU64(kFirst, &body);
  body.append(rest.data(), rest.size());
  std::string pack;
  AppendU64(XXH3_64bits(body.data(), body.size()), &pack);
  return pack + body;
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the damage
  const std::string rest = choices.ConsumeRemainingBytesAsString();
  PackView pack;
  Opens(rest, &pack);
  const std::string bytes = WithHead(rest);
  if (!Opens(bytes, &pack)) return 0;
  CheckOpened(pack, bytes);
  FuzzedDataProvider damage(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  PackView other;
  MUST(!Opens(recount::fuzz::WithOneBitTurned(bytes, damage), &other));
  MUST(!Opens(bytes.substr(0, bytes.size() - 1), &other));
  MUST(!other.Open(kTenant + 1, kFirst, bytes).ok());
  MUST(!other.Open(kTenant, kFirst + 1, bytes).ok());
  return 0;
}
