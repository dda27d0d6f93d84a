// A second file to look up in, and the columns of a file.
#ifndef RECOUNT_TOOLS_IMPORT_TABLE_H_
#define RECOUNT_TOOLS_IMPORT_TABLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/import/csv_reader.h"

namespace recount::tools {

// The names of a file's columns, in order.
class Columns {
 public:
  Columns() = default;
  explicit Columns(std::vector<std::string> names) : names_(std::move(names)) {}
  // -1: not there.
  int Find(absl::string_view name) const;
  const std::vector<std::string>& names() const { return names_; }
  std::string List() const;

 private:
  std::vector<std::string> names_;
};

// Reads the header row. Two columns of one name are an error.
absl::StatusOr<Columns> ReadHeader(CsvReader* reader);

// A file in memory, by a key column. Cells are taken without the spaces around them.
class Table {
 public:
  static absl::StatusOr<std::unique_ptr<Table>> Read(CsvReader* reader, absl::string_view key_column);

  const Columns& columns() const { return columns_; }
  // Empty if the key is not there.
  absl::string_view Find(absl::string_view key, int column) const;
  size_t size() const { return rows_.size(); }

 private:
  Columns columns_;
  absl::flat_hash_map<std::string, std::vector<std::string>> rows_;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_TABLE_H_
