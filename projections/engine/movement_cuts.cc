#include "projections/engine/movement_cuts.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "projections/engine/derived.h"

namespace recount::projections {
namespace {

void SortOnce(std::vector<int64_t>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

// The subject of the same record that holds a field: its own or a companion; custom fields are named like its own.
const Subject& HolderOf(absl::string_view field, const Subject& subject) {
  if (HasColumn(subject, field) || FindDerived(subject, field) != nullptr) return subject;
  for (const std::string& id : subject.companions) {
    const Subject* companion = FindSubject(id);
    if (companion != nullptr && HasColumn(*companion, field)) return *companion;
  }
  const bool has_custom = absl::StartsWith(field, "field.") && !subject.companions.empty();
  return has_custom ? *FindSubject(subject.companions[0]) : subject;
}

}  // namespace

std::vector<int64_t> MovementCuts::Of(int64_t deal) {
  std::vector<int64_t> cuts;
  if (query_.where != nullptr) Look(query_.where, *query_.subject, {deal}, &cuts);
  for (const QueryDimension& dimension : query_.group_by) Look(dimension.expr, *query_.subject, {deal}, &cuts);
  SortOnce(&cuts);
  return cuts;
}

void MovementCuts::Look(const Expr& expr, const Subject& subject, const Records& records, std::vector<int64_t>* cuts) {
  switch (expr->kind) {
    case Node::Kind::kField: return CutAt(HolderOf(expr->name, subject), records, cuts);
    case Node::Kind::kCompanion: return Look(expr->parts[0], *expr->subject, records, cuts);
    case Node::Kind::kFollow: {
      const Subject& holder = HolderOf(expr->reference, subject);
      CutAt(holder, records, cuts);
      const Records targets = Targets(expr->reference, holder, records);
      CutAt(*expr->subject, targets, cuts);  // also where they are deleted
      return Look(expr->parts[0], *expr->subject, targets, cuts);
    }
    case Node::Kind::kCall:
      for (const Expr& part : expr->parts) Look(part, subject, records, cuts);
      return;
    case Node::Kind::kConstant:
    case Node::Kind::kAxis:
    case Node::Kind::kRollUp: return;
  }
}

void MovementCuts::CutAt(const Subject& subject, const Records& records, std::vector<int64_t>* cuts) {
  const IntervalTable* table = query_.world->snapshot().table(subject.id);
  if (table == nullptr || &subject == query_.subject) return;  // the walk knows its own states
  for (const int64_t record : records) {
    for (const uint32_t row : TimelineOf(subject, *table).RowsOf(record)) cuts->push_back(table->valid_from()[row]);
  }
}

MovementCuts::Records MovementCuts::Targets(absl::string_view reference, const Subject& subject, const Records& records) {
  Records targets;
  const IntervalTable* table = query_.world->snapshot().table(subject.id);
  const int column = table == nullptr ? -1 : table->ColumnIndex(reference);
  if (column < 0) return targets;
  for (const int64_t record : records) {
    for (const uint32_t row : TimelineOf(subject, *table).RowsOf(record)) {
      if (table->column(column)[row] != kNull) targets.push_back(table->column(column)[row]);
    }
  }
  SortOnce(&targets);
  return targets;
}

const RecordTimeline& MovementCuts::TimelineOf(const Subject& subject, const IntervalTable& table) {
  const auto found = timelines_.find(&subject);
  if (found != timelines_.end()) return found->second;
  const Moment& closing = query_.moment();
  return timelines_.emplace(&subject, RecordTimeline::Until(table, closing.position, closing.valid_at)).first->second;
}

}  // namespace recount::projections
