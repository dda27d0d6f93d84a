// CSV, from memory and from files, plain or gzip.
#include "tools/import/csv_reader.h"

#include <vector>

#include "tests/fuzz/fuzzing.h"

namespace recount::tools {
namespace {

struct Row {
  uint64_t line = 0;
  std::vector<std::string> cells;
  std::string error;
  bool operator==(const Row&) const = default;
};
struct Rows {
  std::vector<Row> rows;
  absl::Status status;
};

Rows ReadAll(std::unique_ptr<ByteSource> source, char delimiter) {
  CsvReader reader(std::move(source), delimiter);
  Rows all;
  CsvRow row;
  while (true) {
    absl::StatusOr<bool> more = reader.Next(&row);
    if (!more.ok()) all.status = more.status();
    if (!more.ok() || !*more) return all;
    MUST(all.rows.empty() || row.line > all.rows.back().line);
    MUST(!row.cells.empty());
    all.rows.push_back({row.line, std::vector<std::string>(row.cells.begin(), row.cells.end()), row.error});
  }
}

// Sound rows, written as RFC 4180 has it, are read as the same cells.
void CheckWriting(const Rows& read) {
  std::string text;
  std::vector<std::vector<std::string>> expected;
  for (const Row& row : read.rows) {
    if (!row.error.empty()) continue;
    expected.push_back(row.cells);
    for (size_t i = 0; i < row.cells.size(); ++i) {
      if (i > 0) text += ',';
      text += row.cells.size() == 1 && row.cells[0].empty() ? "\"\"" : CsvCell(row.cells[i]);
    }
    text += '\n';
  }
  const Rows again = ReadAll(TextSource("\xef\xbb\xbf" + text), ',');
  MUST(again.status.ok() && again.rows.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) MUST(again.rows[i].error.empty() && again.rows[i].cells == expected[i]);
}

}  // namespace
}  // namespace recount::tools

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::tools;
  FuzzedDataProvider choices(data, size);
  const char delimiter = choices.PickValueInArray({',', ',', ';', '\t', '|'});
  const size_t chunk = choices.ConsumeIntegralInRange<size_t>(1, 16);
  const std::string text = choices.ConsumeRemainingBytesAsString();
  const Rows read = ReadAll(TextSource(text), delimiter);
  // Where the source is cut makes no difference.
  const Rows in_pieces = ReadAll(TextSource(text, chunk), delimiter);
  MUST(in_pieces.rows == read.rows && in_pieces.status == read.status);
  CheckWriting(read);
  if (chunk != 1) return 0;
  auto file = OpenFile(recount::fuzz::ScratchFolder::Put("rows.csv", text));
  MUST(file.ok());
  const Rows from_file = ReadAll(*std::move(file), delimiter);
  MUST(text.substr(0, 2) == "\x1f\x8b" || (from_file.rows == read.rows && from_file.status == read.status));
  return 0;
}
