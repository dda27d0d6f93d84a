// A table for people: columns line up in any script, numbers to the right.
#ifndef RECOUNT_TOOLS_CLI_TEXT_TABLE_H_
#define RECOUNT_TOOLS_CLI_TEXT_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace recount::tools {

// How output looks; set once from the terminal and NO_COLOR.
struct Look {
  bool colours = false;
  std::string Bold(const std::string& text) const { return colours ? "\033[1m" + text + "\033[0m" : text; }
  std::string Faint(const std::string& text) const { return colours ? "\033[2m" + text + "\033[0m" : text; }
};

class TextTable {
 public:
  enum class Align { kLeft, kRight };
  // Longer cells go on in further lines.
  static constexpr int kMaxWidth = 72;

  void AddColumn(std::string header, Align align = Align::kLeft);
  // Cells are made safe for the terminal here.
  void AddRow(const std::vector<std::string>& cells, bool is_total = false);
  bool empty() const { return rows_.empty(); }
  void Print(std::ostream& out, const Look& look) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    bool is_total;
  };
  struct TextColumn {
    std::string header;
    Align align;
    int width;
  };

  std::vector<TextColumn> columns_;
  std::vector<Row> rows_;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_CLI_TEXT_TABLE_H_
