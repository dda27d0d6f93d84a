// Groups of an answer: the different values of its dimensions, numbered from 0 in order of first sight.
#ifndef RECOUNT_PROJECTIONS_ENGINE_GROUP_KEYS_H_
#define RECOUNT_PROJECTIONS_ENGINE_GROUP_KEYS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "projections/engine/query.h"
#include "projections/engine/shape.h"

namespace recount::projections {

// Groups of the rows of one selection.
class RowGroups {
 public:
  // One group, or several where a dimension is a set of texts.
  absl::Span<const int64_t> Of(size_t row) const;
  // Never several.
  bool single() const { return starts_.empty(); }

 private:
  friend class GroupKeys;
  std::vector<int64_t> groups_;
  std::vector<uint32_t> starts_;  // empty: one group a row
};

// Groups of one answer: each costs the memory of a tally for every measure.
inline constexpr size_t kMostGroups = 250'000;
// How often the records of one answer may be counted, in groups of sets of texts, beyond once each.
inline constexpr size_t kMostTimesCounted = 10'000'000;

class GroupKeys {
 public:
  static constexpr int64_t kTotal = -1;  // over all groups

  explicit GroupKeys(const Query& query) : query_(query) {}

  // Values of the query's dimensions for each row. The same key in several selections (worlds) is the same group. `fits`: the rows
  // that the answer is about; nullptr: all.
  RowGroups Group(const Selection& selection, const Values* fits = nullptr);
  // The same of facts of another subject: the dimensions as they are said there.
  RowGroups Group(const Selection& selection, const std::vector<Expr>& dimensions, const Values* fits = nullptr);
  bool grouped() const { return !query_.group_by.empty(); }
  // A record may count in several groups, the total counts it once (decisions.md 22). Known after the first Group().
  bool is_set(size_t dimension) const { return types_[dimension] == Type::kTextSet; }
  bool has_sets() const { return std::find(types_.begin(), types_.end(), Type::kTextSet) != types_.end(); }

  // Number of a key as it stands in a cell's address; -2: no row has it.
  int64_t Find(absl::Span<const Scalar> key) const;
  // The same before the rows are counted: the number that it will have.
  int64_t Expect(absl::Span<const Scalar> key);
  // Of one that has grouped something.
  void TakeTypes(const GroupKeys& other) {
    if (types_.empty()) types_ = other.types_;
  }
  // The number here of a group of another one for the same query, with what that has seen of it.
  int64_t Take(const GroupKeys& other, int64_t group);
  // Of a movement: whether a dimension looks at one side of a change.
  bool has_sides() const;
  // The group of a key without the values of those dimensions.
  int64_t WithoutSides(int64_t group);
  // That group with their values before and after a change; negative: none.
  int64_t Between(int64_t group, int64_t from, int64_t to);
  // Cells of the dimensions; of the total: no values.
  std::vector<Scalar> Cells(int64_t group) const;
  // All groups by the values of their keys (texts by their letters), those without a value last; then, if there are
  // dimensions, the total. Without dimensions: group 0 alone.
  std::vector<int64_t> InOrder() const;
  // Columns of the dimensions; types are known after the first Group().
  std::vector<AnswerColumn> Columns() const;

 private:
  using Key = std::vector<int64_t>;
  static Key NumbersOf(absl::Span<const Scalar> key);
  int64_t Intern(const Key& key);
  using Evaluated = std::vector<std::shared_ptr<const Values>>;
  void AddRow(const Evaluated& values, size_t row, RowGroups* groups);
  // The groups of rows without sets of texts.
  void AddRows(const Evaluated& values, size_t rows, RowGroups* groups);
  void HaltIfTooMany(size_t row, const RowGroups& groups);
  // Keeps of which pipeline the stages of the groups are. `pipelines`: by dimension, nullptr where it is no stage.
  void SeePipelines(const Evaluated& pipelines, const RowGroups& groups, size_t rows, const Values* fits);

  // Of one group one more row's; what differs from the rows before is of no single pipeline.
  void SeePipelinesOf(int64_t group, absl::Span<const int64_t> pipelines);

  const Query& query_;
  std::vector<Type> types_;
  std::map<Key, int64_t> numbers_;
  std::vector<Key> keys_;
  std::vector<Key> pipelines_;  // by group, of each dimension: Scalar::pipeline; empty: none was seen
};

// A column from what the definition says of it.
AnswerColumn KeyColumn(const Query& query, const v1::Dimension& dimension, Type type);
// A measure of the definition by its id; nullptr: it has none.
const v1::Measure* FindMeasure(const v1::ReportDefinition& definition, absl::string_view id);
AnswerColumn MeasureColumn(const Query& query, const v1::Measure& measure, Type type);
// The text of a parameter, given or by default; empty: none.
std::string ArgumentOf(const Query& query, absl::string_view id);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_GROUP_KEYS_H_
