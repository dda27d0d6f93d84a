#include "tools/cli/text_table.h"

#include <algorithm>

#include "tools/cli/text_width.h"

namespace recount::tools {

void TextTable::AddColumn(std::string header, Align align) {
  std::string safe = ForTerminal(header);
  const int width = DisplayWidth(safe);
  columns_.push_back({std::move(safe), align, width});
}

void TextTable::AddRow(const std::vector<std::string>& cells, bool is_total) {
  std::vector<std::vector<std::string>> lines;
  size_t height = 1;
  for (size_t i = 0; i < columns_.size(); ++i) {
    lines.push_back(Wrap(i < cells.size() ? cells[i] : "", kMaxWidth));
    height = std::max(height, lines.back().size());
  }
  for (size_t line = 0; line < height; ++line) {
    Row row{{}, is_total};
    for (size_t i = 0; i < columns_.size(); ++i) {
      row.cells.push_back(line < lines[i].size() ? ForTerminal(lines[i][line]) : std::string());
      columns_[i].width = std::max(columns_[i].width, DisplayWidth(row.cells.back()));
    }
    rows_.push_back(std::move(row));
  }
}

void TextTable::Print(std::ostream& out, const Look& look) const {
  auto line = [&](auto cell_of) {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      if (i > 0) text += "  ";
      // No blanks after the last cell.
      const bool is_last = i + 1 == columns_.size();
      text += columns_[i].align == Align::kRight ? PadLeft(cell, columns_[i].width)
              : is_last                          ? cell
                                                 : PadRight(cell, columns_[i].width);
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  };
  auto rule = [&] {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += "  ";
      for (int n = 0; n < columns_[i].width; ++n) text += "─";
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
  };
  out << look.Bold(line([&](size_t i) -> const std::string& { return columns_[i].header; })) << "\n" << look.Faint(rule()) << "\n";
  bool was_total = false;
  for (const Row& row : rows_) {
    if (row.is_total && !was_total && &row != rows_.data()) out << look.Faint(rule()) << "\n";
    was_total = row.is_total;
    const std::string text = line([&](size_t i) -> const std::string& { return row.cells[i]; });
    out << (row.is_total ? look.Bold(text) : text) << "\n";
  }
}

}  // namespace recount::tools
