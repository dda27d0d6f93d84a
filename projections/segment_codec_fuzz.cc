// Kept parts of tables and dictionaries (segment_codec.h).
#include "projections/segment_codec.h"

#include "tests/fuzz/fuzzing.h"

namespace recount::projections {
namespace {

constexpr size_t kColumns = 2;

// One record, so that any bytes are rows.
std::unique_ptr<IntervalTable> TableOf(const Segment& segment, const std::vector<uint64_t>& spans, Dictionary* dictionary) {
  auto table = std::make_unique<IntervalTable>(
      "thing", std::vector<ColumnDef>{{"a", ColumnKind::kInteger, "", ""}, {"b", ColumnKind::kDay, "", ""}}, dictionary);
  Segment of_record = segment;
  of_record.columns[0].assign(segment.columns[0].size(), dictionary->Intern("things/1"));
  table->Restore(of_record.columns, spans);
  return table;
}

// Columns without values have them all the same.
void Fill(size_t rows, Segment* segment) {
  for (auto& column : segment->columns) column.resize(rows, kNull);
}

void CheckSegment(absl::string_view bytes, size_t rows) {
  Segment segment;
  if (!DecodeSegment(bytes, rows, kColumns, &segment)) return;
  MUST(segment.columns.size() == 5 + kColumns);
  for (auto& column : segment.columns) MUST(column.size() == rows || (column.empty() && &column - segment.columns.data() >= 5));
  Fill(rows, &segment);
  segment.columns[0].assign(rows, 0);
  Dictionary dictionary;
  const auto table = TableOf(segment, std::vector<uint64_t>(rows, 0), &dictionary);
  Segment again;
  MUST(DecodeSegment(EncodeSegment(*table, 0, rows), rows, kColumns, &again));
  Fill(rows, &again);
  MUST(again.columns == segment.columns);
}

void CheckUntils(absl::string_view bytes) {
  std::vector<uint64_t> spans, again;
  if (!DecodeUntils(bytes, &spans)) return;
  for (uint64_t& span : spans) span %= uint64_t{1} << 40;
  Segment segment;
  segment.columns.assign(5 + kColumns, std::vector<int64_t>(spans.size(), 1));
  Dictionary dictionary;
  const auto table = TableOf(segment, spans, &dictionary);
  MUST(DecodeUntils(EncodeUntils(*table, 0, spans.size()), &again) && again == spans);
}

void CheckTexts(absl::string_view bytes) {
  Dictionary dictionary, again;
  if (!DecodeTexts(bytes, &dictionary) || !dictionary.IndexKept()) return;
  MUST(DecodeTexts(EncodeTexts(dictionary, 0, dictionary.size()), &again) && again.size() == dictionary.size());
  MUST(again.IndexKept());
  for (size_t code = 0; code < dictionary.size(); ++code) {
    MUST(again.Text(static_cast<int64_t>(code)) == dictionary.Text(static_cast<int64_t>(code)));
    MUST(dictionary.Find(dictionary.Text(static_cast<int64_t>(code))) == static_cast<int64_t>(code));
  }
}

void CheckSeal(const std::string& sealed, FuzzedDataProvider& choices) {
  absl::string_view whole = sealed;
  MUST(Unseal(&whole) && whole.size() + 8 == sealed.size());
  const std::string damaged = fuzz::WithOneBitTurned(sealed, choices);
  absl::string_view view = damaged;
  MUST(!Unseal(&view));
}

}  // namespace
}  // namespace recount::projections

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::projections;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the damage
  const size_t rows = choices.ConsumeIntegralInRange<size_t>(0, 40);
  const int part = choices.ConsumeIntegralInRange(0, 2);
  std::string bytes = choices.ConsumeRemainingBytesAsString();
  Seal(&bytes);
  switch (part) {
    case 0:
      CheckSegment(bytes, rows);
      break;
    case 1:
      CheckUntils(bytes);
      break;
    case 2:
      CheckTexts(bytes);
      break;
  }
  FuzzedDataProvider damage(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  CheckSeal(bytes, damage);
  return 0;
}
