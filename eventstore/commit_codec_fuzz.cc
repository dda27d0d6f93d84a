// Stored commits as they lie in the log, in packs and in backups: hash and serialized CommitRecord.
#include "eventstore/commit_codec.h"

#include "eventstore/log_verifier.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

constexpr TenantNumber kTenant = 7;

std::string StoredFrom(const ChainHash& previous, absl::string_view record_bytes) {
  const ChainHash hash = NextHash(previous, record_bytes);
  return std::string(hash.begin(), hash.end()).append(record_bytes.data(), record_bytes.size());
}

// Decoded, or damaged: there is no third.
bool Decodes(uint64_t position, absl::string_view stored, const ChainHash& previous, StoredCommit* commit) {
  auto parts = SplitStoredCommit(kTenant, position, stored);
  const absl::Status status = parts.ok() ? DecodeCommit(kTenant, position, *parts, previous, commit) : parts.status();
  MUST(status.ok() || absl::IsDataLoss(status));
  return status.ok();
}

void CheckDecoded(const StoredCommit& commit, absl::string_view stored) {
  MUST(commit.bytes == stored.substr(sizeof(ChainHash)));
  MUST(commit.record.events_size() > 0);
  MUST(commit.last_position - commit.first_position + 1 == static_cast<uint64_t>(commit.record.events_size()));
  storage::v1::CommitRecord again;
  MUST(again.ParseFromString(commit.record.SerializeAsString()));
  MUST(again.SerializeAsString() == commit.record.SerializeAsString());
}

// No damage stays unseen, wherever it is; the verifier sees it, too.
void CheckDamage(uint64_t position, const std::string& stored, const ChainHash& previous, FuzzedDataProvider& choices) {
  StoredCommit commit;
  const std::string damaged = fuzz::WithOneBitTurned(stored, choices);
  MUST(!Decodes(position, damaged, previous, &commit));
  MUST(!Decodes(position, absl::string_view(stored).substr(0, stored.size() - 1), previous, &commit));
  ChainHash other = previous;
  other[0] ^= 1;
  MUST(!Decodes(position, stored, other, &commit));
  MUST(!Decodes(position + 1, stored, previous, &commit));
  if (position != 1 || previous != ChainHash{}) return;
  LogVerifier verifier(kTenant);
  verifier.Check(position, *SplitStoredCommit(kTenant, position, damaged));
  MUST(!verifier.TakeFindings().empty());
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  using namespace recount::eventstore;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the damage
  const std::string bytes = choices.ConsumeRemainingBytesAsString();
  StoredCommit commit;
  Decodes(1, bytes, ChainHash{}, &commit);  // as it comes: the hash hardly ever fits

  // With a hash that fits, so that the record itself is what is looked at.
  storage::v1::CommitRecord record;
  const bool readable = record.ParseFromString(bytes);
  const uint64_t position = readable && record.first_position() != 0 ? record.first_position() : 1;
  ChainHash previous{};
  if (position > 1) previous.fill(9);
  const std::string stored = StoredFrom(previous, bytes);
  if (!Decodes(position, stored, previous, &commit)) return 0;
  CheckDecoded(commit, stored);
  FuzzedDataProvider damage(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  CheckDamage(position, stored, previous, damage);
  return 0;
}
