#include "projections/engine/movement_walk.h"

#include <algorithm>

#include "domain/money.h"
#include "domain/refusal.h"
#include "projections/engine/derived.h"
#include "projections/engine/movement_cuts.h"
#include "projections/engine/sight.h"

namespace recount::projections {
namespace {

// Money at the rate of a day, as values of other reports of that world have it (decisions.md 17).
class Exchange {
 public:
  Exchange(const Query& query, const World& world)
      : query_(query), world_(world), wanted_(query.world->options().currency),
        wanted_code_(wanted_.empty() ? kNull : query.texts->Code(wanted_)) {}

  void Convert(int64_t minor, int64_t currency, int64_t at_micros, Standing* standing) {
    standing->bucket = minor == kNull ? kNull : currency;
    standing->value_minor = minor == kNull ? 0 : minor;
    if (minor == kNull || wanted_.empty() || currency == wanted_code_) return;
    const absl::string_view from = query_.texts->Text(currency);
    const int32_t day = query_.calendar().DayOf(at_micros);
    const auto rate = world_.RatesOn(day).Find(from, wanted_, day);
    standing->bucket = rate ? wanted_code_ : query_.texts->unconverted();
    standing->value_minor = 0;
    const int64_t converted = rate ? ConvertedMinor(minor, 10000, *rate, from, wanted_) : 0;
    if (converted == kNull) standing->bucket = kNull;
    else standing->value_minor = converted;
  }

