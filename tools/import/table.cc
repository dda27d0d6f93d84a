#include "tools/import/table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/import/text_values.h"

namespace recount::tools {

int Columns::Find(absl::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

std::string Columns::List() const { return absl::StrJoin(names_, ", "); }

absl::StatusOr<Columns> ReadHeader(CsvReader* reader) {
  CsvRow row;
  absl::StatusOr<bool> got = reader->Next(&row);
  if (!got.ok()) return got.status();
  if (!*got) return absl::InvalidArgumentError("the file is empty; its first row must name the columns");
  if (!row.error.empty()) return absl::InvalidArgumentError(absl::StrCat("the header row: ", row.error));
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (absl::string_view cell : row.cells) {
    names.emplace_back(TrimSpaces(cell));
    if (!seen.insert(names.back()).second) {
      return absl::InvalidArgumentError(absl::StrCat("the column \"", names.back(), "\" is there twice"));
    }
  }
  return Columns(std::move(names));
}

absl::StatusOr<std::unique_ptr<Table>> Table::Read(CsvReader* reader, absl::string_view key_column) {
  absl::StatusOr<Columns> columns = ReadHeader(reader);
  if (!columns.ok()) return columns.status();
  auto table = std::make_unique<Table>();
  table->columns_ = *std::move(columns);
  const int key = table->columns_.Find(key_column);
  if (key < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no column \"", key_column, "\"; there are ", table->columns_.List()));
  }
  CsvRow row;
  while (true) {
    absl::StatusOr<bool> got = reader->Next(&row);
    if (!got.ok()) return got.status();
    if (!*got) return table;
    if (!row.error.empty()) return absl::InvalidArgumentError(absl::StrCat("line ", row.line, ": ", row.error));
    if (row.cells.size() != table->columns_.names().size()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", row.line, ": ", row.cells.size(), " cells, but ",
                                                     table->columns_.names().size(), " columns"));
    }
    std::vector<std::string> cells;
    for (absl::string_view cell : row.cells) cells.emplace_back(TrimSpaces(cell));
    std::string id = cells[key];
    table->rows_.try_emplace(std::move(id), std::move(cells));
  }
}

absl::string_view Table::Find(absl::string_view key, int column) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? absl::string_view() : absl::string_view(found->second[column]);
}

}  // namespace recount::tools
