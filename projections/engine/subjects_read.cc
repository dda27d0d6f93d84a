#include "projections/engine/subjects_read.h"

#include "projections/engine/derived.h"
#include "projections/engine/shape.h"

namespace recount::projections {
namespace {

// Records are chosen by whether they are deleted, which a companion may know.
void AddSelected(const Subject& subject, std::set<std::string>* subjects) {
  subjects->insert(subject.id);
  if (HasColumn(subject, "deleted")) return;
  for (const std::string& id : subject.companions) {
    if (!HasColumn(*FindSubject(id), "deleted")) continue;
    subjects->insert(id);
    return;
  }
}

void AddNamed(const Expr& expr, std::set<std::string>* subjects) {
  if (expr == nullptr) return;
  if (expr->kind == Node::Kind::kRollUp) {
    AddSelected(*expr->subject, subjects);
  } else if (expr->subject != nullptr) {
    subjects->insert(expr->subject->id);
  }
  for (const Expr& part : expr->parts) AddNamed(part, subjects);
}

}  // namespace

void AddSubjectsRead(const Query& query, std::set<std::string>* subjects) {
  for (const absl::string_view id : ShapeOf(*query.definition)->Tables(*query.definition)) AddSelected(*FindSubject(id), subjects);
  AddNamed(query.where, subjects);
  AddNamed(query.axis, subjects);
  for (const QueryDimension& dimension : query.group_by) AddNamed(dimension.expr, subjects);
  for (const QueryMeasure& measure : query.all_measures) {
    if (measure.subject != nullptr) AddSelected(*measure.subject, subjects);
    for (const Expr& expr : {measure.expr, measure.where, measure.axis, measure.report_where}) AddNamed(expr, subjects);
    for (const Expr& expr : measure.group_by) AddNamed(expr, subjects);
  }
}

}  // namespace recount::projections
