#include "projections/engine/roll_up.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "projections/engine/functions.h"
#include "projections/engine/row_ranges.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {
namespace {

// What a tree says, so that the same roll-up in several measures is made once.
void Describe(const Node& node, std::string* text) {
  absl::StrAppend(text, "(", static_cast<int>(node.kind), ",", static_cast<int>(node.type), ",", node.name, ",", node.constant,
                  ",\"", node.text, "\",", node.subject == nullptr ? "" : node.subject->id, ",", node.reference);
  for (const Expr& part : node.parts) Describe(*part, text);
  text->push_back(')');
}

// Least and greatest code; nothing of no records.
struct Bounds {
  int64_t least = std::numeric_limits<int64_t>::max(), greatest = kNull + 1;

  void Add(int64_t record) {
    if (record == kNull) return;
    least = std::min(least, record);
    greatest = std::max(greatest, record);
  }
};

Bounds BoundsOf(const std::vector<int64_t>& records) {
  Bounds bounds;
  for (const int64_t record : records) bounds.Add(record);
  return bounds;
}

// Of the records asked for now and of those that will be.
Bounds BoundsOfParts(const Selection& selection, Bounds bounds) {
  const auto [begin, end] = selection.world().caches().in_parts.equal_range(&selection.subject());
  for (auto list = begin; list != end && selection.table() != nullptr; ++list) {
    list->second->VisitRecords(*selection.table(), [&](int64_t record) { bounds.Add(record); });
  }
  return bounds;
}

void Add(absl::string_view function, const RolledUp::Brought& more, RolledUp::Brought* sum) {
  if (sum->currency != more.currency) {
    sum->value = kNull;
  } else if (sum->value == kNull) {
    return;
  } else if (function == "min_of") {
    sum->value = std::min(sum->value, more.value);
  } else if (function == "max_of") {
    sum->value = std::max(sum->value, more.value);
  } else if (__builtin_add_overflow(sum->value, more.value, &sum->value)) {
    sum->value = kNull;
  }
}

// The other subject's rows that may lead to records from `least` to `greatest`. Records that came one after the other have such codes:
// those of a quarter are few of all.
RowList LeadingTo(const World& world, const Node& node, int64_t least, int64_t greatest) {
  const auto ranges = RangesFrom(world, *node.subject, node.parts[0], least, greatest);
  return ranges ? world.RowsAmong(*node.subject, *ranges) : world.AllRows(*node.subject);
}
Selection Selected(const World& world, const Node& node, Rows rows) {
  return world.Selected(*node.subject, std::move(rows), Names(node.parts[2], "deleted"));
}

void GatherFrom(const World& world, const Node& node, const Selection& all, RolledUp* out) {
  const auto reference = all.Evaluate(node.parts[0]);
  const auto value = all.Evaluate(node.parts[1]);
  const auto condition = all.Evaluate(node.parts[2]);
  const bool counts = node.name == "count_of";
  for (size_t i = 0; i < all.size() && !world.halt().AtStep(); ++i) {
    if (reference->data[i] == kNull || condition->data[i] != 1) continue;
    const RolledUp::Brought brings{counts ? 1 : value->data[i], value->currency.empty() ? kNull : value->currency[i]};
    if (brings.value == kNull) continue;
    bool is_first = false;
    RolledUp::Brought* const sum = out->Add(reference->data[i], brings, &is_first);
    if (sum != nullptr && !is_first) Add(node.name, brings, sum);
  }
}

std::shared_ptr<const RolledUp> RolledUpOf(const Selection& selection, const Node& roll_up, const std::string& text, Bounds asked) {
  const World& world = selection.world();
  const auto make = [&](bool is_first) {
    if (is_first) {
      asked = BoundsOfParts(selection, asked);
    } else {
      // Of what references lead to nobody knows how much will be asked: rather all of it than each time some more.
      const auto last = static_cast<int64_t>(world.snapshot().dictionary().size());
      asked = {std::min<int64_t>(asked.least, 0), std::max(asked.greatest, last)};
    }
    return RollUps::Task{asked.least, asked.greatest, LeadingTo(world, roll_up, asked.least, asked.greatest)};
  };
  const auto add = [&](Rows rows, RolledUp* out) {
    if (!world.halt().AskNow()) GatherFrom(world, roll_up, Selected(world, roll_up, std::move(rows)), out);
  };
  const auto join = [&](const RolledUp::Brought& more, RolledUp::Brought* sum) { Add(roll_up.name, more, sum); };
  return world.caches().roll_ups->Get(text, asked.least, asked.greatest, world.options().rows_of_part, make, add, join);
}

// Whether they follow each other, such as those of a part.
bool IsDense(const Bounds& bounds, size_t records) {
  constexpr uint64_t kApart = 8;
  return bounds.least > bounds.greatest ||
         static_cast<uint64_t>(bounds.greatest) - static_cast<uint64_t>(bounds.least) <= kApart * records;
}

// Of records that follow each other only what leads to these is counted, at once: it fits the processor's cache, is looked up once for all
// roll-ups over it, and no thread waits for another. nullptr: what leads to them cannot be looked up.
std::shared_ptr<const RolledUp> RolledUpOfPart(const World& world, const Node& roll_up, const std::string& text, const Bounds& bounds) {
  const auto ranges = RangesFrom(world, *roll_up.subject, roll_up.parts[0], bounds.least, bounds.greatest);
  if (!ranges) return nullptr;
  std::string from = Names(roll_up.parts[2], "deleted") ? "deleted " : "";
  absl::StrAppend(&from, roll_up.subject->id);
  Describe(*roll_up.parts[0], &from);
  World::Caches::Leading& leading = world.caches().leading[from];
  if (leading.rows == nullptr || leading.least != bounds.least || leading.greatest != bounds.greatest) {
    const RowList rows = world.RowsAmong(*roll_up.subject, *ranges);
    leading = {bounds.least, bounds.greatest, std::make_shared<const Selection>(Selected(world, roll_up, rows->All())), {}};
  }
  if (const auto known = leading.rolled_up.find(text); known != leading.rolled_up.end()) return known->second;
  // A roll-up in its condition may be over the same subject, of other records.
  const std::shared_ptr<const Selection> rows = leading.rows;
  auto made = std::make_shared<RolledUp>(bounds.least, bounds.greatest, rows->size());
  GatherFrom(world, roll_up, *rows, made.get());
  if (leading.rows == rows) leading.rolled_up[text] = made;
  return made;
}

void FindRollUps(const Node& node, std::vector<const Node*>* out) {
  if (node.kind == Node::Kind::kRollUp) return out->push_back(&node);
  // What a reference leads to has roll-ups of its own, over other records.
  if (node.kind == Node::Kind::kFollow) return;
  for (const Expr& part : node.parts) FindRollUps(*part, out);
}

}  // namespace

