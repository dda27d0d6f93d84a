// A strict reader of CSV as RFC 4180 has it, a stream at a time: cells may be quoted, a quote in a quoted cell is doubled,
// quoted cells may hold line ends. Lines end by LF or CRLF; a UTF-8 byte order mark is skipped. What is not so is one malformed
// row with a reason, after which reading goes on at the next line: no row is guessed at and none is dropped silently.
#ifndef RECOUNT_TOOLS_IMPORT_CSV_READER_H_
#define RECOUNT_TOOLS_IMPORT_CSV_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/import/byte_source.h"

namespace recount::tools {

struct CsvRow {
  uint64_t line = 0;                      // line of the file on which the row begins, from 1
  std::vector<absl::string_view> cells;   // valid until the next row is read
  std::string error;                      // not empty: the row is malformed, its text is the only cell
  std::vector<absl::string_view> before_error;  // malformed: the cells that were read in full before that
  bool may_be_several = false;            // it covers several lines (or holds a bare carriage return): a malformed one may hide rows
};

class CsvReader {
 public:
  // A row may have so many bytes; longer ones are malformed.
  static constexpr size_t kMaxRowBytes = 16 << 20;

  explicit CsvReader(std::unique_ptr<ByteSource> source, char delimiter = ',');

  // False at the end. Empty lines are skipped (a quoted empty cell is a row). An error is the file's, and final.
  absl::StatusOr<bool> Next(CsvRow* row);

 private:
  enum class Ending { kCell, kRow, kFile };

  bool Fill();
  bool AtEnd() { return at_ == filled_ && !Fill(); }
  Ending ReadCell();
  Ending ReadQuoted();
  Ending AfterCell();
  void Malformed(std::string reason);
  void SkipToLineEnd();
  void CutCells(CsvRow* row);

  std::unique_ptr<ByteSource> source_;
  char delimiter_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t filled_ = 0;
  bool begun_ = false;
  absl::Status status_;
  uint64_t line_ = 1;
  std::string text_;          // of all cells of the row
  std::vector<size_t> ends_;  // of each cell in text_
  bool quoted_ = false;       // the row has a quoted cell
  bool bare_return_ = false;  // it has a carriage return without a line feed
  bool at_line_begin_ = true; // a line feed was read last
  std::string error_;
};

// One cell as RFC 4180 wants it written: quoted only if it must be.
std::string CsvCell(absl::string_view text);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_CSV_READER_H_
