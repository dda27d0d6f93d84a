// Keys of the log, and keys and values of its index (rocksdb_layout.h).
#include "eventstore/rocksdb_layout.h"

#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

// What is read is written as the same bytes: no two values mean the same, and none is read in part.
void CheckReading(absl::string_view bytes) {
  if (const auto place = ParseLogKey(bytes)) MUST(LogKey(place->tenant, place->first_position) == bytes);
  if (const auto number = DecodeNumber(bytes)) MUST(EncodeNumber(*number) == bytes);
  if (const auto head = DecodeWatermark(bytes)) MUST(EncodeWatermark(*head) == bytes);
  if (const auto request = DecodeRequest(bytes)) MUST(EncodeRequest(*request) == bytes);
}

// What is written is read as it was.
void CheckWriting(FuzzedDataProvider& choices) {
  RememberedRequest request;
  request.first_position = choices.ConsumeIntegral<uint64_t>();
  request.last_position = choices.ConsumeIntegral<uint64_t>();
  request.recorded_micros = choices.ConsumeIntegral<int64_t>();
  request.command_hash = choices.ConsumeRandomLengthString(40);
  request.answer_name = choices.ConsumeRandomLengthString(300);
  const auto again = DecodeRequest(EncodeRequest(request));
  MUST(again.has_value() && again->command_hash == request.command_hash && again->answer_name == request.answer_name);
  MUST(again->first_position == request.first_position && again->last_position == request.last_position);
  MUST(again->recorded_micros == request.recorded_micros);
}

// Keys of two tenants, streams or requests are different keys, and byte order is number order.
void CheckKeys(FuzzedDataProvider& choices) {
  const TenantNumber tenants[] = {choices.ConsumeIntegral<TenantNumber>(), choices.ConsumeIntegral<TenantNumber>()};
  const uint64_t numbers[] = {choices.ConsumeIntegral<uint64_t>(), choices.ConsumeIntegral<uint64_t>()};
  const std::string names[] = {choices.ConsumeRandomLengthString(20), choices.ConsumeRandomLengthString(20)};
  const std::string texts[] = {choices.ConsumeRandomLengthString(20), choices.ConsumeRandomLengthString(20)};
  MUST((LogKey(tenants[0], numbers[0]) < LogKey(tenants[1], numbers[1])) ==
       (std::pair(tenants[0], numbers[0]) < std::pair(tenants[1], numbers[1])));
  MUST((IndexKey(tenants[0], IndexKind::kHead, names[0]) == IndexKey(tenants[1], IndexKind::kHead, names[1])) ==
       (tenants[0] == tenants[1] && names[0] == names[1]));
  MUST((RequestName(names[0], texts[0]) == RequestName(names[1], texts[1])) ==
       (names[0] == names[1] && texts[0] == texts[1]));
  MUST((EventKey(tenants[0], names[0], numbers[0]) == EventKey(tenants[1], names[1], numbers[1])) ==
       (tenants[0] == tenants[1] && names[0] == names[1] && numbers[0] == numbers[1]));
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::eventstore;
  CheckReading(recount::fuzz::View(data, size));
  FuzzedDataProvider choices(data, size);
  CheckWriting(choices);
  CheckKeys(choices);
  return 0;
}
