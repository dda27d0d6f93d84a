#include "projections/engine/group_keys.h"

#include <algorithm>
#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/refusal.h"
#include "projections/engine/key_labels.h"

namespace recount::projections {
namespace {

constexpr int64_t kOneGroup[] = {0};

bool IsText(Type type) { return type == Type::kText || type == Type::kRecord || type == Type::kTextSet; }

// kNull is the least number: it comes last all the same.
int Compare(int64_t a, int64_t b, Type type, const Texts& texts) {
  if (a == b) return 0;
  if (a == kNull) return 1;
  if (b == kNull) return -1;
  if (IsText(type)) return texts.Text(a).compare(texts.Text(b));
  return a < b ? -1 : 1;
}

// Numbers the different values; mostly they are few.
class Numbers {
 public:
  uint32_t Of(int64_t value) {
    Known& known = known_[static_cast<uint64_t>(value) % known_.size()];
    if (known.value == value && known.is_known) return known.number;
    known = {value, numbers_.try_emplace(value, static_cast<uint32_t>(size())).first->second, true};
    return known.number;
  }
  size_t size() const { return numbers_.size(); }

 private:
  struct Known {
    int64_t value = 0;
    uint32_t number = 0;
    bool is_known = false;
  };
  absl::flat_hash_map<int64_t, uint32_t> numbers_;
  std::array<Known, 256> known_;  // each at its value's remainder
};

// Of each row its former place, less than `most`, and its value: the place of both. Returns what all places are less than.
size_t NumberAnew(absl::Span<const int64_t> values, size_t most, std::vector<uint32_t>* places) {
  const size_t most_places = std::max<size_t>(4096, 4 * values.size());
  Numbers numbers;
  std::vector<uint32_t> of_values(values.size());
  for (size_t row = 0; row < values.size(); ++row) of_values[row] = numbers.Of(values[row]);
  if (most * numbers.size() <= most_places) {
    const auto width = static_cast<uint32_t>(numbers.size());
    for (size_t row = 0; row < values.size(); ++row) (*places)[row] = (*places)[row] * width + of_values[row];
    return most * std::max<size_t>(1, numbers.size());
  }
  // Only those that there are.
  Numbers pairs;
  for (size_t row = 0; row < values.size(); ++row) {
    (*places)[row] = pairs.Of(static_cast<int64_t>(uint64_t{(*places)[row]} << 32 | of_values[row]));
  }
  return pairs.size();
}

absl::Status TooManyGroups(size_t limit, absl::string_view of_what) {
  return domain::Refuse(v1::ANSWER_TOO_LARGE,
                        absl::StrCat("the answer would have more than ", limit, " ", of_what,
                                     ": group by fewer dimensions or by coarser ones, or filter"),
                        "parameters.group_by", {{"limit", absl::StrCat(limit)}});
}

}  // namespace

absl::Span<const int64_t> RowGroups::Of(size_t row) const {
  if (groups_.empty()) return kOneGroup;
  if (starts_.empty()) return absl::MakeConstSpan(groups_).subspan(row, 1);
  return absl::MakeConstSpan(groups_).subspan(starts_[row], starts_[row + 1] - starts_[row]);
}

int64_t GroupKeys::Intern(const Key& key) {
  const auto [place, added] = numbers_.emplace(key, static_cast<int64_t>(keys_.size()));
  if (added) keys_.push_back(key);
  return place->second;
}

// A record with several texts counts in a group for each of them (decisions.md 22).
void GroupKeys::AddRow(const Evaluated& values, size_t row, RowGroups* groups) {
  std::vector<Key> keys = {{}};
  for (const auto& dimension : values) {
    std::vector<int64_t> members = {dimension->data[row]};
    if (dimension->type == Type::kTextSet && members[0] != kNull) {
      Texts& texts = *query_.texts;
      const std::string set(texts.Text(members[0]));
      members.clear();
      for (const absl::string_view member : absl::StrSplit(set, '\x1f', absl::SkipEmpty())) {
        members.push_back(texts.Code(member));
      }
      if (members.empty()) members.push_back(kNull);
    }
    std::vector<Key> longer;
    for (const Key& key : keys) {
      for (const int64_t member : members) {
        if (longer.size() > kMostGroups) break;
        longer.push_back(key);
        longer.back().push_back(member);
      }
    }
    keys = std::move(longer);
  }
  for (const Key& key : keys) groups->groups_.push_back(Intern(key));
  HaltIfTooMany(row, *groups);
}

void GroupKeys::HaltIfTooMany(size_t row, const RowGroups& groups) {
  Halt& halt = *query_.halt;
  if (keys_.size() > kMostGroups) halt.Because(TooManyGroups(kMostGroups, "groups"));
  if (groups.groups_.size() > row + kMostTimesCounted) {
    halt.Because(TooManyGroups(kMostTimesCounted, "records in groups, each counted in every group that it is in"));
  }
}

void GroupKeys::AddRows(const Evaluated& values, size_t rows, RowGroups* groups) {
  // Place of a row's values among those seen, one dimension after the other.
  std::vector<uint32_t> places(rows, 0);
  size_t most = 1;  // places
  for (const auto& dimension : values) {
    most = NumberAnew(dimension->data, most, &places);
  }
  std::vector<int64_t> group_of(most, kTotal);
  Key key(values.size());
  groups->groups_.reserve(rows);
  for (size_t row = 0; row < rows && !query_.halt->AtStep(); ++row) {
    int64_t& group = group_of[places[row]];
    if (group == kTotal) {
      for (size_t i = 0; i < key.size(); ++i) key[i] = values[i]->data[row];
      group = Intern(key);
      HaltIfTooMany(row, *groups);
    }
    groups->groups_.push_back(group);
  }
}

RowGroups GroupKeys::Group(const Selection& selection, const Values* fits) {
  std::vector<Expr> dimensions;
  for (const QueryDimension& dimension : query_.group_by) dimensions.push_back(dimension.expr);
  return Group(selection, dimensions, fits);
}

RowGroups GroupKeys::Group(const Selection& selection, const std::vector<Expr>& dimensions, const Values* fits) {
  RowGroups groups;
  if (!grouped()) return groups;
  Evaluated values, pipelines;
  bool sets = false;
  types_.clear();
  for (const Expr& dimension : dimensions) {
    values.push_back(selection.Evaluate(dimension));
    types_.push_back(values.back()->type);
    sets |= types_.back() == Type::kTextSet;
    const Expr pipeline = PipelineOf(dimension);
    pipelines.push_back(pipeline == nullptr ? nullptr : selection.Evaluate(pipeline));
  }
  if (!sets) AddRows(values, selection.size(), &groups);
  for (size_t row = 0; sets && row < selection.size() && !query_.halt->AtStep(); ++row) {
    groups.starts_.push_back(static_cast<uint32_t>(groups.groups_.size()));
    AddRow(values, row, &groups);
  }
  if (sets) groups.starts_.push_back(static_cast<uint32_t>(groups.groups_.size()));
  if (!query_.halt->status().ok()) {
    // Of the right form: one group a row.
    groups.groups_.assign(selection.size(), kTotal);
    groups.starts_.clear();
    return groups;
  }
  SeePipelines(pipelines, groups, selection.size(), fits);
  return groups;
}

void GroupKeys::SeePipelines(const Evaluated& pipelines, const RowGroups& groups, size_t rows, const Values* fits) {
  const auto none = std::all_of(pipelines.begin(), pipelines.end(), [](const auto& of) { return of == nullptr; });
  Key of_row(pipelines.size(), kNull);
  for (size_t row = 0; row < rows && !none; ++row) {
    if (fits != nullptr && fits->data[row] != 1) continue;
    for (size_t i = 0; i < of_row.size(); ++i) {
      if (pipelines[i] != nullptr) of_row[i] = pipelines[i]->data[row];
    }
    for (const int64_t group : groups.Of(row)) SeePipelinesOf(group, of_row);
  }
}

void GroupKeys::SeePipelinesOf(int64_t group, absl::Span<const int64_t> pipelines) {
  if (static_cast<size_t>(group) >= pipelines_.size()) pipelines_.resize(group + 1);
  Key& known = pipelines_[group];
  if (known.empty()) {
    known.assign(pipelines.begin(), pipelines.end());
    return;
  }
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] != pipelines[i]) known[i] = kNull;
  }
}

