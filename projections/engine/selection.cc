#include "projections/engine/selection.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "projections/engine/derived.h"
#include "projections/engine/functions.h"
#include "projections/engine/known_flag.h"
#include "projections/engine/roll_up.h"
#include "projections/engine/sight.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {

struct Selection::Cache {
  std::map<std::string, std::shared_ptr<const Values>, std::less<>> fields;
  std::map<std::string, std::shared_ptr<const Values>, std::less<>> columns;  // as they were set
  std::map<std::string, std::unique_ptr<Selection>, std::less<>> followed;
};

Selection::Selection(const World& world, const Subject& subject, Rows rows)
    : world_(&world), subject_(&subject), table_(world.snapshot().table(subject.id)), rows_(std::move(rows)),
      present_(rows_.places.empty() ? nullptr : world.Present(subject)),
      lying_(present_ == nullptr ? Lying::kElsewhere : LyingOf(rows_.places)), cache_(std::make_shared<Cache>()) {}

Selection::Lying Selection::LyingOf(absl::Span<const uint32_t> places) {
  uint32_t most = 0, differs = 0;
  for (uint32_t i = 0; i < places.size(); ++i) {
    most = std::max(most, places[i]);
    differs |= places[i] ^ (places[0] + i);
  }
  return most == PresentRows::kNowhere ? Lying::kElsewhere : differs == 0 ? Lying::kTogether : Lying::kApart;
}

int64_t Selection::record(size_t i) const {
  if (present_ != nullptr && rows_.places[i] != PresentRows::kNowhere) return present_->record(rows_.places[i]);
  return rows_.rows[i] == kNoRow || table_ == nullptr ? kNull : table_->record()[rows_.rows[i]];
}

void Selection::SetAxis(std::shared_ptr<const Values> axis) {
  axis_ = std::move(axis);
  // Only owners at the event depend on the axis.
  if (world_->options().attribution == v1::ATTRIBUTION_AT_EVENT) cache_ = std::make_shared<Cache>();
}

void Selection::SetField(absl::string_view name, Values values) {
  cache_->fields.emplace(std::string(name), std::make_shared<Values>(std::move(values)));
}

std::shared_ptr<const Values> Selection::Evaluate(const Expr& expr) const {
  if (world_->halt().AskNow()) return std::make_shared<Values>(Make(expr->type, size()));
  switch (expr->kind) {
    case Node::Kind::kConstant: {
      Values out = Make(expr->type, size());
      const bool text = expr->type == Type::kText || expr->type == Type::kRecord;
      std::fill(out.data.begin(), out.data.end(), text ? world_->texts().Code(expr->text) : expr->constant);
      return std::make_shared<Values>(std::move(out));
    }
    case Node::Kind::kField:
      return Field(expr->name);
    case Node::Kind::kFollow:
      return Follow(expr->reference, *expr->subject).Evaluate(expr->parts[0]);
    case Node::Kind::kCompanion:
      return Companion(*expr->subject).Evaluate(expr->parts[0]);
    case Node::Kind::kAxis:
      return axis_ != nullptr ? axis_ : std::make_shared<Values>(Make(expr->type, size()));
    case Node::Kind::kCall: {
      if (const auto known = WithoutRows(*expr)) return known;
      CallArguments arguments{*world_, size(), {}};
      for (const Expr& part : expr->parts) arguments.values.push_back(Evaluate(part));
      return std::make_shared<Values>(FindFunction(expr->name)->evaluate(arguments));
    }
    case Node::Kind::kRollUp:
      return std::make_shared<Values>(RollUp(*this, *expr));
  }
  return nullptr;
}

// Of a call that a condition without rows decides; nullptr: any other.
std::shared_ptr<const Values> Selection::WithoutRows(const Node& call) const {
  if (call.name == "if") {
    const auto known = KnownFlag(*call.parts[0]);
    const auto chosen = known ? Evaluate(call.parts[*known ? 1 : 2]) : nullptr;
    return chosen != nullptr && chosen->type == call.type ? chosen : nullptr;
  }
  const auto known = call.type == Type::kFlag ? KnownFlag(call) : std::nullopt;
  if (!known) return nullptr;
  Values all = Make(Type::kFlag, size());
  std::fill(all.data.begin(), all.data.end(), *known);
  return std::make_shared<Values>(std::move(all));
}

std::shared_ptr<const Values> Selection::Field(absl::string_view name) const {
  auto it = cache_->fields.find(name);
  if (it != cache_->fields.end()) return it->second;
  std::shared_ptr<const Values> values;
  if (const DerivedField* derived = FindDerived(*subject_, name)) {
    values = std::make_shared<Values>(derived->make(*this));
  } else if (table_ == nullptr || table_->ColumnIndex(name) < 0) {
    for (const std::string& id : subject_->companions) {
      const Subject* companion = FindSubject(id);
      const IntervalTable* table = companion == nullptr ? nullptr : world_->snapshot().table(id);
      if (companion == nullptr) continue;
      if (FindDerived(*companion, name) != nullptr || (table != nullptr && table->ColumnIndex(name) >= 0)) {
        return Companion(*companion).Field(name);
      }
    }
    values = std::make_shared<Values>(Make(Type::kNull, size()));
  } else {
    const bool money = table_->columns()[table_->ColumnIndex(name)].kind == ColumnKind::kMinor;
    values = money ? std::make_shared<Values>(Converted(*this, name)) : Column(name);
  }
  cache_->fields.emplace(std::string(name), values);
  return values;
}

std::shared_ptr<const Values> Selection::Column(absl::string_view name) const {
  auto it = cache_->columns.find(name);
  if (it == cache_->columns.end()) it = cache_->columns.emplace(std::string(name), Gathered(name)).first;
  return it->second;
}

