#include "absl/strings/str_cat.h"
#include "projections/subject.h"

namespace recount::projections {

int64_t FactColumns::TextSet(const std::vector<std::string>& sorted_texts) {
  std::string joined;
  for (const std::string& text : sorted_texts) absl::StrAppend(&joined, text, "\x1f");
  return Text(joined);
}

int FactColumns::Find(absl::string_view name) const { return table_->ColumnIndex(name); }

int FactColumns::Column(const ColumnDef& column) {
  const int index = table_->ColumnIndex(column.name);
  if (index < 0) return table_->AddColumn(column);
  return table_->columns()[index].kind == column.kind ? index : -1;
}

}  // namespace recount::projections