std::vector<std::vector<int64_t>> RolledUpRecords(const World& world, const std::vector<Expr>& exprs,
                                                  const std::vector<int64_t>& records) {
  std::vector<const Node*> roll_ups;
  for (const Expr& expr : exprs) FindRollUps(*expr, &roll_ups);
  absl::flat_hash_map<int64_t, size_t> place;
  for (size_t i = 0; i < records.size(); ++i) place.emplace(records[i], i);
  const auto [least, greatest] = BoundsOf(records);
  std::vector<std::vector<int64_t>> found(records.size());
  for (const Node* node : roll_ups) {
    const Selection all = Selected(world, *node, LeadingTo(world, *node, least, greatest)->All());
    const auto reference = all.Evaluate(node->parts[0]);
    const auto value = all.Evaluate(node->parts[1]);
    const auto condition = all.Evaluate(node->parts[2]);
    const bool counts = node->name == "count_of";
    for (size_t i = 0; i < all.size() && !world.halt().AtStep(); ++i) {
      if (condition->data[i] != 1 || (!counts && value->data[i] == kNull)) continue;
      const auto to = place.find(reference->data[i]);
      if (to == place.end() || all.record(i) == to->first) continue;
      std::vector<int64_t>& related = found[to->second];
      if (std::find(related.begin(), related.end(), all.record(i)) == related.end()) related.push_back(all.record(i));
    }
  }
  return found;
}

Values RollUp(const Selection& selection, const Node& roll_up) {
  std::string key;
  Describe(roll_up, &key);
  const std::vector<int64_t> records = selection.Records();
  const Bounds bounds = BoundsOf(records);
  std::shared_ptr<const RolledUp> rolled_up;
  if (IsDense(bounds, records.size())) rolled_up = RolledUpOfPart(selection.world(), roll_up, key, bounds);
  if (rolled_up == nullptr) rolled_up = RolledUpOf(selection, roll_up, key, bounds);
  Values out = Make(roll_up.type, selection.size());
  const bool counts = roll_up.name == "count_of";
  for (size_t i = 0; i < selection.size(); ++i) {
    const int64_t record = records[i];
    if (record == kNull) continue;
    const RolledUp::Brought* const found = rolled_up->Find(record);
    if (found == nullptr) {
      if (counts) out.data[i] = 0;
      continue;
    }
    out.data[i] = found->value;
    if (out.type == Type::kMoney && out.data[i] != kNull) out.currency[i] = found->currency;
  }
  return out;
}

}  // namespace recount::projections
