// The list shape: one row a record.
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/notes.h"
#include "projections/engine/shape.h"

namespace recount::projections {
namespace {

AnswerColumn RecordColumn(const Query& query) {
  AnswerColumn column;
  column.column.set_id("record");
  google::protobuf::Map<std::string, std::string> labels;
  labels["en"] = "Record";
  labels["he"] = "רשומה";
  labels["ru"] = "Запись";
  labels["zh"] = "记录";
  column.column.set_label(LabelOf(labels, query.language));
  column.column.set_type(v1::VALUE_TYPE_RECORD);
  column.column.set_is_dimension(true);
  column.type = Type::kRecord;
  column.is_key = true;
  return column;
}

class ListShape : public Shape {
 public:
  absl::StatusOr<Answer> Run(const Query& query) const override {
    const Selection records = SelectRecords(query);
    Answer answer;
    answer.columns.push_back(RecordColumn(query));
    answer.rows.resize(records.size());
    for (size_t i = 0; i < records.size(); ++i) answer.rows[i].cells.push_back({records.record(i), 0, kNull});
    NoteTaker notes(query);
    for (const QueryDimension& dimension : query.group_by) {
      const auto values = records.Evaluate(dimension.expr);
      if (values->type == Type::kMoney) {
        // A custom field may well be empty.
        const bool is_value = Names(dimension.expr, "value") || Names(dimension.expr, "weighted");
        notes.LookAtMoney(records, dimension.expr, *values,
                          [&](size_t i) { return is_value || values->currency[i] == query.texts->unconverted(); });
      }
      notes.LookAtDays(records, dimension.expr);
      AnswerColumn column = KeyColumn(query, *dimension.dimension, values->type);
      DescribeKey(query, *dimension.expr, &column);
      column.is_key = false;
      column.column.set_is_dimension(false);
      column.opens = true;
      answer.columns.push_back(std::move(column));
      const Expr pipeline = PipelineOf(dimension.expr);
      const auto pipelines = pipeline == nullptr ? nullptr : records.Evaluate(pipeline);
      for (size_t i = 0; i < records.size(); ++i) {
        answer.rows[i].cells.push_back({values->data[i], 0, values->currency.empty() ? kNull : values->currency[i],
                                        pipelines == nullptr ? kNull : pipelines->data[i]});
      }
    }
    notes.Write(true, &answer.notes);
    return answer;
  }

  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override {
    const Selection records = SelectRecords(query);
    for (const QueryDimension& dimension : query.group_by) {
      if (dimension.dimension->id() != cell.column || cell.key.empty()) continue;
      const auto values = records.Evaluate(dimension.expr);
      Explanation out;
      out.type = values->type;
      out.formula = dimension.dimension->expr();
      for (size_t i = 0; i < records.size(); ++i) {
        if (records.record(i) != cell.key[0].number) continue;
        out.value = {values->data[i], 0, values->currency.empty() ? kNull : values->currency[i]};
        Contribution& brings = out.contributions.emplace_back();
        brings.record = records.record(i);
        brings.value = out.value;
      }
      return out;
    }
    return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("there is no column `", cell.column, "`"));
  }
};

}  // namespace

const Shape& ListReports() {
  static const ListShape* const shape = new ListShape();
  return *shape;
}

}  // namespace recount::projections
