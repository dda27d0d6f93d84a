// A value of a mapping, made ready for a file: columns found, zones loaded, tables at hand. Evaluated for each row.
#ifndef RECOUNT_TOOLS_IMPORT_VALUE_PLAN_H_
#define RECOUNT_TOOLS_IMPORT_VALUE_PLAN_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "recount/tools/v1/import_mapping.pb.h"
#include "tools/import/field_path.h"
#include "tools/import/mapping.h"
#include "tools/import/table.h"

namespace recount::tools {

// What a value may refer to.
struct PlanScope {
  const Columns* columns = nullptr;
  const std::map<std::string, std::unique_ptr<Table>>* tables = nullptr;
  const v1::FileMapping* file = nullptr;
  std::string source;  // of the mapping
};

// A row as values see it.
struct RowView {
  const std::vector<absl::string_view>* cells = nullptr;
  uint64_t number = 0;         // in the file, from 1
  uint64_t number_in_key = 0;  // from 1
  bool may_not_count = false;  // it gives no new `ordinal`
};

class ValuePlan {
 public:
  static absl::StatusOr<ValuePlan> Make(const v1::Value& value, const PlanScope& scope, const Place& place);

  // Replaces `out` by the values; none: no value. An error says what is wrong with the row.
  absl::Status Evaluate(const RowView& row, std::vector<std::string>* out);
  // The only value, empty if there is none; several are an error.
  absl::StatusOr<std::string> EvaluateOne(const RowView& row);
  // How the values go into a field of this row.
  absl::StatusOr<Conversion*> How(const RowView& row);

  // So many of a row's first columns hold all that the value is taken from.
  size_t columns_needed() const;
  // For messages: `column "origin"`.
  const std::string& what() const { return what_; }
  bool has_currency() const { return currency_ != nullptr; }
  v1::CustomType type() const { return how_.type; }

 private:
  struct Part {       // of a template
    std::string text;
    int column = -1;  // after the text
  };

  absl::Status FindSource(const v1::Value& value, const PlanScope& scope, const Place& place);
  absl::Status FindTemplate(absl::string_view text, const PlanScope& scope, const Place& place);
  absl::Status FindLookup(const v1::Value& value, const PlanScope& scope, const Place& place);
  absl::Status FindConversion(const v1::Value& value, const PlanScope& scope, const Place& place);
  absl::string_view Cell(const RowView& row, int column) const;
  std::string Take(const RowView& row) const;
  absl::Status Change(const RowView& row, std::string* text);

  v1::Value proto_;
  std::string what_;
  int column_ = -1;
  std::vector<Part> parts_;
  absl::flat_hash_map<std::string, std::string> rename_;
  std::set<std::string, std::less<>> empty_texts_;
  const Table* table_ = nullptr;
  int table_column_ = -1;
  absl::flat_hash_map<std::string, uint64_t> ordinals_;
  Conversion how_;
  std::shared_ptr<ValuePlan> currency_;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_VALUE_PLAN_H_
