// Probability, value in the report currency, weighted value (decisions.md 16, 17).
#include <limits>

#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "projections/engine/derived.h"
#include "projections/engine/functions.h"
#include "projections/engine/world_caches.h"

namespace recount::projections {
namespace {

constexpr uint32_t kCertain = 10000;

bool IsDealState(const Subject& subject) { return HasColumn(subject, "probability_bp"); }
// Whether a deal is open is said by its standing outcome alone.
bool HasState(const Subject& subject) {
  return HasColumn(subject, "state") || (HasColumn(subject, "outcome") && !HasColumn(subject, "withdrawn_at"));
}

// The day whose rate counts: of the outcome for closed deals, of valid_at for all else.
std::vector<int32_t> RateDays(const Selection& selection) {
  std::vector<int32_t> days(selection.size(), selection.world().rules().day);
  for (size_t i = 0; selection.has_times() && i < days.size(); ++i) days[i] = selection.world().caches().clock.DayOf(selection.clock(i));
  if (!HasColumn(selection.subject(), "outcome")) return days;
  const auto closed_at = selection.Field("closed_at");
  for (size_t i = 0; i < days.size(); ++i) {
    if (closed_at->data[i] != kNull) days[i] = selection.world().caches().clock.DayOf(closed_at->data[i]);
  }
  return days;
}

// Minor units of one row, weighed and converted in one rounding.
class Converter {
 public:
  explicit Converter(const Selection& selection)
      : world_(selection.world()), to_(world_.options().currency),
        to_code_(to_.empty() ? kNull : world_.texts().Code(to_)) {
    if (!to_.empty()) days_ = RateDays(selection);
  }

  void Convert(size_t i, int64_t minor, int64_t currency, uint32_t probability_bp, Values* out) {
    if (to_.empty() || currency == to_code_) {
      out->data[i] = domain::MultiplyRounded(minor, probability_bp, kCertain);
      out->currency[i] = currency;
      return;
    }
    const absl::string_view from = world_.texts().Text(currency);
    const auto rate = world_.RatesOn(days_[i]).Find(from, to_, days_[i]);
    if (!rate) {
      out->currency[i] = world_.texts().unconverted();
      return;
    }
    out->data[i] = ConvertedMinor(minor, probability_bp, *rate, from, to_);
    out->currency[i] = to_code_;
  }

 private:
  const World& world_;
  std::string to_;
  int64_t to_code_;
  std::vector<int32_t> days_;
};

Values Value(const Selection& selection) { return Converted(selection, "value"); }

Values Weighted(const Selection& selection) {
  Values out = Make(Type::kMoney, selection.size());
  const auto minor = selection.Column("value"), currency = selection.Column("value_currency");
  const Values probability = Probability(selection);
  Converter converter(selection);
  for (size_t i = 0; i < selection.size(); ++i) {
    if (minor->data[i] == kNull) continue;
    const bool known = probability.data[i] != kNull;
    converter.Convert(i, minor->data[i], currency->data[i], known ? static_cast<uint32_t>(probability.data[i]) : 0, &out);
    if (!known) out.data[i] = kNull;  // no weighted value, but in the row of its value's currency
  }
  return out;
}

Values IsOpen(const Selection& selection) {
  Values out = Make(Type::kFlag, selection.size());
  const auto state = selection.Column(HasColumn(selection.subject(), "outcome") ? "outcome" : "state");
  const int64_t open = selection.world().texts().Find("open");
  for (size_t i = 0; i < selection.size(); ++i) {
    if (state->data[i] != kNull) out.data[i] = state->data[i] == open;
  }
  return out;
}

}  // namespace

int64_t ConvertedMinor(int64_t minor, uint32_t probability_bp, const domain::RateTable::Rate& rate, absl::string_view from,
                       absl::string_view to) {
  const int64_t converted = domain::WeighAndConvert(minor, probability_bp, rate.rate_nanos, rate.inverse,
                                                    domain::MinorDigits(from).value_or(2), domain::MinorDigits(to).value_or(2));
  return converted == std::numeric_limits<int64_t>::max() ? kNull : converted;  // the least one is kNull already
}

Values Converted(const Selection& selection, absl::string_view column) {
  if (selection.world().options().currency.empty()) return *selection.Column(column);
  Values out = Make(Type::kMoney, selection.size());
  const auto minor = selection.Column(column), currency = selection.Column(absl::StrCat(column, "_currency"));
  Converter converter(selection);
  for (size_t i = 0; i < selection.size(); ++i) {
    if (minor->data[i] != kNull) converter.Convert(i, minor->data[i], currency->data[i], kCertain, &out);
  }
  return out;
}

Values Probability(const Selection& selection) {
  const World& world = selection.world();
  Values out = Make(Type::kInteger, selection.size());
  const auto by_hand = selection.Column("probability_bp"), position = selection.Column("probability_position");
  const auto pipeline = selection.Column("pipeline"), stage = selection.Column("stage"), outcome = selection.Column("outcome");
  const int64_t won = world.texts().Find("won"), lost = world.texts().Find("lost");
  StageLookup lookup(world);
  for (size_t i = 0; i < selection.size(); ++i) {
    if (outcome->data[i] == kNull) continue;
    if (outcome->data[i] == won || outcome->data[i] == lost) {
      out.data[i] = outcome->data[i] == won ? kCertain : 0;
    } else if (by_hand->data[i] != kNull) {
      out.data[i] = by_hand->data[i];
    } else {
      const bool own = world.options().as_recorded && position->data[i] != kNull;
      const Rules& rules = own ? world.RulesOf(position->data[i]) : world.rules();
      out.data[i] = lookup.Find(rules, pipeline->data[i], stage->data[i]).probability_bp;
    }
  }
  return out;
}

absl::Span<const DerivedField> MoneyFields() {
  static const DerivedField kFields[] = {
      {"value", Type::kMoney, "", "Value; in the report currency if one is asked for.", IsDealState, Value},
      {"probability", Type::kInteger, "", "Basis points: 10,000 won, 0 lost, else set by hand, else the stage's.", IsDealState,
       Probability},
      {"weighted", Type::kMoney, "", "Value by probability, rounded once, half to even.", IsDealState, Weighted},
      {"is_open", Type::kFlag, "", "No standing outcome; of a lead: not yet converted or disqualified.", HasState, IsOpen},
  };
  return kFields;
}

}  // namespace recount::projections
