#include "projections/engine/sight.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/aggregate.h"
#include "domain/calendar.h"
#include "domain/refusal.h"
#include "projections/engine/derived.h"
#include "projections/engine/resolve.h"

namespace recount::projections {
namespace {

using storage::v1::Pin;

// Rights are those of now, whatever moment the question is about.
absl::StatusOr<int32_t> Today(const EngineContext& context) {
  const int64_t now = context.now_micros != 0 ? context.now_micros : context.snapshot->recorded_micros();
  auto rules = Rules::Make(HeadRules(context), now);
  if (!rules.ok()) return rules.status();
  return (*rules)->day;
}

// The subject that says who owns the records of a collection; nullptr: they have no owners.
const Subject* OwnedIn(absl::string_view collection) {
  for (const Subject& subject : AllSubjects()) {
    if (!collection.empty() && subject.collection == collection && HasColumn(subject, "owner")) return &subject;
  }
  return nullptr;
}
const Subject* OwnedAs(const Subject& subject) { return HasColumn(subject, "owner") ? &subject : OwnedIn(subject.collection); }

}  // namespace

Sight::Sight(const domain::SeenOwners& owners, const Texts& texts) : sees_unassigned_(owners.sees_unassigned()) {
  for (const std::string& user : owners.users()) {
    if (const int64_t code = texts.Find(user); code != kNull) users_.insert(code);
  }
}

bool HasOwners(const Subject& subject) { return OwnedAs(subject) != nullptr; }

std::optional<Values> SeenRows(const Selection& selection) {
  const Sight* sight = selection.world().options().sight.get();
  const Subject* owned = sight == nullptr ? nullptr : OwnedAs(selection.subject());
  if (owned == nullptr) return std::nullopt;
  // As it was set: an attribution says for whom a record counts, not who may see it.
  const bool is_own = owned == &selection.subject();
  const auto owner = is_own ? selection.Column("owner") : selection.Companion(*owned).Column("owner");
  Values seen;
  seen.type = Type::kFlag;
  seen.data.resize(selection.size());
  for (size_t i = 0; i < selection.size(); ++i) seen.data[i] = sight->Sees(owner->data[i]);
  return seen;
}

bool SeesRecord(const World& world, absl::string_view name) {
  const Subject* owned = world.options().sight == nullptr ? nullptr : OwnedIn(domain::CollectionOf(name));
  if (owned == nullptr) return true;
  const int64_t record = world.texts().Find(name);
  const Selection row(world, *owned, world.RowsOf(*owned, {&record, 1}));
  return row.rows()[0] != kNoRow && SeenRows(row)->data[0] == 1;
}

int64_t SeenUntil(const World& world, absl::string_view name) {
  const Sight* sight = world.options().sight.get();
  const Subject* owned = sight == nullptr ? nullptr : OwnedIn(domain::CollectionOf(name));
  if (owned == nullptr) return domain::kOpenEnd;
  const IntervalTable* table = world.snapshot().table(owned->id);
  const int64_t record = world.texts().Find(name);
  if (table == nullptr || record < 0) return domain::kBeginning;
  const auto [position, valid_at] = world.moment();
  const auto owner = table->column(table->ColumnIndex("owner"));
  int64_t until = domain::kBeginning;
  for (const uint32_t row : table->RowsOf(record)) {
    const bool is_known = table->since()[row] <= position && position < table->until()[row];
    if (!is_known || table->valid_from()[row] > valid_at || !sight->Sees(owner[row])) continue;
    until = std::max(until, table->valid_to()[row] > valid_at ? domain::kOpenEnd : table->valid_to()[row]);
  }
  return until;
}

absl::Status SetRights(const v1::ReportParameters& parameters, const EngineContext& context, Pin* pin) {
  auto asked = domain::Rights::Parse(parameters.rights());
  if (!asked.ok()) return BadParameter("rights", asked.status().message());
  const domain::Rights& rights = asked->is_everything() ? context.rights : *asked;
  if (rights.is_everything()) return absl::OkStatus();
  auto today = Today(context);
  if (!today.ok()) return today.status();
  pin->set_rights(rights.Text());
  pin->set_rights_position(HeadRules(context).position());
  pin->set_rights_day(*today);
  return absl::OkStatus();
}

absl::Status CheckRights(const Pin& pin, const EngineContext& context) {
  if (context.rights.is_everything()) return absl::OkStatus();
  auto today = Today(context);
  if (!today.ok()) return today.status();
  const domain::SeenOwners seen(context.rights, HeadRules(context), *today);
  if (seen.Includes(OwnersOf(pin, context))) return absl::OkStatus();
  const std::string asked = pin.rights().empty() ? "everybody's records" : absl::StrCat("records of ", pin.rights());
  return domain::Refuse(v1::RIGHTS_EXCEEDED, absl::StrCat("this counts ", asked, "; you may see those of ", context.rights.Text()),
                        "parameters.rights", {{"rights", context.rights.Text()}});
}

domain::SeenOwners OwnersOf(const Pin& pin, const EngineContext& context) {
  const auto rights = domain::Rights::Parse(pin.rights());
  const domain::Rulebook& head = HeadRules(context);
  // Pins are signed: what they hold was parsed before.
  if (!rights.ok() || rights->is_everything()) return domain::SeenOwners(domain::Rights(), head, 0);
  if (pin.rights_position() >= head.position()) return domain::SeenOwners(*rights, head, pin.rights_day());
  return domain::SeenOwners(*rights, head.UpTo(pin.rights_position()), pin.rights_day());
}

std::shared_ptr<const Sight> SightOf(const Pin& pin, const EngineContext& context, const Texts& texts) {
  return pin.rights().empty() ? nullptr : std::make_shared<const Sight>(OwnersOf(pin, context), texts);
}

}  // namespace recount::projections
