#include "projections/engine/row_ranges.h"

#include <limits>
#include <utility>

#include "projections/engine/derived.h"
#include "projections/engine/known_flag.h"
#include "projections/engine/selection.h"
#include "projections/engine/stage_runs.h"

namespace recount::projections {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min() + 1;  // but kNull
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

// A column as it was set.
struct Stored {
  const Subject* subject;
  int column;
  ColumnKind kind;
};

// An entry that goes by the rules is the stored one as long as they join no visits.
bool IsStored(const World& world, const Subject& subject, absl::string_view name) {
  if (FindDerived(subject, name) == nullptr) return true;
  return (name == "entered_at" || name == "stage_entered_at") && world.stage_runs().empty();
}

std::optional<Stored> Find(const World& world, const Subject& subject, absl::string_view name) {
  const IntervalTable* table = world.snapshot().table(subject.id);
  const int column = table == nullptr ? -1 : table->ColumnIndex(name);
  if (column < 0 || !IsStored(world, subject, name)) return std::nullopt;
  return Stored{&subject, column, table->columns()[column].kind};
}

// A companion's row leads to the one of the same record.
bool LeadsBack(const Subject& companion, const Subject& subject) { return !companion.has_items && !subject.has_items; }

// The stored column that an expression is, of the subject or a companion.
std::optional<Stored> ColumnOf(const World& world, const Subject& subject, const Node& expr) {
  if (expr.kind == Node::Kind::kCompanion && LeadsBack(*expr.subject, subject)) return ColumnOf(world, *expr.subject, *expr.parts[0]);
  if (expr.kind != Node::Kind::kField) return std::nullopt;
  return Find(world, subject, expr.name);
}

RowRange Range(const Stored& stored, int64_t least, int64_t greatest) { return {stored.subject, stored.column, least, greatest}; }

// Whether a record is open is said by a text.
std::optional<RowRanges> Open(const World& world, const Subject& subject, bool is_open) {
  const auto state = Find(world, subject, HasColumn(subject, "outcome") ? "outcome" : "state");
  if (!state) return std::nullopt;
  const int64_t open = world.texts().Find("open");
  if (open == kNull) return is_open ? std::optional<RowRanges>(std::in_place) : std::nullopt;
  if (is_open) return RowRanges{Range(*state, open, open)};
  // `not` holds of what has no state too.
  return RowRanges{Range(*state, kLeast, open - 1), Range(*state, open + 1, kGreatest), Range(*state, kNull, kNull)};
}

std::optional<RowRanges> InPeriodOf(const World& world, const Stored& stored, const domain::Period& period) {
  int64_t least = kLeast, greatest = kGreatest;
  const domain::Calendar& calendar = world.rules().calendar;
  if (stored.kind == ColumnKind::kTime) {
    if (period.first_day) least = calendar.StartOf(*period.first_day);
    if (period.last_day) greatest = calendar.EndOf(*period.last_day) - 1;
  } else if (stored.kind == ColumnKind::kDay) {
    if (period.first_day) least = *period.first_day;
    if (period.last_day) greatest = *period.last_day;
  } else {
    return std::nullopt;
  }
  return RowRanges{Range(stored, least, greatest)};
}

// A stored text or record that is said to be a certain one, or a time or day beside one of its own kind.
std::optional<RowRanges> Compared(const World& world, const Subject& subject, absl::string_view comparison, const Node& left,
                                  const Node& right) {
  const auto stored = ColumnOf(world, subject, left);
  if (!stored || right.kind != Node::Kind::kConstant) return std::nullopt;
  if (right.type == Type::kText || right.type == Type::kRecord) {
    if (comparison != "=" || (stored->kind != ColumnKind::kText && stored->kind != ColumnKind::kRecord)) return std::nullopt;
    const int64_t code = world.texts().Find(right.text);
    return code == kNull ? RowRanges() : RowRanges{Range(*stored, code, code)};
  }
  const bool alike = (right.type == Type::kTime && stored->kind == ColumnKind::kTime) ||
                     (right.type == Type::kDay && stored->kind == ColumnKind::kDay);
  if (!alike || right.constant == kNull) return std::nullopt;
  if (comparison == "=") return RowRanges{Range(*stored, right.constant, right.constant)};
  if (comparison == "<" || comparison == "<=") return RowRanges{Range(*stored, kLeast, right.constant)};
  if (comparison == ">" || comparison == ">=") return RowRanges{Range(*stored, right.constant, kGreatest)};
  return std::nullopt;
}

}  // namespace

std::optional<RowRanges> RangesIn(const World& world, const Subject& subject, const Expr& axis, const domain::Period& period) {
  const auto stored = axis == nullptr ? std::nullopt : ColumnOf(world, subject, *axis);
  return stored ? InPeriodOf(world, *stored, period) : std::nullopt;
}

std::optional<RowRanges> RangesFrom(const World& world, const Subject& subject, const Expr& reference, int64_t least,
                                    int64_t greatest) {
  const auto stored = ColumnOf(world, subject, *reference);
  if (!stored || stored->kind != ColumnKind::kRecord) return std::nullopt;
  return RowRanges{Range(*stored, least, greatest)};
}

std::optional<RowRanges> Shorter(const World& world, std::optional<RowRanges> a, std::optional<RowRanges> b) {
  if (!a || !b) return a ? a : b;
  const auto length = [&](const RowRanges& ranges) {
    size_t rows = 0;
    for (const RowRange& range : ranges) {
      const IntervalTable& table = *world.snapshot().table(range.subject->id);
      rows += table.indexes().Estimate(table, range.column, range.least, range.greatest);
    }
    return rows;
  };
  return length(*b) < length(*a) ? b : a;
}

std::optional<RowRanges> RangesWhere(const World& world, const Subject& subject, const Expr& condition) {
  if (condition == nullptr) return std::nullopt;
  if (condition->kind == Node::Kind::kCompanion && LeadsBack(*condition->subject, subject)) {
    return RangesWhere(world, *condition->subject, condition->parts[0]);
  }
  if (condition->kind == Node::Kind::kField && condition->name == "is_open") return Open(world, subject, true);
  if (condition->kind != Node::Kind::kCall) return std::nullopt;
  if (const auto known = KnownFlag(*condition)) return *known ? std::nullopt : std::optional<RowRanges>(std::in_place);
  const auto& parts = condition->parts;
  const absl::string_view name = condition->name;
  if (name == "not" && parts[0]->kind == Node::Kind::kField && parts[0]->name == "is_open") return Open(world, subject, false);
  if (name == "and") return Shorter(world, RangesWhere(world, subject, parts[0]), RangesWhere(world, subject, parts[1]));
  if (name == "or") {
    auto either = RangesWhere(world, subject, parts[0]);
    const auto other = either ? RangesWhere(world, subject, parts[1]) : std::nullopt;
    if (!other) return std::nullopt;
    either->insert(either->end(), other->begin(), other->end());
    return either;
  }
  if (name == "in_period") return RangesIn(world, subject, parts[0], world.options().period);
  return parts.size() == 2 ? Compared(world, subject, name, *parts[0], *parts[1]) : std::nullopt;
}

}  // namespace recount::projections
