// The shape of movements: opening, what came and went, closing (decisions.md 18).
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/movement_walk.h"
#include "projections/engine/shape.h"

namespace recount::projections {
namespace {

using Category = MovementCategory;

constexpr absl::string_view kMeasures[] = {"deals", "value", "changes"};

struct Line {
  int64_t count = 0, changes = 0;
  absl::int128 value_minor = 0;
  void Add(const Posting& posting) {
    count += posting.count;
    value_minor += posting.value_minor;
    changes += posting.changes;
  }
};
using Block = std::map<Category, Line>;                          // of one group and one bucket
using Blocks = std::map<std::pair<int64_t, int64_t>, Block>;     // by group and bucket

bool HasValue(const Query& query, int64_t bucket) { return bucket != kNull && bucket != query.texts->unconverted(); }

Scalar CellOf(const Query& query, absl::string_view measure, const Line& line, int64_t bucket) {
  if (measure == "deals") return {line.count};
  if (measure == "changes") return {line.changes};
  const bool fits = line.value_minor > kNull && line.value_minor <= std::numeric_limits<int64_t>::max();
  return HasValue(query, bucket) && fits ? Scalar{static_cast<int64_t>(line.value_minor), 0, bucket} : Scalar();
}

// Everything but the closing adds up to the closing, in each group and currency; between two places only in the whole.
absl::Status CheckBalance(const Query& query, const GroupKeys& keys, const Blocks& blocks) {
  for (const auto& [place, block] : blocks) {
    if (keys.has_sides() && place.first != GroupKeys::kTotal) continue;
    Line sum, closing;
    for (const auto& [category, line] : block) {
      Line& side = category == Category::kClosing ? closing : sum;
      side.count += line.count;
      side.value_minor += line.value_minor;
    }
    if (sum.count == closing.count && sum.value_minor == closing.value_minor) continue;
    std::ostringstream text;  // absl::StrCat takes no int128
    text << "The movement does not balance: opening and movements are " << sum.count << " deals and " << sum.value_minor
         << " minor units, the closing is " << closing.count << " and " << closing.value_minor << " ("
         << (HasValue(query, place.second) ? query.texts->Text(place.second) : "no value") << "). This is an error of the program.";
    return absl::InternalError(text.str());
  }
  return absl::OkStatus();
}

// Some rows mean something only where they are asked for.
bool Applies(const Query& query, const MovementAsks& asks, Category category) {
  switch (category) {
    case Category::kPulledIn:
    case Category::kPushedOut: return asks.expected_close;
    case Category::kTransferredIn:
    case Category::kTransferredOut: return asks.owner;
    case Category::kRevaluation: return !query.world->options().currency.empty();
    case Category::kRestated: return query.opening->moment().position != query.moment().position;
    default: return true;
  }
}

class MovementShape : public Shape {
 public:
  absl::Status Check(const v1::ReportDefinition& definition) const override {
    if (definition.subject() != "deal_state") {
      return domain::Refuse(v1::DEFINITION_INVALID, "A movement follows deals: its subject is `deal_state`.", "subject");
    }
    for (const v1::Dimension& dimension : definition.dimensions()) {
      if (dimension.side() == v1::MOVEMENT_SIDE_UNSPECIFIED || dimension.expr() == "stage") continue;
      return domain::Refuse(v1::DEFINITION_INVALID, "Only the `stage` has a side: other changes are movements of their own.",
                            absl::StrCat("dimensions[", dimension.id(), "].side"));
    }
    for (const v1::Measure& measure : definition.measures()) {
      if (std::find(std::begin(kMeasures), std::end(kMeasures), measure.id()) == std::end(kMeasures)) {
        return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("A movement has no measure `", measure.id(), "`."),
                              absl::StrCat("measures[", measure.id(), "]"));
      }
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Answer> Run(const Query& query) const override;
  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override;
};

std::vector<AnswerColumn> ColumnsOf(const Query& query, const MovementWalk& walk) {
  const v1::MovementShape& shape = query.definition->movement();
  std::vector<AnswerColumn> columns = walk.keys().Columns();
  for (size_t i = 0; i < columns.size(); ++i) DescribeKey(query, *query.group_by[i].expr, &columns[i]);
  columns.push_back(KeyColumn(query, shape.currency(), Type::kText));
  columns.back().names_currency = true;
  columns.push_back(KeyColumn(query, shape.category(), Type::kText));
  for (int i = 0; i < kMovementCategories; ++i) {
    const int64_t code = query.texts->Code(MovementCategoryId(static_cast<Category>(i)));
    columns.back().order.emplace_back(kNull, code);
    for (const v1::Dimension& category : shape.categories()) {
      if (category.id() != query.texts->Text(code)) continue;
      columns.back().labels.emplace(Term(kNull, code), LabelOf(category.labels(), query.language));
    }
  }
  for (const int shown : query.shown) {
    const v1::Measure& measure = *query.all_measures[shown].measure;
    columns.push_back(MeasureColumn(query, measure, measure.id() == "value" ? Type::kMoney : Type::kInteger));
    columns.back().column.set_non_additive(walk.keys().has_sets());
  }
  return columns;
}

// Currencies by their letters; what has no value or no rate last.
std::vector<int64_t> BucketsOf(const Query& query, const Blocks& blocks, int64_t group) {
  std::vector<int64_t> buckets;
  for (const auto& [place, block] : blocks) {
    if (place.first == group) buckets.push_back(place.second);
  }
  const auto rank = [&](int64_t bucket) {
    return std::make_pair(HasValue(query, bucket) ? 0 : bucket == kNull ? 2 : 1,
                          HasValue(query, bucket) ? query.texts->Text(bucket) : std::string());
  };
  std::sort(buckets.begin(), buckets.end(), [&](int64_t a, int64_t b) { return rank(a) < rank(b); });
  return buckets;
}

absl::StatusOr<Answer> MovementShape::Run(const Query& query) const {
  const auto walk = MovementWalk::Make(query);
  if (!walk.ok()) return walk.status();
  Blocks blocks;
  (*walk)->ForEach([&](int64_t record, absl::Span<const Posting> postings) {
    for (const Posting& posting : postings) blocks[{posting.group, posting.bucket}][posting.category].Add(posting);
  });
  const bool of_nothing = blocks.empty();
  if (of_nothing) {  // an empty pipeline is a movement too: zeros, of money in the report currency if there is one
    const std::string& currency = query.world->options().currency;
    blocks[{(*walk)->keys().grouped() ? GroupKeys::kTotal : 0, currency.empty() ? kNull : query.texts->Code(currency)}];
  }
  if (const absl::Status balance = CheckBalance(query, (*walk)->keys(), blocks); !balance.ok()) return balance;

  Answer answer;
  answer.columns = ColumnsOf(query, **walk);
  for (const int64_t group : (*walk)->keys().InOrder()) {
    for (const int64_t bucket : BucketsOf(query, blocks, group)) {
      Block& block = blocks[{group, bucket}];
      for (int i = 0; i < kMovementCategories; ++i) {
        const Category category = static_cast<Category>(i);
        const bool between = (*walk)->keys().has_sides() && group != GroupKeys::kTotal;
        if (!block.contains(category) && (between || !Applies(query, (*walk)->asks(), category))) continue;
        AnswerRow row;
        row.is_total = group == GroupKeys::kTotal;
        row.of_nothing = of_nothing;
        row.cells = (*walk)->keys().Cells(group);
        row.cells.push_back({bucket});
        row.cells.push_back({query.texts->Code(MovementCategoryId(category))});
        for (const int shown : query.shown) {
          row.cells.push_back(CellOf(query, query.all_measures[shown].measure->id(), block[category], bucket));
        }
        answer.rows.push_back(std::move(row));
      }
    }
  }
  return answer;
}

absl::StatusOr<Explanation> MovementShape::Explain(const Query& query, const CellAddress& cell) const {
  const auto walk = MovementWalk::Make(query);
  if (!walk.ok()) return walk.status();
  const size_t dimensions = query.group_by.size();
  if (cell.key.size() != dimensions + 2 || cell.key[dimensions + 1].number == kNull) {
    return domain::Refuse(v1::TOKEN_INVALID, "The cell id names no row of a movement.", "cell_id");
  }
  const int64_t bucket = cell.key[dimensions].number;
  const absl::string_view category = query.texts->Text(cell.key[dimensions + 1].number);
  // Changes between two places get their numbers while they are visited.
  const auto group = [&] {
    return cell.is_total ? GroupKeys::kTotal : (*walk)->keys().Find(absl::MakeConstSpan(cell.key).subspan(0, dimensions));
  };
  Explanation explanation;
  explanation.type = cell.column == "value" ? Type::kMoney : Type::kInteger;
  explanation.formula = absl::StrCat(cell.column == "value" ? "sum(value" : cell.column == "deals" ? "count(deal" : "count(change",
                                     " where category = \"", category, "\")");
  if (const v1::Measure* measure = FindMeasure(*query.definition, cell.column)) explanation.definition = measure->definition();
  Line sum;
  (*walk)->ForEach([&](int64_t record, absl::Span<const Posting> postings) {
    Line brings;
    const int64_t own = group();
    for (const Posting& posting : postings) {
      if (posting.group != own || posting.bucket != bucket || MovementCategoryId(posting.category) != category) continue;
      brings.Add(posting);
      sum.Add(posting);
    }
    if (brings.changes == 0) return;
    Contribution contribution;
    contribution.record = record;
    contribution.value = CellOf(query, cell.column, brings, bucket);
    explanation.contributions.push_back(contribution);
  });
  explanation.value = CellOf(query, cell.column, sum, bucket);
  return explanation;
}

}  // namespace

const Shape& MovementReports() {
  static const MovementShape shape;
  return shape;
}

}  // namespace recount::projections
