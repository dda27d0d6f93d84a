#include "tools/import/rejects.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tools/import/csv_reader.h"

namespace recount::tools {

absl::Status RejectFile::Open(const std::string& path) {
  path_ = path;
  if (path.empty()) return absl::OkStatus();
  out_.open(path, std::ios::binary | std::ios::trunc);
  if (!out_) return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  return absl::OkStatus();
}

void RejectFile::Add(const Reject& reject) {
  if (!out_.is_open()) return;
  if (header_is_due_) {
    out_ << "kind,row,step,reason,message";
    for (const std::string& column : columns_) out_ << ',' << CsvCell(column);
    out_ << "\r\n";
    header_is_due_ = false;
  }
  out_ << CsvCell(reject.kind) << ',' << reject.row << ',' << CsvCell(reject.step) << ',' << CsvCell(reject.reason) << ','
       << CsvCell(reject.message);
  for (const std::string& cell : reject.cells) out_ << ',' << CsvCell(cell);
  out_ << "\r\n";
}

absl::Status RejectFile::Close() {
  if (!out_.is_open()) return absl::OkStatus();
  out_.close();
  return out_ ? absl::OkStatus() : absl::DataLossError(absl::StrCat(path_, ": could not be written"));
}

}  // namespace recount::tools