GroupKeys::Key GroupKeys::NumbersOf(absl::Span<const Scalar> key) {
  Key numbers;
  for (const Scalar& part : key) numbers.push_back(part.number);
  return numbers;
}

int64_t GroupKeys::Find(absl::Span<const Scalar> key) const {
  if (!grouped()) return 0;
  const auto found = numbers_.find(NumbersOf(key));
  return found == numbers_.end() ? -2 : found->second;
}

int64_t GroupKeys::Expect(absl::Span<const Scalar> key) {
  return grouped() ? Intern(NumbersOf(key)) : 0;
}

int64_t GroupKeys::Take(const GroupKeys& other, int64_t group) {
  if (group == kTotal || !grouped()) return group;
  const int64_t number = Intern(other.keys_[group]);
  if (keys_.size() > kMostGroups) query_.halt->Because(TooManyGroups(kMostGroups, "groups"));
  if (static_cast<size_t>(group) < other.pipelines_.size() && !other.pipelines_[group].empty()) {
    SeePipelinesOf(number, other.pipelines_[group]);
  }
  return number;
}

bool GroupKeys::has_sides() const {
  return std::any_of(query_.group_by.begin(), query_.group_by.end(), [](const QueryDimension& dimension) {
    return dimension.dimension->side() != v1::MOVEMENT_SIDE_UNSPECIFIED;
  });
}

