#include "projections/engine/explain_change.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "projections/engine/compare.h"
#include "projections/engine/group_keys.h"

namespace recount::projections {
namespace {

// Both sides of what a record brings; a side in which it is not brings nothing.
struct Sides {
  Contribution left, right;
};

class Change {
 public:
  Change(const Query& first, const Query& second) : first_(first), second_(second), forward_(IsForward(first, second)) {}

  Explanation Of(bool adds_up, Explanation left, Explanation right) {
    Translate(&right);
    Explanation change = left;
    change.value = Minus(left.value, right.value, left.is_ratio);
    change.formula = forward_ ? absl::StrCat("compared ", right.formula, " - ", left.formula)
                              : absl::StrCat(left.formula, " - compared ", right.formula);
    change.contributions.clear();
    for (Sides& sides : Pair(std::move(left.contributions), std::move(right.contributions))) {
      Contribution both = Joined(sides);
      if (!adds_up) {
        BothSides(sides, &both);
      } else if (!Subtract(sides, &both)) {
        continue;
      }
      change.contributions.push_back(std::move(both));
    }
    return change;
  }

 private:
  int64_t Translated(int64_t code) const { return code == kNull ? kNull : first_.texts->Code(second_.texts->Text(code)); }
  void Translate(Explanation* right) const {
    const Type type = right->contribution_type == Type::kNull ? right->type : right->contribution_type;
    right->value.currency = Translated(right->value.currency);
    for (Contribution& contribution : right->contributions) {
      contribution.record = Translated(contribution.record);
      for (Scalar* scalar : {&contribution.value, &contribution.numerator, &contribution.denominator}) {
        scalar->currency = Translated(scalar->currency);
        if (!right->is_ratio && IsText(type)) scalar->number = Translated(scalar->number);
      }
    }
  }

  Scalar Minus(const Scalar& left, const Scalar& right, bool is_ratio) const {
    return forward_ ? Difference(right, left, is_ratio) : Difference(left, right, is_ratio);
  }

  static std::vector<Sides> Pair(std::vector<Contribution> left, std::vector<Contribution> right) {
    std::vector<Sides> sides;
    std::map<int64_t, size_t> places;
    const auto add = [&](std::vector<Contribution> contributions, Contribution Sides::*side) {
      for (Contribution& contribution : contributions) {
        const auto [place, added] = places.try_emplace(contribution.record, sides.size());
        if (added) sides.emplace_back();
        sides[place->second].*side = std::move(contribution);
      }
    };
    add(std::move(left), &Sides::left);
    add(std::move(right), &Sides::right);
    return sides;
  }

  static Contribution Joined(const Sides& sides) {
    Contribution both;
    both.record = sides.left.record == kNull ? sides.right.record : sides.left.record;
    both.events = sides.left.events;
    for (const int64_t event : sides.right.events) {
      if (std::find(both.events.begin(), both.events.end(), event) == both.events.end()) both.events.push_back(event);
    }
    return both;
  }

  static void BothSides(const Sides& sides, Contribution* both) {
    both->value = sides.left.value;
    both->numerator = sides.left.numerator;
    both->denominator = sides.left.denominator;
    both->rank = sides.left.rank;
    both->compared_value = sides.right.value;
    both->compared_numerator = sides.right.numerator;
    both->compared_denominator = sides.right.denominator;
    both->compared_rank = sides.right.rank;
  }

  // False: no difference. What has no value adds nothing.
  bool Subtract(const Sides& sides, Contribution* both) const {
    Scalar left = sides.left.value, right = sides.right.value;
    if (left.number == kNull) left = {0, 0, right.currency};
    if (right.number == kNull) right = {0, 0, left.currency};
    both->value = Minus(left, right, false);
    return both->value.number != 0;
  }

  const Query& first_;
  const Query& second_;
  const bool forward_;
};

// A measure of no function is a column of a list: its one record is all that there is.
bool AddsUp(const Query& query, const std::string& column, bool is_ratio) {
  const v1::Measure* measure = FindMeasure(*query.definition, column);
  return !is_ratio && (measure == nullptr || measure->function() == v1::FUNCTION_COUNT || measure->function() == v1::FUNCTION_SUM);
}

}  // namespace

Explanation ExplainChange(const std::string& column, const Query& first, Explanation left, const Query& second, Explanation right) {
  const bool adds_up = AddsUp(first, column, left.is_ratio);
  return Change(first, second).Of(adds_up, std::move(left), std::move(right));
}

}  // namespace recount::projections
