#include "projections/engine/key_labels.h"

#include <algorithm>
#include <array>

namespace recount::projections {
namespace {

void Label(const Query& query, const std::string& id, const google::protobuf::Map<std::string, std::string>& labels,
           AnswerColumn* column) {
  const std::string label = LabelOf(labels, query.language);
  if (!label.empty()) column->labels.try_emplace(query.texts->Code(id), label);
}

const Node& Innermost(const Node& expr) {
  const bool wrapped = expr.kind == Node::Kind::kCompanion || expr.kind == Node::Kind::kFollow;
  return wrapped ? Innermost(*expr.parts[0]) : expr;
}

}  // namespace

void DescribeKey(const Query& query, const Node& expr, AnswerColumn* column) {
  const Node& field = Innermost(expr);
  if (field.kind == Node::Kind::kCall) {
    constexpr std::array<absl::string_view, 7> kUnits = {"day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year"};
    if (std::find(kUnits.begin(), kUnits.end(), field.name) != kUnits.end()) column->column.set_unit(field.name);
    return;
  }
  if (field.kind != Node::Kind::kField) return;
  const Rules& rules = query.world->rules();
  for (const v1::Pipeline& pipeline : rules.stages.pipelines()) {
    if (field.name == "pipeline") {
      column->order.push_back(query.texts->Code(pipeline.id()));
      Label(query, pipeline.id(), pipeline.labels(), column);
    }
    if (field.name != "stage") continue;
    for (const v1::Stage& stage : pipeline.stages()) {
      column->order.push_back(query.texts->Code(stage.id()));
      Label(query, stage.id(), stage.labels(), column);
    }
  }
  if (field.name == "lost_reason" || field.name == "disqualify_reason") {
    for (const v1::Reason& reason : rules.book.Reasons(rules.day).reasons()) Label(query, reason.id(), reason.labels(), column);
  }
}

AnswerColumn CurrencyColumn(const Query& query) {
  AnswerColumn column;
  column.column.set_id("currency");
  google::protobuf::Map<std::string, std::string> labels;
  labels["en"] = "Currency";
  labels["he"] = "מטבע";
  labels["ru"] = "Валюта";
  labels["zh"] = "货币";
  column.column.set_label(LabelOf(labels, query.language));
  column.column.set_type(v1::VALUE_TYPE_TEXT);
  column.column.set_is_dimension(true);
  column.type = Type::kText;
  column.is_key = true;
  column.names_currency = true;
  return column;
}

}  // namespace recount::projections