int64_t GroupKeys::WithoutSides(int64_t group) { return has_sides() ? Between(group, -1, -1) : group; }

int64_t GroupKeys::Between(int64_t group, int64_t from, int64_t to) {
  Key key = keys_[group];
  for (size_t i = 0; i < key.size(); ++i) {
    const v1::MovementSide side = query_.group_by[i].dimension->side();
    if (side == v1::MOVEMENT_SIDE_UNSPECIFIED) continue;
    const int64_t place = side == v1::MOVEMENT_SIDE_BEFORE ? from : to;
    key[i] = place < 0 ? kNull : keys_[place][i];
  }
  const int64_t between = Intern(key);
  const auto pipeline_of = [&](int64_t place, size_t i) {
    const bool seen = place >= 0 && static_cast<size_t>(place) < pipelines_.size() && !pipelines_[place].empty();
    return seen ? pipelines_[place][i] : kNull;
  };
  Key pipelines;
  for (size_t i = 0; i < key.size(); ++i) {
    const v1::MovementSide side = query_.group_by[i].dimension->side();
    pipelines.push_back(pipeline_of(side == v1::MOVEMENT_SIDE_UNSPECIFIED ? group : side == v1::MOVEMENT_SIDE_BEFORE ? from : to, i));
  }
  SeePipelinesOf(between, pipelines);
  return between;
}

std::vector<Scalar> GroupKeys::Cells(int64_t group) const {
  std::vector<Scalar> cells(query_.group_by.size());
  if (group >= 0 && grouped()) {
    const bool has_pipelines = static_cast<size_t>(group) < pipelines_.size() && !pipelines_[group].empty();
    for (size_t i = 0; i < cells.size(); ++i) {
      cells[i].number = keys_[group][i];
      if (has_pipelines) cells[i].pipeline = pipelines_[group][i];
    }
  }
  return cells;
}

std::vector<int64_t> GroupKeys::InOrder() const {
  if (!grouped()) return {0};
  std::vector<int64_t> order;
  for (size_t group = 0; group < keys_.size(); ++group) order.push_back(static_cast<int64_t>(group));
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    for (size_t i = 0; i < types_.size(); ++i) {
      const int comparison = Compare(keys_[a][i], keys_[b][i], types_[i], *query_.texts);
      if (comparison != 0) return comparison < 0;
    }
    return false;
  });
  order.push_back(kTotal);
  return order;
}

std::vector<AnswerColumn> GroupKeys::Columns() const {
  std::vector<AnswerColumn> columns;
  for (size_t i = 0; i < query_.group_by.size(); ++i) {
    const Type type = i < types_.size() ? types_[i] : Type::kText;
    columns.push_back(KeyColumn(query_, *query_.group_by[i].dimension, type == Type::kTextSet ? Type::kText : type));
    if (type == Type::kTextSet) columns.back().column.set_non_additive(true);
  }
  return columns;
}

AnswerColumn KeyColumn(const Query& query, const v1::Dimension& dimension, Type type) {
  AnswerColumn column;
  column.column.set_id(dimension.id());
  column.column.set_label(LabelOf(dimension.labels(), query.language));
  column.column.set_type(WireType(type));
  column.column.set_is_dimension(true);
  column.column.set_non_additive(dimension.non_additive());
  column.type = type;
  column.is_key = true;
  column.none = dimension.none();
  for (const std::string& text : dimension.order()) column.order.emplace_back(kNull, query.texts->Code(text));
  return column;
}

const v1::Measure* FindMeasure(const v1::ReportDefinition& definition, absl::string_view id) {
  for (const v1::Measure& measure : definition.measures()) {
    if (measure.id() == id) return &measure;
  }
  return nullptr;
}

AnswerColumn MeasureColumn(const Query& query, const v1::Measure& measure, Type type) {
  AnswerColumn column;
  column.column.set_id(measure.id());
  column.column.set_label(LabelOf(measure.labels(), query.language));
  column.column.set_type(IsMadeOfMeasures(measure.function()) ? v1::VALUE_TYPE_RATIO : WireType(type));
  column.column.set_unit(measure.unit());
  column.column.set_definition(measure.definition());
  column.type = type;
  column.opens = true;
  return column;
}

std::string ArgumentOf(const Query& query, absl::string_view id) {
  const auto found = query.arguments.find(std::string(id));
  return found == query.arguments.end() || found->second == "null" ? std::string() : found->second;
}

}  // namespace recount::projections
