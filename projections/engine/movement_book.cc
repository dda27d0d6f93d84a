#include "projections/engine/movement_book.h"

namespace recount::projections {
namespace {

using Category = MovementCategory;

int64_t PlaceOf(const Standing& standing) { return standing.inside() ? standing.place : Posting::kOutside; }

struct Book {
  Book(int64_t at_micros, const Standing& before, const Standing& after, std::vector<Posting>* postings)
      : at_micros(at_micros), from(PlaceOf(before)), to(PlaceOf(after)), postings(postings) {}
  int64_t at_micros, from, to;
  std::vector<Posting>* postings;

  void Post(Category category, const Standing& where, int64_t count, int64_t value_minor) {
    postings->push_back({category, where.group, where.bucket, count, value_minor, 1, at_micros, from, to});
  }
  void Enter(Category category, const Standing& after) { Post(category, after, 1, after.value_minor); }
  void Leave(Category category, const Standing& before) { Post(category, before, -1, -before.value_minor); }
  // In another currency nothing can be added: the record leaves the one bucket and enters the other.
  void Revalue(const Standing& before, const Standing& after) {
    if (before.bucket != after.bucket) {
      Leave(Category::kDecreased, before);
      Enter(Category::kIncreased, after);
      return;
    }
    const int64_t difference = after.value_minor - before.value_minor;
    if (difference > 0) Post(Category::kIncreased, after, 0, difference);
    if (difference < 0) Post(Category::kDecreased, after, 0, difference);
  }
};

struct Ways {
  Category in, out;
};

Ways MovedBecause(const MovementAsks& asks, const Standing& before, const Standing& after) {
  if (before.pipeline != after.pipeline) return {Category::kMovedIn, Category::kMovedOut};
  if (asks.owner && before.owner != after.owner) return {Category::kTransferredIn, Category::kTransferredOut};
  if (asks.expected_close && before.expected_close != after.expected_close) {
    return {Category::kPulledIn, Category::kPushedOut};
  }
  return {Category::kMovedIn, Category::kMovedOut};
}

Category ReasonToEnter(const MovementAsks& asks, const Standing& before, const Standing& after) {
  if (!before.exists) return Category::kNew;
  if (before.deleted || before.outcome != Standing::Outcome::kOpen) return Category::kReopened;
  return MovedBecause(asks, before, after).in;
}

Category ReasonToLeave(const MovementAsks& asks, const Standing& before, const Standing& after) {
  if (after.deleted) return Category::kRemoved;
  if (after.outcome == Standing::Outcome::kWon) return Category::kWon;
  if (after.outcome == Standing::Outcome::kLost) return Category::kLost;
  return MovedBecause(asks, before, after).out;
}

// From one group to another with the value it had there.
Standing Regroup(const MovementAsks& asks, const Standing& before, const Standing& after, Book* book) {
  if (before.group == after.group) return before;
  const Ways ways = MovedBecause(asks, before, after);
  book->Leave(ways.out, before);
  Standing there = before;
  there.group = after.group;
  book->Enter(ways.in, there);
  return there;
}

}  // namespace

absl::string_view MovementCategoryId(MovementCategory category) {
  switch (category) {
    case Category::kOpening: return "opening";
    case Category::kRestated: return "restated";
    case Category::kRule: return "rule";
    case Category::kNew: return "new";
    case Category::kReopened: return "reopened";
    case Category::kIncreased: return "increased";
    case Category::kPulledIn: return "pulled_in";
    case Category::kTransferredIn: return "transferred_in";
    case Category::kMovedIn: return "moved_in";
    case Category::kWon: return "won";
    case Category::kLost: return "lost";
    case Category::kRemoved: return "removed";
    case Category::kDecreased: return "decreased";
    case Category::kPushedOut: return "pushed_out";
    case Category::kTransferredOut: return "transferred_out";
    case Category::kMovedOut: return "moved_out";
    case Category::kRevaluation: return "revaluation";
    case Category::kAdvanced: return "advanced";
    case Category::kRegressed: return "regressed";
    case Category::kClosing: return "closing";
  }
  return "";
}

void BookEvent(const MovementAsks& asks, const Standing& before, const Standing& after, int64_t at_micros,
               std::vector<Posting>* postings) {
  Book book(at_micros, before, after, postings);
  if (before.inside() && after.inside()) {
    book.Revalue(Regroup(asks, before, after, &book), after);
    if (before.stage >= 0 && after.stage >= 0 && before.pipeline == after.pipeline && before.stage != after.stage) {
      book.Post(after.stage > before.stage ? Category::kAdvanced : Category::kRegressed, after, 0, 0);
    }
  } else if (before.inside()) {
    Standing leaving = after;
    leaving.group = before.group;
    book.Revalue(before, leaving);
    book.Leave(ReasonToLeave(asks, before, after), leaving);
  } else if (after.inside()) {
    book.Enter(ReasonToEnter(asks, before, after), after);
  } else if (!before.exists && after.exists && after.fits) {
    book.Enter(Category::kNew, after);
    book.Leave(ReasonToLeave(asks, before, after), after);
  }
}

void BookDifference(MovementCategory category, const Standing& before, const Standing& after, int64_t at_micros,
                    std::vector<Posting>* postings) {
  Book book(at_micros, before, after, postings);
  if (before.inside() && after.inside() && before.group == after.group && before.bucket == after.bucket) {
    const int64_t difference = after.value_minor - before.value_minor;
    if (difference != 0) book.Post(category, after, 0, difference);
    return;
  }
  if (before.inside()) book.Leave(category, before);
  if (after.inside()) book.Enter(category, after);
}

void BookBalance(MovementCategory end, const Standing& standing, int64_t at_micros, std::vector<Posting>* postings) {
  if (standing.inside()) Book(at_micros, standing, standing, postings).Enter(end, standing);
}

}  // namespace recount::projections
