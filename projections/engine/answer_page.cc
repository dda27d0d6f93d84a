#include "projections/engine/answer_page.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"
#include "domain/refusal.h"
#include "projections/engine/compare.h"

namespace recount::projections {

using storage::v1::ReportToken;

absl::StatusOr<int32_t> PageSize(int32_t asked, int32_t by_default) {
  constexpr int32_t kMaxPage = 1000;
  if (asked < 0) return domain::Refuse(v1::PARAMETER_INVALID, "page_size must not be negative", "page_size");
  return asked == 0 ? by_default : std::min(asked, kMaxPage);
}

v1::Note CellsDoNotOpen() {
  v1::Note note;
  note.set_code("CELLS_DO_NOT_OPEN");
  note.set_text("The question is too long to be held by the ids of cells: they are left out.");
  return note;
}

namespace {

// What the ids of all cells begin with.
ReportToken CommonOf(const ReportToken& answer) {
  ReportToken common = answer;
  common.set_kind(ReportToken::KIND_CELL);
  common.clear_offset();
  common.clear_request_hash();
  common.mutable_request()->clear_sort();
  return common;
}

}  // namespace

AnswerPage::AnswerPage(const FinishedAnswer& finished, const ReportToken& token, const EngineContext& context)
    : finished_(finished), renderer_(finished.texts, finished.calendar, context), ids_(CommonOf(token), context.token_key) {}

v1::Row AnswerPage::Render(const AnswerRow& from) {
  v1::Row row = RenderWithoutIds(from);
  AddIds(from, &row);
  return row;
}

v1::Row AnswerPage::RenderWithoutIds(const AnswerRow& from) {
  v1::Row row;
  row.set_is_total(from.is_total);
  row.set_apart(from.apart);
  for (size_t i = 0; i < from.cells.size(); ++i) {
    const AnswerColumn& column = finished_.answer.columns[i];
    v1::Cell* cell = row.add_cells();
    *cell->mutable_value() = renderer_.ValueOf(from.cells[i], column.type, column.column.type() == v1::VALUE_TYPE_RATIO);
    if (!from.apart.empty() && column.is_key) {
      cell->set_label(from.apart_label);
    } else if (!from.is_total || !column.is_key || from.cells[i].number != kNull) {
      cell->set_label(renderer_.LabelOf(from.cells[i], column));
    }
  }
  return row;
}

void AnswerPage::AddIds(const AnswerRow& from, v1::Row* row) {
  SetKey(from);
  for (size_t i = 0; i < from.cells.size(); ++i) {
    const AnswerColumn& column = finished_.answer.columns[i];
    const bool has_measure = from.apart.empty() || from.cells[i].number != kNull;
    if (column.opens && has_measure) row->mutable_cells(static_cast<int>(i))->set_cell_id(CellId(column));
  }
}

std::string AnswerPage::KeyOf(const AnswerRow& row) {
  SetKey(row);
  ReportToken key;
  key.set_is_total(cell_.is_total());
  key.set_is_apart(cell_.is_apart());
  *key.mutable_key() = cell_.key();
  return absl::WebSafeBase64Escape(Bytes(key));
}

void AnswerPage::SetKey(const AnswerRow& row) {
  cell_.set_is_total(row.is_total);
  cell_.set_is_apart(!row.apart.empty());
  cell_.clear_key();
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const AnswerColumn& column = finished_.answer.columns[i];
    if (!column.is_key) continue;
    storage::v1::KeyPart* part = cell_.add_key();
    const int64_t number = row.cells[i].number;
    if (number == kNull) continue;
    if (IsText(column.type)) {
      part->set_text(std::string(finished_.texts.Text(number)));
    } else {
      part->set_number(number);
    }
  }
}

std::string AnswerPage::CellId(const AnswerColumn& column) {
  absl::string_view id = column.column.id();
  const bool has_sides = finished_.compared_basis.has_value();
  cell_.set_is_compared(has_sides && absl::ConsumeSuffix(&id, ".compared"));
  cell_.set_is_change(has_sides && absl::ConsumeSuffix(&id, ".change"));
  cell_.set_column(std::string(id));
  std::string encoded = ids_.Encode(cell_);
  if (encoded.size() <= kLongestToken) return encoded;
  left_out_ids_ = true;
  return "";
}

}  // namespace recount::projections
