// The aggregate shape: groups and measures.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "projections/engine/aggregate.h"
#include "projections/engine/bands.h"
#include "projections/engine/compare.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/notes.h"
#include "projections/engine/shape.h"
#include "projections/engine/tally.h"

namespace recount::projections {
namespace {

// (group, currency) of a row.
using RowKey = std::pair<int64_t, int64_t>;

class Table {
 public:
  Table(const Query& query, Aggregation* counting) : query_(query), counting_(*counting) {
    for (const int index : query.shown) {
      const QueryMeasure& measure = query.all_measures[index];
      if (!IsMadeOfMeasures(measure.measure->function()) || measure.measure->function() == v1::FUNCTION_RATIO) continue;
      of_the_whole_.insert(measure.numerator);
      if (measure.denominator >= 0) of_the_whole_.insert(measure.denominator);
    }
  }

  Answer Make() {
    if (!counting_.by_measure_axis()) {
      const MeasureRecords& all = counting_.All();
      for (size_t i = 0; i < all.selection->size() && !query_.halt->AtStep(); ++i) Touch(all, i);
    }
    for (const int index : counting_.counted()) Count(index);
    const bool of_nothing = rows_.empty();
    if (of_nothing) Cells({GroupKeys::kTotal, CurrencyOfNothing()});
    Answer answer;
    AddColumns(&answer);
    for (auto& [key, tallies] : rows_) answer.rows.push_back(Row(key, tallies));
    answer.rows.back().of_nothing = of_nothing;
    AddNotes(query_, counting_, &answer.notes);
    return answer;
  }

 private:
  // There is a total even of nothing: counts are 0, sums of money 0 in the report currency, and without one there is no value.
  int64_t CurrencyOfNothing() const {
    const std::string& currency = query_.world->options().currency;
    return counting_.split() && !currency.empty() ? query_.texts->Code(currency) : kNull;
  }

  std::vector<Tally>& Cells(const RowKey& key) {
    std::vector<Tally>& tallies = rows_[key];
    if (tallies.empty()) tallies.resize(query_.all_measures.size());
    return tallies;
  }

  // A record makes its rows, also where no measure counts it.
  void Touch(const MeasureRecords& records, size_t i) {
    if (counting_.keys().grouped()) {
      for (const int64_t group : records.groups->Of(i)) Cells({group, records.Currency(i)});
    }
    Cells({GroupKeys::kTotal, records.Currency(i)});
  }

  void Count(int index) {
    const MeasureRecords& records = counting_.RecordsOf(index);
    const bool keep = KeepsValues(query_.all_measures[index].measure->function());
    const bool grouped = counting_.keys().grouped();
    for (size_t i = 0; i < records.selection->size() && !query_.halt->AtStep(); ++i) {
      if (!records.Counts(i)) continue;
      const int64_t value = records.Value(i), currency = records.Currency(i);
      if (grouped) {
        for (const int64_t group : records.groups->Of(i)) Cells({group, currency})[index].Add(value, keep);
      }
      Cells({GroupKeys::kTotal, currency})[index].Add(value, keep);
    }
  }

  void AddColumns(Answer* answer) {
    answer->columns = counting_.keys().Columns();
    for (size_t i = 0; i < answer->columns.size(); ++i) {
      DescribeKey(query_, *query_.group_by[i].expr, &answer->columns[i]);
      OrderBands(query_, *query_.group_by[i].expr, &answer->columns[i]);
    }
    if (counting_.split()) answer->columns.push_back(CurrencyColumn(query_));
    for (const int index : query_.shown) {
      const QueryMeasure& measure = query_.all_measures[index];
      answer->columns.push_back(MeasureColumn(query_, *measure.measure, measure.type));
      const bool adds = measure.measure->function() == v1::FUNCTION_COUNT || measure.measure->function() == v1::FUNCTION_SUM;
      answer->columns.back().column.set_non_additive(!adds || counting_.keys().has_sets());
    }
  }

  AnswerRow Row(const RowKey& key, std::vector<Tally>& tallies) {
    AnswerRow row;
    row.is_total = key.first == GroupKeys::kTotal;
    row.cells = counting_.keys().Cells(key.first);
    if (counting_.split()) row.cells.push_back({key.second, 0, kNull});
    std::map<int, Scalar> done, whole;
    for (const int index : counting_.counted()) done[index] = Finish(index, key.second, tallies);
    for (const int index : of_the_whole_) whole[index] = Finish(index, key.second, Cells({GroupKeys::kTotal, key.second}));
    for (const int index : query_.shown) {
      const QueryMeasure& measure = query_.all_measures[index];
      switch (measure.measure->function()) {
        case v1::FUNCTION_RATIO:
          row.cells.push_back(RatioOf(done[measure.numerator], done[measure.denominator]));
          break;
        case v1::FUNCTION_SHARE:
          row.cells.push_back(RatioOf(done[measure.numerator], whole[measure.numerator]));
          break;
        case v1::FUNCTION_BELOW_OTHERS:
          row.cells.push_back(BelowOthers({done[measure.numerator], done[measure.denominator]},
                                          {whole[measure.numerator], whole[measure.denominator]}));
          break;
        default:
          row.cells.push_back(done[index]);
      }
    }
    return row;
  }

  Scalar Finish(int index, int64_t currency, std::vector<Tally>& tallies) {
    const QueryMeasure& measure = query_.all_measures[index];
    // Money in no currency is none.
    const bool nowhere = currency == kNull || currency == query_.texts->unconverted();
    if (measure.type == Type::kMoney && nowhere) return Scalar();
    return tallies[index].Finish(*measure.measure, measure.type == Type::kMoney ? currency : kNull);
  }

  const Query& query_;
  Aggregation& counting_;
  std::map<RowKey, std::vector<Tally>> rows_;
  std::set<int> of_the_whole_;  // measures of which a row needs the total's, too
};

class AggregateShape : public Shape {
 public:
  absl::StatusOr<Answer> Run(const Query& query) const override {
    Aggregation counting(query);
    return Table(query, &counting).Make();
  }
  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override {
    return ExplainAggregate(query, cell);
  }
};

}  // namespace

Scalar RatioOf(const Scalar& numerator, const Scalar& denominator) {
  Scalar out;
  if (numerator.number == kNull || denominator.number == kNull || denominator.number == 0) return out;
  out.number = numerator.number;
  out.denominator = denominator.number;
  // A median that falls between: double the other side instead of halving.
  if (numerator.denominator == 2 && __builtin_mul_overflow(out.denominator, 2, &out.denominator)) return Scalar();
  if (denominator.denominator == 2 && __builtin_mul_overflow(out.number, 2, &out.number)) return Scalar();
  if (denominator.currency == kNull) out.currency = numerator.currency;
  return out;
}

Scalar BelowOthers(const Mean& group, const Mean& whole) {
  for (const Scalar& part : {group.sum, group.count, whole.sum, whole.count}) {
    if (part.number == kNull) return Scalar();
  }
  const absl::int128 sum = absl::int128(whole.sum.number) - group.sum.number;
  const absl::int128 count = absl::int128(whole.count.number) - group.count.number;
  if (group.count.number == 0 || count == 0 || sum == 0) return Scalar();
  // 1 - (group's sum / count) / (others' sum / count)
  return Reduced(sum * group.count.number - count * group.sum.number, sum * group.count.number);
}

const Shape& AggregateReports() {
  static const AggregateShape* const shape = new AggregateShape();
  return *shape;
}

}  // namespace recount::projections