 private:
  const Query& query_;
  const World& world_;
  const std::string wanted_;
  const int64_t wanted_code_;
};

bool NamesAny(const Query& query, std::initializer_list<absl::string_view> fields) {
  for (const absl::string_view field : fields) {
    if (query.where != nullptr && Names(query.where, field)) return true;
    for (const QueryDimension& dimension : query.group_by) {
      if (Names(dimension.expr, field)) return true;
    }
  }
  return false;
}

// Columns of deal_state over all rows of the table.
struct StateColumns {
  explicit StateColumns(const IntervalTable& table) : table(table) {}
  int64_t At(absl::string_view name, uint32_t row) const {
    const int index = table.ColumnIndex(name);
    return index < 0 ? kNull : table.column(index)[row];
  }
  const IntervalTable& table;
};

const Standing& Find(const absl::flat_hash_map<int64_t, Standing>& end, int64_t record) {
  static const Standing none;
  const auto found = end.find(record);
  return found == end.end() ? none : found->second;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MovementWalk>> MovementWalk::Make(const Query& query) {
  const Moment& opening = query.opening->moment();
  if (opening.position > query.moment().position || opening.valid_at > query.moment().valid_at) {
    return domain::Refuse(v1::PARAMETER_INVALID,
                          "A movement runs forward: its opening must not be later than its closing, neither in what was known "
                          "(as_of) nor in what was so (valid_at).",
                          "parameters.opening_valid_at");
  }
  auto walk = std::unique_ptr<MovementWalk>(new MovementWalk(query));
  for (auto step : {&MovementWalk::ReadWindow, &MovementWalk::ReadEnds, &MovementWalk::ReadStates}) {
    if (const absl::Status done = (walk.get()->*step)(); !done.ok()) return done;
  }
  return walk;
}

absl::Status MovementWalk::ReadWindow() {
  if (const std::string text = ArgumentOf(query_, "expected_close"); !text.empty()) {
    const auto window = query_.calendar().ParsePeriod(text);
    if (!window.ok()) {
      return domain::Refuse(v1::PARAMETER_INVALID, window.status().message(), "parameters.arguments[expected_close]");
    }
    window_ = *window;
  }
  asks_.owner = query_.world->options().sight != nullptr || NamesAny(query_, {"owner", "team", "unit"});
  asks_.expected_close = window_.has_value() || NamesAny(query_, {"expected_close"});
  return absl::OkStatus();
}

bool MovementWalk::InWindow(int64_t expected_close) const {
  if (!window_.has_value()) return true;
  if (expected_close == kNull) return false;
  return (!window_->first_day || expected_close >= *window_->first_day) &&
         (!window_->last_day || expected_close <= *window_->last_day);
}

absl::StatusOr<MovementWalk::End> MovementWalk::EndIn(const World& world) {
  End end;
  const Selection all = SelectIn(query_, world);
  const auto outcome = all.Field("outcome");
  const auto value = all.Column("value"), currency = all.Column("value_currency"), close = all.Column("expected_close");
  Exchange exchange(query_, world);
  const RowGroups groups = keys_.Group(all);
  const int64_t open = query_.texts->Find("open");
  for (size_t i = 0; i < all.size() && !query_.halt->AtStep(); ++i) {
    if (outcome->data[i] != open || !InWindow(close->data[i])) continue;
    Standing standing;
    standing.exists = true;
    SetPlace(groups, i, &standing);
    exchange.Convert(value->data[i], currency->data[i], world.moment().valid_at, &standing);
    end.emplace(all.record(i), standing);
  }
  return end;
}

absl::Status MovementWalk::ReadEnds() {
  const auto read = [&](const World& world, End* end) {
    auto found = EndIn(world);
    if (found.ok()) *end = *std::move(found);
    return found.status();
  };
  const WorldOptions& closing = query_.world->options();
  WorldOptions between = query_.opening->options();
  if (const auto done = read(*query_.opening, &opening_); !done.ok()) return done;
  restated_ = opening_;
  if (between.moment.position != closing.moment.position) {
    between.moment.position = closing.moment.position;
    if (const auto done = read(World(between, query_.texts.get()), &restated_); !done.ok()) return done;
  }
  // Rules can only reach what is asked about stages, teams and rates.
  ruled_ = restated_;
  if (query_.where != nullptr || keys_.grouped() || !closing.currency.empty()) {
    between.rules = closing.rules;
    if (const auto done = read(World(between, query_.texts.get()), &ruled_); !done.ok()) return done;
  }
  return read(*query_.world, &closing_);
}

void MovementWalk::AddState(const IntervalTable& table, uint32_t row, absl::Span<const int64_t> cuts,
                            std::vector<uint32_t>* rows) {
  int64_t begin = std::max(table.valid_from()[row], opening().valid_at);
  const int64_t end = std::min(table.valid_to()[row] - 1, query_.moment().valid_at);
  const auto add = [&](int64_t last) {
    rows->insert(rows->end(), 2, row);
    times_.push_back(begin);
    times_.push_back(last);
  };
  for (const int64_t cut : cuts) {
    if (cut <= begin || cut > end) continue;
    add(cut - 1);
    begin = cut;
  }
  add(end);
}

std::vector<uint32_t> MovementWalk::RowsToWalk(const IntervalTable& table) {
  const Moment& from = opening();
  const Moment& to = query_.moment();
  timeline_ = RecordTimeline::Until(table, to.position, to.valid_at);
  const StateColumns columns(table);
  const int64_t open = query_.texts->Find("open");
  MovementCuts cuts(query_);
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < timeline_.size(); ++i) {
    auto states = timeline_.rows(i);
    while (!states.empty() && table.valid_to()[states[0]] <= from.valid_at) states.remove_prefix(1);
    if (states.empty()) continue;
    // Most deals of an old tenant were closed long before: nothing moves them.
    const bool stays = states.size() == 1 && table.valid_from()[states[0]] <= from.valid_at;
    const bool counts = columns.At("outcome", states[0]) == open && columns.At("deleted", states[0]) != 1;
    if (stays && !counts && !opening_.contains(timeline_.record(i))) continue;
    const std::vector<int64_t> others = cuts.Of(timeline_.record(i));
    for (const uint32_t row : states) AddState(table, row, others, &rows);
    records_.push_back(timeline_.record(i));
    starts_.push_back(rows.size());
  }
  return rows;
}

// Flags of the states that the question asks for and may see; nullptr: all.
std::shared_ptr<const Values> MovementWalk::FittingOf(const Selection& walk) const {
  const auto fits = query_.where == nullptr ? nullptr : walk.Evaluate(query_.where);
  auto seen = SeenRows(walk);
  if (!seen) return fits;
  for (size_t i = 0; fits != nullptr && i < walk.size(); ++i) seen->data[i] &= fits->data[i] == 1;
  return std::make_shared<const Values>(*std::move(seen));
}

absl::Status MovementWalk::ReadStates() {
  starts_.push_back(0);
  const IntervalTable* table = query_.world->snapshot().table(query_.subject->id);
  if (table == nullptr) return absl::OkStatus();
  const std::vector<uint32_t> rows = RowsToWalk(*table);
  Selection walk(*query_.world, *query_.subject, rows);
  auto axis = std::make_shared<Values>();
  axis->type = Type::kTime;
  axis->data = times_;
  walk.SetAxis(axis);
  auto clock = std::make_shared<Values>(*axis);
  for (size_t i = 1; i < times_.size(); i += 2) clock->data[i] += times_[i] < query_.moment().valid_at;
  walk.SetTimes(axis, clock);
  const auto fits = FittingOf(walk);
  const auto stage_order = walk.Field("stage_order");
  const RowGroups groups = keys_.Group(walk, fits.get());
  const StateColumns columns(*table);
  const int64_t open = query_.texts->Find("open"), won = query_.texts->Find("won");
  Exchange exchange(query_, *query_.world);
  standings_.resize(rows.size());
  for (size_t i = 0; i < rows.size() && !query_.halt->AtStep(); ++i) {
    const uint32_t row = rows[i];
    Standing& standing = standings_[i];
    const int64_t outcome = columns.At("outcome", row);
    standing.exists = true;
    standing.deleted = columns.At("deleted", row) == 1;
    if (outcome != open) standing.outcome = outcome == won ? Standing::Outcome::kWon : Standing::Outcome::kLost;
    standing.fits = (fits == nullptr || fits->data[i] == 1) && InWindow(columns.At("expected_close", row));
    SetPlace(groups, i, &standing);
    if (stage_order->data[i] != kNull) standing.stage = static_cast<int>(stage_order->data[i]);
    standing.pipeline = columns.At("pipeline", row);
    standing.owner = columns.At("owner", row);
    standing.expected_close = columns.At("expected_close", row);
    // A state ends at the rates of the instant at which the next one begins: a rate that changes on the day of an event is a
    // revaluation, and no part of the event.
    const bool is_replaced = i % 2 == 1 && times_[i] < query_.moment().valid_at;
    exchange.Convert(columns.At("value", row), columns.At("value_currency", row), times_[i] + is_replaced, &standing);
  }
  return absl::OkStatus();
}

void MovementWalk::Way::SetGroup(int64_t group) {
  for (Standing* standing : {&opening, &restated, &ruled, &closing}) standing->group = group;
  for (Standing& standing : states) standing.group = group;
}

int64_t MovementWalk::PartOf(int64_t place) {
  const std::vector<Scalar> key = keys_.Cells(place);
  std::vector<int64_t> texts;
  for (size_t i = 0; i < key.size(); ++i) {
    if (keys_.is_set(i)) texts.push_back(key[i].number);
  }
  return part_numbers_.emplace(std::move(texts), static_cast<int64_t>(part_numbers_.size())).first->second;
}

void MovementWalk::SetPlace(const RowGroups& groups, size_t row, Standing* standing) {
  const auto of = groups.Of(row);
  if (!keys_.has_sets()) {
    standing->place = of[0];
    standing->group = keys_.WithoutSides(of[0]);
    return;
  }
  Places set;
  for (const int64_t place : of) set.emplace_back(PartOf(place), place);
  const auto [number, added] = set_numbers_.emplace(std::move(set), static_cast<int64_t>(sets_.size()));
  if (added) sets_.push_back(number->first);
  standing->group = number->second;
}

std::vector<int64_t> MovementWalk::PartsOf(const Way& way) const {
  std::vector<int64_t> all;
  const auto add = [&](const Standing& standing) {
    for (const auto& [part, place] : standing.exists ? sets_[standing.group] : Places()) all.push_back(part);
  };
  for (const Standing* standing : {&way.opening, &way.restated, &way.ruled, &way.closing}) add(*standing);
  for (const Standing& standing : way.states) add(standing);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

MovementWalk::Way MovementWalk::In(int64_t part, const Way& way) const {
  Way out = way;
  // false: it is in no group of the part.
  const auto enter = [&](Standing* standing) {
    for (const auto& [of, place] : sets_[standing->group]) {
      if (of != part) continue;
      standing->place = place;
      standing->group = keys_.WithoutSides(place);
      return true;
    }
    standing->place = Posting::kOutside;
    standing->group = GroupKeys::kTotal;
    return false;
  };
  for (Standing* end : {&out.opening, &out.restated, &out.ruled, &out.closing}) {
    if (end->exists && !enter(end)) *end = Standing();
  }
  for (Standing& state : out.states) state.fits &= enter(&state);
  return out;
}

void MovementWalk::BookStates(const Way& way, std::vector<Posting>* postings) const {
  Standing before;
  if (way.times[0] <= opening().valid_at) {
    // A deal that is there at the opening: what differs is a change of its other fields by the closing.
    before = way.ruled;
    before.fits = before.exists;
    before.exists = true;
    before.pipeline = way.states[0].pipeline;
  }
  size_t still = 0;  // since this state the question has seen no event
  BookEvent(asks_, before, way.states[0], way.times[0], postings);
  for (size_t i = 2; i < way.states.size(); i += 2) {
    std::vector<Posting> seen;
    BookEvent(asks_, way.states[i - 1], way.states[i], way.times[i], &seen);
    if (seen.empty()) continue;
    BookStill(way.states[still], way.states[i - 1], way.times[i - 1], postings);
    postings->insert(postings->end(), seen.begin(), seen.end());
    still = i;
  }
  BookStill(way.states[still], way.states.back(), way.times.back(), postings);
}

void MovementWalk::BookStill(const Standing& begins, const Standing& ends, int64_t at_micros, std::vector<Posting>* postings) {
  Standing revalued = begins;
  if (begins.inside() && ends.inside()) {
    revalued.bucket = ends.bucket;
    revalued.value_minor = ends.value_minor;
    BookDifference(MovementCategory::kRevaluation, begins, revalued, at_micros, postings);
  }
  BookDifference(MovementCategory::kRule, revalued, ends, at_micros, postings);
}

void MovementWalk::Book(const Way& way, std::vector<Posting>* postings) const {
  const int64_t from = opening().valid_at, to = query_.moment().valid_at;
  BookBalance(MovementCategory::kOpening, way.opening, from, postings);
  BookDifference(MovementCategory::kRestated, way.opening, way.restated, from, postings);
  BookDifference(MovementCategory::kRule, way.restated, way.ruled, from, postings);
  BookStates(way, postings);
  BookDifference(MovementCategory::kRule, way.states.back(), way.closing, to, postings);
  BookBalance(MovementCategory::kClosing, way.closing, to, postings);
}

void MovementWalk::ForEach(const Visitor& visit) const {
  std::vector<Posting> postings;
  for (size_t i = 0; i < records_.size() && !query_.halt->AtStep(); ++i) {
    const int64_t record = records_[i];
    const size_t first = starts_[i], count = starts_[i + 1] - starts_[i];
    Way way{Find(opening_, record), Find(restated_, record), Find(ruled_, record), Find(closing_, record), {},
            absl::MakeConstSpan(times_).subspan(first, count)};
    way.states.assign(standings_.begin() + first, standings_.begin() + first + count);
    postings.clear();
    if (!keys_.has_sets()) Book(way, &postings);
    for (const int64_t part : keys_.has_sets() ? PartsOf(way) : std::vector<int64_t>()) Book(In(part, way), &postings);
    if (keys_.has_sides()) {
      for (Posting& posting : postings) posting.group = keys_.Between(posting.group, posting.from, posting.to);
    }
    if (keys_.grouped()) {
      way.SetGroup(GroupKeys::kTotal);
      Book(way, &postings);
    }
    if (!postings.empty()) visit(record, postings);
  }
}

}  // namespace recount::projections
