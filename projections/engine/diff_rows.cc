#include "projections/engine/diff_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "domain/refusal.h"
#include "projections/engine/compare.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

const AnswerColumn* Find(const Answer& answer, absl::string_view id) {
  for (const AnswerColumn& column : answer.columns) {
    if (column.column.id() == id) return &column;
  }
  return nullptr;
}

bool AreAlike(const AnswerColumn& a, const AnswerColumn& b) { return a.type == b.type && a.column.type() == b.column.type(); }

std::vector<const AnswerColumn*> GroupsOf(const Answer& answer) {
  std::vector<const AnswerColumn*> groups;
  for (const AnswerColumn& column : answer.columns) {
    if (column.is_key) groups.push_back(&column);
  }
  return groups;
}

std::string IdsOf(const std::vector<const AnswerColumn*>& columns) {
  if (columns.empty()) return "no groups";
  return absl::StrJoin(columns, ", ", [](std::string* out, const AnswerColumn* column) {
    absl::StrAppend(out, column->column.id(), " (", TypeName(column->type), ")");
  });
}

absl::Status NotComparable(absl::string_view message) { return domain::Refuse(v1::ANSWERS_NOT_COMPARABLE, message, "after"); }

absl::Status CheckGroups(const Query& before_query, const Answer& before, const Query& after_query, const Answer& after) {
  const bool lists = before_query.definition->has_list() || after_query.definition->has_list();
  const std::string& one = before_query.definition->subject();
  const std::string& other = after_query.definition->subject();
  if (lists && one != other) return NotComparable(absl::StrCat("the one answer has rows of ", one, ", the other of ", other));
  const auto groups = GroupsOf(before), others = GroupsOf(after);
  const bool same = std::equal(groups.begin(), groups.end(), others.begin(), others.end(),
                               [](const AnswerColumn* a, const AnswerColumn* b) {
                                 return a->column.id() == b->column.id() && AreAlike(*a, *b);
                               });
  if (same) return absl::OkStatus();
  return NotComparable(absl::StrCat("the one answer is grouped by ", IdsOf(groups), ", the other by ", IdsOf(others),
                                    ": ask both with the same groups, and both or neither in a report currency"));
}

std::string MeasuresText(const Answer& answer) {
  std::vector<std::string> ids;
  for (const AnswerColumn& column : answer.columns) {
    if (!column.is_key) ids.push_back(column.column.id());
  }
  return ids.empty() ? "none" : absl::StrJoin(ids, ", ");
}

bool IsRatio(const AnswerColumn& column) { return column.column.type() == v1::VALUE_TYPE_RATIO; }

}  // namespace

absl::StatusOr<std::vector<std::string>> CommonMeasures(const Query& before_query, const Answer& before, const Query& after_query,
                                                        const Answer& after) {
  if (auto status = CheckGroups(before_query, before, after_query, after); !status.ok()) return status;
  std::vector<std::string> common;
  for (const AnswerColumn& column : after.columns) {
    const AnswerColumn* same = column.is_key ? nullptr : Find(before, column.column.id());
    if (same != nullptr && !same->is_key && AreAlike(*same, column)) common.push_back(column.column.id());
  }
  if (!common.empty()) return common;
  return NotComparable(absl::StrCat("the answers have no measure in common: the one has ", MeasuresText(before), ", the other ",
                                    MeasuresText(after)));
}

absl::StatusOr<Answer> WithMeasures(const std::vector<std::string>& measures, Answer answer) {
  std::vector<size_t> places;
  for (size_t i = 0; i < answer.columns.size(); ++i) {
    if (answer.columns[i].is_key) places.push_back(i);
  }
  for (const std::string& id : measures) {
    const AnswerColumn* column = Find(answer, id);
    if (column == nullptr) return NotComparable(absl::StrCat("on the way from the one answer to the other there is no column ", id));
    places.push_back(static_cast<size_t>(column - answer.columns.data()));
  }
  Answer kept;
  kept.notes = std::move(answer.notes);
  kept.keep_order = answer.keep_order;
  for (const size_t place : places) kept.columns.push_back(std::move(answer.columns[place]));
  for (AnswerRow& row : answer.rows) {
    std::vector<Scalar> cells;
    cells.reserve(places.size());
    for (const size_t place : places) cells.push_back(row.cells[place]);
    row.cells = std::move(cells);
    kept.rows.push_back(std::move(row));
  }
  return kept;
}

std::vector<ComparedColumn> ComparedColumns(const Answer& compared) {
  std::vector<ComparedColumn> columns;
  for (size_t i = 0; i < compared.columns.size(); ++i) {
    if (compared.columns[i].is_key) continue;
    const std::string change = absl::StrCat(compared.columns[i].column.id(), ".change");
    const bool is_number = i + 2 < compared.columns.size() && compared.columns[i + 2].column.id() == change;
    columns.push_back({i, i + 1, is_number ? static_cast<int>(i + 2) : -1});
    i += is_number ? 2 : 1;
  }
  return columns;
}

bool Differs(const Answer& compared, const AnswerRow& row, const ComparedColumn& column) {
  const Scalar& value = row.cells[column.value];
  const Scalar& other = row.cells[column.compared];
  if (value.number == kNull || other.number == kNull) return value.number != other.number;
  if (value.currency != other.currency) return true;
  const bool is_ratio = IsRatio(compared.columns[column.value]);
  if (!is_ratio && value.over() == 1 && other.over() == 1) return value.number != other.number;
  return absl::int128(value.number) * other.over() != absl::int128(other.number) * value.over();
}

namespace {

// Of each group the text or number; nullptr: a row of those without a value.
template <typename Visit>
void VisitKey(const std::vector<AnswerColumn>& columns, const AnswerRow& row, Visit visit) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_key) visit(columns[i], row.cells[i].number);
  }
}

}  // namespace

std::string NameOf(const std::vector<AnswerColumn>& columns, const AnswerRow& row, const Texts& texts) {
  std::string name = absl::StrCat(row.is_total ? "total" : "row", ":", row.apart);
  VisitKey(columns, row, [&](const AnswerColumn& column, int64_t number) {
    if (number == kNull) return absl::StrAppend(&name, "|-");
    if (!IsText(column.type)) return absl::StrAppend(&name, "|", number);
    const absl::string_view text = texts.Text(number);
    absl::StrAppend(&name, "|", text.size(), ":", text);
  });
  return name;
}

void PutPlace(const std::vector<AnswerColumn>& columns, const AnswerRow& row, const Texts& texts, storage::v1::ReportToken* cell) {
  cell->set_is_total(row.is_total);
  cell->set_is_apart(!row.apart.empty());
  cell->clear_key();
  VisitKey(columns, row, [&](const AnswerColumn& column, int64_t number) {
    storage::v1::KeyPart* part = cell->add_key();
    if (number == kNull) return;
    if (IsText(column.type)) {
      part->set_text(std::string(texts.Text(number)));
    } else {
      part->set_number(number);
    }
  });
}

}  // namespace recount::projections
