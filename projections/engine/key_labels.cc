#include "projections/engine/key_labels.h"

#include <algorithm>
#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace recount::projections {
namespace {

using Labels = google::protobuf::Map<std::string, std::string>;

void Label(const Query& query, const std::string& id, const Labels& labels, AnswerColumn* column) {
  const std::string label = LabelOf(labels, query.language);
  if (!label.empty()) column->labels.try_emplace(Term(kNull, query.texts->Code(id)), label);
}

void DescribePipelines(const Query& query, AnswerColumn* column) {
  for (const v1::Pipeline& pipeline : query.world->rules().stages.pipelines()) {
    column->order.emplace_back(kNull, query.texts->Code(pipeline.id()));
    Label(query, pipeline.id(), pipeline.labels(), column);
  }
}

void DescribeStages(const Query& query, AnswerColumn* column) {
  absl::flat_hash_map<int64_t, std::string> common;  // empty: the pipelines disagree, or have none
  for (const v1::Pipeline& pipeline : query.world->rules().stages.pipelines()) {
    const int64_t pipeline_code = query.texts->Code(pipeline.id());
    for (const v1::Stage& stage : pipeline.stages()) {
      const int64_t code = query.texts->Code(stage.id());
      const std::string label = LabelOf(stage.labels(), query.language);
      column->order.emplace_back(pipeline_code, code);
      column->labels.try_emplace(Term(pipeline_code, code), label);
      const auto [known, added] = common.try_emplace(code, label);
      if (!added && known->second != label) known->second.clear();
    }
  }
  for (const auto& [code, label] : common) {
    if (!label.empty()) column->labels.try_emplace(Term(kNull, code), label);
  }
}

// The field that an expression names through companions and references, and the subject that has it.
struct NamedField {
  const Node& node;
  const Subject& subject;
};
NamedField Innermost(const Node& expr, const Subject& subject) {
  const bool wrapped = expr.kind == Node::Kind::kCompanion || expr.kind == Node::Kind::kFollow;
  return wrapped ? Innermost(*expr.parts[0], *expr.subject) : NamedField{expr, subject};
}

void DescribeTags(const Query& query, AnswerColumn* column) {
  if (!column->column.label().empty()) return;
  Labels labels;
  labels["en"] = "Tag";
  labels["he"] = "תגית";
  labels["ru"] = "Метка";
  labels["zh"] = "标签";
  column->column.set_label(LabelOf(labels, query.language));
}

void DescribeCustomField(const Query& query, const NamedField& field, AnswerColumn* column) {
  const Rules& rules = query.world->rules();
  const v1::FieldSchemaRule schema = rules.book.FieldSchema(rules.day);
  for (const v1::FieldDefinition& custom : schema.fields()) {
    if (custom.collection() != field.subject.collection || absl::StrCat("field.", custom.id()) != field.node.name) continue;
    if (column->column.label().empty()) column->column.set_label(LabelOf(custom.labels(), query.language));
    for (const v1::FieldOption& option : custom.options()) {
      column->order.emplace_back(kNull, query.texts->Code(option.id()));
      Label(query, option.id(), option.labels(), column);
    }
  }
}

}  // namespace

void DescribeKey(const Query& query, const Node& expr, AnswerColumn* column) {
  const NamedField named = Innermost(expr, *query.subject);
  const Node& field = named.node;
  if (field.kind == Node::Kind::kCall) {
    constexpr std::array<absl::string_view, 7> kUnits = {"day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year"};
    if (std::find(kUnits.begin(), kUnits.end(), field.name) != kUnits.end()) column->column.set_unit(field.name);
    return;
  }
  if (field.kind != Node::Kind::kField) return;
  const Rules& rules = query.world->rules();
  if (field.name == "pipeline") DescribePipelines(query, column);
  if (field.name == "stage") DescribeStages(query, column);
  if (field.name == "tags") DescribeTags(query, column);
  if (absl::StartsWith(field.name, "field.")) DescribeCustomField(query, named, column);
  if (field.name == "lost_reason" || field.name == "disqualify_reason") {
    for (const v1::Reason& reason : rules.book.Reasons(rules.day).reasons()) Label(query, reason.id(), reason.labels(), column);
  }
}

Expr PipelineOf(const Expr& expr) {
  auto node = std::make_shared<Node>(*expr);
  if (node->kind == Node::Kind::kField) {
    if (node->name != "stage") return nullptr;
    node->name = "pipeline";
    return node;
  }
  if (node->kind != Node::Kind::kCompanion && node->kind != Node::Kind::kFollow) return nullptr;
  node->parts[0] = PipelineOf(node->parts[0]);
  return node->parts[0] == nullptr ? nullptr : node;
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
