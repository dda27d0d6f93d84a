// The file HWM.
#include "eventstore/high_water_mark.h"

#include "absl/strings/match.h"
#include "eventstore/sha256.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

constexpr char kLogId[] = "sixteen bytes id", kOtherLogId[] = "another log's id";
constexpr size_t kSlotSize = 512;
constexpr size_t kChecksumSize = 32;

absl::StatusOr<std::unique_ptr<HighWaterMarkFile>> Open(absl::string_view content, absl::string_view log_id = kLogId) {
  return HighWaterMarkFile::Open(fuzz::ScratchFolder::Put("HWM", content), log_id);
}

bool AreEqual(const HighWaterMark& a, const HighWaterMark& b) {
  return a.sequence == b.sequence && a.tenant == b.tenant && a.first_position == b.first_position &&
         a.last_position == b.last_position && a.hash == b.hash;
}

// A slot of any bytes with a checksum that fits.
std::string Slot(FuzzedDataProvider& choices) {
  std::string slot = "RCNTHWM1";
  if (choices.ConsumeBool()) slot += kLogId;
  slot += choices.ConsumeBytesAsString(60);
  slot.resize(kSlotSize - kChecksumSize, '\0');
  const auto checksum = Sha256({slot});
  return slot.append(checksum.begin(), checksum.end());
}

std::string Content() {
  std::ifstream file(fuzz::ScratchFolder::Path() + "/HWM", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What is written next is what is read, and the mark before it is still there if that write was cut.
void CheckWriting(HighWaterMarkFile& file, const HighWaterMark& before, FuzzedDataProvider& choices) {
  HighWaterMark next = before;
  next.sequence = before.sequence + 1;
  if (next.sequence == 0) return;
  next.tenant = choices.ConsumeIntegral<uint32_t>();
  next.first_position = choices.ConsumeIntegral<uint64_t>();
  next.hash.fill(choices.ConsumeIntegral<uint8_t>());
  MUST(file.Write(next).ok());
  const std::string written = Content();
  auto again = Open(written);
  MUST(again.ok() && AreEqual((*again)->mark(), next));
  auto damaged = Open(fuzz::WithOneBitTurned(written, choices));
  MUST(damaged.ok());
  MUST(AreEqual((*damaged)->mark(), next) || AreEqual((*damaged)->mark(), before));
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  FuzzedDataProvider choices(data, size);
  const std::string content =
      choices.ConsumeBool() ? Slot(choices) + Slot(choices) : choices.ConsumeRandomLengthString(2 * kSlotSize);
  auto file = Open(content);
  MUST(file.ok() || absl::IsDataLoss(file.status()));
  if (!file.ok()) return 0;
  const HighWaterMark mark = (*file)->mark();
  // A file of one slot of ours and one of another log would be the other's too.
  if (!absl::StrContains(content, kOtherLogId)) MUST(absl::IsDataLoss(Open(content, kOtherLogId).status()));
  file = Open(content);
  MUST(file.ok());
  if (content.size() == 2 * kSlotSize) CheckWriting(**file, mark, choices);
  return 0;
}
