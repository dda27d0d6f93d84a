// Owner, team and unit by attribution (decisions.md 21; K-15 on the fact's own day).
#include "projections/engine/derived.h"
#include "projections/engine/functions.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {
namespace {

constexpr int kTeam = 0, kUnit = 1;

// Outcomes that were withdrawn: theirs is who had the deal at that close, else the deal's own.
bool IsReversal(const Subject& subject) { return HasColumn(subject, "withdrawn_at"); }
bool HasOwner(const Subject& subject) { return HasColumn(subject, "owner") || IsReversal(subject); }
bool HasTeam(const Subject& subject) { return HasOwner(subject) || subject.collection == "users"; }
bool HasUnit(const Subject& subject) { return HasTeam(subject) || subject.collection == "teams"; }

// When each row counts: the axis (a day: its end), the close, or the moment; never later than the moment.
std::vector<int64_t> Instants(const Selection& selection) {
  const World& world = selection.world();
  std::vector<int64_t> at(selection.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = selection.time(i);
  std::shared_ptr<const Values> closed;
  const Values* axis = nullptr;
  if (world.options().attribution == v1::ATTRIBUTION_AT_EVENT) axis = selection.axis();
  if (world.options().attribution == v1::ATTRIBUTION_AT_CLOSE && HasColumn(selection.subject(), "outcome")) {
    closed = selection.Field("closed_at");
    axis = closed.get();
  }
  if (axis == nullptr || axis->data.size() != at.size()) return at;
  const domain::Calendar& calendar = world.rules().calendar;
  for (size_t i = 0; i < at.size(); ++i) {
    if (axis->data[i] == kNull) continue;
    const int64_t instant =
        axis->type == Type::kDay ? calendar.EndOf(static_cast<int32_t>(axis->data[i])) - 1 : axis->data[i];
    at[i] = std::min(at[i], instant);
  }
  return at;
}

Values Owner(const Selection& selection) {
  const World& world = selection.world();
  if (IsReversal(selection.subject())) {
    if (world.options().attribution == v1::ATTRIBUTION_AT_CLOSE) return *selection.Column("owner_at_close");
    return *selection.Companion(*FindSubject("deal_state")).Field("owner");
  }
  Values out = *selection.Column("owner");
  out.type = Type::kRecord;
  if (world.options().attribution == v1::ATTRIBUTION_AT_CLOSE && HasColumn(selection.subject(), "outcome")) {
    const auto at_close = selection.Field("owner_at_close"), closed = selection.Field("closed_at");
    for (size_t i = 0; i < out.data.size(); ++i) {
      if (closed->data[i] != kNull) out.data[i] = at_close->data[i];
    }
  } else if (world.options().attribution == v1::ATTRIBUTION_AT_EVENT && selection.table() != nullptr) {
    const std::vector<int64_t> at = Instants(selection);
    const int index = selection.table()->ColumnIndex("owner");
    for (size_t i = 0; i < out.data.size(); ++i) {
      if (at[i] == world.moment().valid_at || selection.record(i) == kNull) continue;
      const uint32_t row = world.RowAt(selection.subject(), selection.record(i), at[i]);
      // Leads only: what happened before the record was there counts for its present owner.
      if (row != kNoRow) out.data[i] = selection.table()->column(index)[row];
    }
  }
  return out;
}

Values Ancestor(const Selection& selection, int kind) {
  const World& world = selection.world();
  Values out = Make(Type::kRecord, selection.size());
  const bool owned = HasOwner(selection.subject());
  const std::vector<int64_t> at = Instants(selection);
  const auto owner = owned ? selection.Field("owner") : selection.Field("record");
  auto& known = world.caches().ancestors;
  for (size_t i = 0; i < selection.size(); ++i) {
    if (owner->data[i] == kNull) continue;
    const int32_t day = world.caches().clock.DayOf(at[i] == selection.time(i) ? selection.clock(i) : at[i]);
    auto [it, added] = known.try_emplace({owner->data[i], {day, kind}}, kNull);
    if (added) {
      const std::string& name =
          world.OrgChartOn(day).AncestorOf(world.texts().Text(owner->data[i]), kind == kTeam ? "teams" : "org_units", day);
      if (!name.empty()) it->second = world.texts().Code(name);
    }
    out.data[i] = it->second;
  }
  return out;
}

Values Team(const Selection& selection) { return Ancestor(selection, kTeam); }
Values Unit(const Selection& selection) { return Ancestor(selection, kUnit); }

}  // namespace

absl::Span<const DerivedField> OwnerFields() {
  static const DerivedField kFields[] = {
      {"owner", Type::kRecord, "users", "Responsible user, by the attribution asked for.", HasOwner, Owner},
      {"team", Type::kRecord, "teams", "The owner's team then.", HasTeam, Team},
      {"unit", Type::kRecord, "org_units", "The nearest unit above the owner then.", HasUnit, Unit},
  };
  return kFields;
}

}  // namespace recount::projections