std::shared_ptr<const Values> Selection::Gathered(absl::string_view name) const {
  const int index = table_ == nullptr ? -1 : table_->ColumnIndex(name);
  if (index < 0) return std::make_shared<Values>(Make(Type::kNull, size()));
  Values out;
  out.type = TypeOf(table_->columns()[index].kind);
  const ValueSpan values = table_->column(index);
  if (values.is_nothing()) {
    out.data.assign(size(), kNull);
  } else {
    Gather(values, present_ == nullptr ? absl::Span<const int64_t>() : present_->Column(*table_, index), &out.data);
  }
  if (out.type == Type::kMoney) out.currency = Column(absl::StrCat(name, "_currency"))->data;
  return std::make_shared<Values>(std::move(out));
}

void Selection::Gather(const ValueSpan& values, absl::Span<const int64_t> present, std::vector<int64_t>* out) const {
  if (lying_ == Lying::kTogether) {
    const auto from = present.begin() + rows_.places[0];
    out->assign(from, from + size());
    return;
  }
  out->resize(size());
  if (lying_ == Lying::kApart) {
    for (size_t i = 0; i < size(); ++i) (*out)[i] = present[rows_.places[i]];
    return;
  }
  for (size_t i = 0; i < size(); ++i) {
    const uint32_t row = rows_.rows[i], place = present_ == nullptr ? PresentRows::kNowhere : rows_.places[i];
    (*out)[i] = place != PresentRows::kNowhere ? present[place] : row != kNoRow ? values[row] : kNull;
  }
}

Values Selection::Items() const {
  Values out;
  out.type = Type::kInteger;
  if (table_ == nullptr) return Make(Type::kInteger, size());
  Gather(table_->item(), present_ == nullptr ? absl::Span<const int64_t>() : present_->Items(*table_), &out.data);
  return out;
}

namespace {

// Those whose flag is 1.
template <typename T>
std::vector<T> Kept(const std::vector<T>& all, const Values& flags) {
  std::vector<T> kept(all.size());
  size_t count = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    kept[count] = all[i];
    count += flags.data[i] == 1;
  }
  kept.resize(count);
  return kept;
}

}  // namespace

Selection Selection::Keep(const Values& flags) const {
  // With what is already known of them.
  const bool all = std::all_of(flags.data.begin(), flags.data.end(), [](int64_t flag) { return flag == 1; });
  if (all && times_ == nullptr) return *this;
  Rows rows;
  rows.rows = Kept(rows_.rows, flags);
  if (present_ != nullptr) rows.places = Kept(rows_.places, flags);
  std::shared_ptr<Values> axis;
  if (axis_ != nullptr) {
    axis = std::make_shared<Values>();
    axis->type = axis_->type;
    axis->data = Kept(axis_->data, flags);
  }
  Selection kept(*world_, *subject_, std::move(rows));
  kept.axis_ = std::move(axis);
  return kept;
}

// There is no row where a flag has a value.
void Selection::LeaveOut(const Values& flags, int64_t flag) {
  for (size_t i = 0; i < size(); ++i) {
    if (flags.data[i] != flag) continue;
    rows_.rows[i] = kNoRow;
    if (present_ != nullptr) rows_.places[i] = PresentRows::kNowhere;
    lying_ = Lying::kElsewhere;
  }
}

void Selection::LeaveOutDeleted() {
  if (table_ != nullptr && table_->ColumnIndex("deleted") >= 0) LeaveOut(*Gathered("deleted"), 1);
}

void Selection::LeaveOutHidden() {
  const auto seen = SeenRows(*this);
  if (!seen) return;
  LeaveOut(*seen, 0);
  cache_ = std::make_shared<Cache>();  // what was looked up of them
}

std::vector<int64_t> Selection::Records() const {
  std::vector<int64_t> records;
  if (lying_ == Lying::kTogether) {
    Gather({}, present_->records(), &records);
    return records;
  }
  records.reserve(size());
  for (size_t i = 0; i < size(); ++i) records.push_back(record(i));
  return records;
}

// Records of another subject, one for each row here; null: the same records.
std::unique_ptr<Selection> Selection::Other(const Subject& subject, const Values* records) const {
  std::vector<int64_t> own;
  if (records == nullptr) own = Records();
  const std::vector<int64_t>& others = records == nullptr ? own : records->data;
  Rows rows;
  if (times_ == nullptr) {
    rows = world_->RowsOf(subject, others);
  } else {
    for (size_t i = 0; i < size(); ++i) {
      rows.rows.push_back(others[i] == kNull ? kNoRow : world_->RowAt(subject, others[i], times_->data[i]));
    }
  }
  auto made = std::make_unique<Selection>(*world_, subject, std::move(rows));
  if (records != nullptr) made->LeaveOutDeleted();
  made->axis_ = axis_;
  made->times_ = times_;
  made->clock_ = clock_;
  if (records != nullptr) made->LeaveOutHidden();
  return made;
}

const Selection& Selection::Follow(absl::string_view field, const Subject& target) const {
  auto it = cache_->followed.find(field);
  if (it != cache_->followed.end()) return *it->second;
  return *cache_->followed.emplace(std::string(field), Other(target, Field(field).get())).first->second;
}

const Selection& Selection::Companion(const Subject& companion) const {
  const std::string key = absl::StrCat("=", companion.id);
  auto it = cache_->followed.find(key);
  if (it != cache_->followed.end()) return *it->second;
  return *cache_->followed.emplace(key, Other(companion, nullptr)).first->second;
}

}  // namespace recount::projections
