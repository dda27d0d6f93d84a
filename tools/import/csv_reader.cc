#include "tools/import/csv_reader.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace recount::tools {

CsvReader::CsvReader(std::unique_ptr<ByteSource> source, char delimiter)
    : source_(std::move(source)), delimiter_(delimiter), buffer_(1 << 18) {}

bool CsvReader::Fill() {
  if (!status_.ok()) return false;
  absl::StatusOr<size_t> got = source_->Read(buffer_.data(), buffer_.size());
  at_ = filled_ = 0;
  if (!got.ok()) {
    status_ = got.status();
    return false;
  }
  filled_ = *got;
  return filled_ > 0;
}

absl::StatusOr<bool> CsvReader::Next(CsvRow* row) {
  if (!begun_) {
    begun_ = true;
    std::string head;
    while (head.size() < 3 && !AtEnd()) head.push_back(buffer_[at_++]);
    if (!status_.ok()) return status_;
    if (head.substr(0, 2) == "\xff\xfe" || head.substr(0, 2) == "\xfe\xff") {
      return absl::InvalidArgumentError("the file is UTF-16; save it as UTF-8");
    }
    if (head != "\xef\xbb\xbf") {
      // What was read ahead goes back in front; a short first chunk is not worth a ring buffer.
      std::vector<char> rest(buffer_.begin() + at_, buffer_.begin() + filled_);
      buffer_.resize(std::max(buffer_.size(), head.size() + rest.size()));
      std::memcpy(buffer_.data(), head.data(), head.size());
      if (!rest.empty()) std::memcpy(buffer_.data() + head.size(), rest.data(), rest.size());
      at_ = 0;
      filled_ = head.size() + rest.size();
    }
  }
  while (true) {
    text_.clear();
    ends_.clear();
    error_.clear();
    quoted_ = bare_return_ = false;
    if (AtEnd()) return status_.ok() ? absl::StatusOr<bool>(false) : status_;
    row->line = line_;
    at_line_begin_ = false;
    Ending ending = Ending::kCell;
    while (ending == Ending::kCell) {
      ending = ReadCell();
      ends_.push_back(text_.size());
    }
    if (!status_.ok()) return status_;
    const bool is_empty_line = error_.empty() && ends_.size() == 1 && text_.empty() && !quoted_;
    if (is_empty_line) continue;
    CutCells(row);
    row->may_be_several = bare_return_ || line_ - row->line > (at_line_begin_ ? 1 : 0);
    return true;
  }
}

void CsvReader::CutCells(CsvRow* row) {
  row->cells.clear();
  row->before_error.clear();
  row->error = error_;
  if (!error_.empty()) {
    row->cells.push_back(text_);
    ends_.pop_back();
  }
  std::vector<absl::string_view>& cells = error_.empty() ? row->cells : row->before_error;
  size_t begin = 0;
  for (size_t end : ends_) {
    cells.push_back(absl::string_view(text_.data() + begin, end - begin));
    begin = end;
  }
}

CsvReader::Ending CsvReader::ReadCell() {
  if (AtEnd()) return Ending::kFile;
  if (buffer_[at_] == '"') {
    ++at_;
    return ReadQuoted();
  }
  while (!AtEnd()) {
    size_t end = at_;
    while (end < filled_ && buffer_[end] != delimiter_ && buffer_[end] != '\n' && buffer_[end] != '\r' &&
           buffer_[end] != '"') {
      ++end;
    }
    text_.append(buffer_.data() + at_, end - at_);
    at_ = end;
    if (text_.size() > kMaxRowBytes) {
      Malformed("the row is longer than 16 MiB");
      return Ending::kRow;
    }
    if (end == filled_) continue;
    if (buffer_[end] == '"') {
      Malformed(absl::StrCat("a quote within a cell that is not quoted, in line ", line_,
                             "; quote the cell and double its quotes"));
      return Ending::kRow;
    }
    return AfterCell();
  }
  return Ending::kFile;
}

CsvReader::Ending CsvReader::ReadQuoted() {
  quoted_ = true;
  const uint64_t opened = line_;
  while (!AtEnd()) {
    size_t end = at_;
    while (end < filled_ && buffer_[end] != '"') {
      if (buffer_[end] == '\n') ++line_;
      ++end;
    }
    text_.append(buffer_.data() + at_, end - at_);
    at_ = end;
    if (text_.size() > kMaxRowBytes) {
      Malformed(absl::StrCat("the row is longer than 16 MiB: is the quote opened in line ", opened, " never closed?"));
      return Ending::kRow;
    }
    if (end == filled_) continue;
    ++at_;
    if (!AtEnd() && buffer_[at_] == '"') {
      text_.push_back('"');
      ++at_;
      continue;
    }
    return AfterCell();
  }
  if (status_.ok()) error_ = absl::StrCat("the quote opened in line ", opened, " is never closed");
  return Ending::kFile;
}

// Stands after the text of a cell: at a delimiter, a line end or the end of the file, or else the row is malformed.
CsvReader::Ending CsvReader::AfterCell() {
  if (AtEnd()) return Ending::kFile;
  const char c = buffer_[at_];
  if (c == delimiter_) {
    ++at_;
    return Ending::kCell;
  }
  if (c == '\r') {
    ++at_;
    if (AtEnd() || buffer_[at_] != '\n') {
      bare_return_ = true;
      Malformed(absl::StrCat("a carriage return without a line feed in line ", line_));
      return Ending::kRow;
    }
  }
  if (buffer_[at_] == '\n') {
    ++at_;
    ++line_;
    at_line_begin_ = true;
    return Ending::kRow;
  }
  Malformed(absl::StrCat("text after a closing quote in line ", line_));
  return Ending::kRow;
}

void CsvReader::Malformed(std::string reason) {
  error_ = std::move(reason);
  SkipToLineEnd();
}

void CsvReader::SkipToLineEnd() {
  while (!AtEnd()) {
    const char* begin = buffer_.data() + at_;
    const char* end = static_cast<const char*>(std::memchr(begin, '\n', filled_ - at_));
    const size_t n = end == nullptr ? filled_ - at_ : static_cast<size_t>(end - begin);
    if (text_.size() + n <= kMaxRowBytes) text_.append(begin, n);
    at_ += n;
    if (end != nullptr) {
      ++at_;
      ++line_;
      at_line_begin_ = true;
      return;
    }
  }
}

std::string CsvCell(absl::string_view text) {
  const bool has_edge_space = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!has_edge_space && text.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace recount::tools
