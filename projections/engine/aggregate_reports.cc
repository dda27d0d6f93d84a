// The aggregate shape: groups and measures.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "domain/money.h"
#include "projections/engine/aggregate.h"
#include "projections/engine/bands.h"
#include "projections/engine/compare.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/notes.h"
#include "projections/engine/parts.h"
#include "projections/engine/shape.h"
#include "projections/engine/tally.h"

namespace recount::projections {
namespace {

// (group, currency) of a row.
using RowKey = std::pair<int64_t, int64_t>;

// Rows of an answer, numbered as they are met.
class RowNumbers {
 public:
  uint32_t Of(int64_t group, int64_t currency) {
    Known& known = known_[static_cast<uint64_t>(currency) % known_.size()];
    if (!known.is_known || known.currency != currency) known = {currency, PlaceOf(currency), true};
    const size_t place = static_cast<size_t>(group - GroupKeys::kTotal);
    std::vector<uint32_t>& of_currency = numbers_[known.place];
    if (place >= of_currency.size()) of_currency.resize(std::max(place + 1, of_currency.size() * 2), kNone);
    uint32_t& number = of_currency[place];
    if (number == kNone) {
      number = static_cast<uint32_t>(keys_.size());
      keys_.emplace_back(group, currency);
    }
    return number;
  }
  const RowKey& KeyOf(uint32_t number) const { return keys_[number]; }
  size_t size() const { return keys_.size(); }
  // By group, the total first, and currency.
  std::vector<uint32_t> InOrder() const {
    std::vector<uint32_t> order(keys_.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) { return keys_[a] < keys_[b]; });
    return order;
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Known {
    int64_t currency = 0;
    size_t place = 0;
    bool is_known = false;
  };

  size_t PlaceOf(int64_t currency) {
    const size_t place = std::find(currencies_.begin(), currencies_.end(), currency) - currencies_.begin();
    if (place == currencies_.size()) {
      currencies_.push_back(currency);
      numbers_.emplace_back();
    }
    return place;
  }

  std::vector<int64_t> currencies_;
  std::array<Known, 16> known_;                 // places in currencies_, each at its currency's remainder
  std::vector<std::vector<uint32_t>> numbers_;  // by currency and group
  std::vector<RowKey> keys_;
};

class Table {
 public:
  Table(const Query& query, Aggregation* counting)
      : query_(query), counting_(*counting), notes_(query), tallies_(query.all_measures.size()) {
    for (const int index : query.shown) {
      const QueryMeasure& measure = query.all_measures[index];
      if (!IsMadeOfMeasures(measure.measure->function()) || measure.measure->function() == v1::FUNCTION_RATIO) continue;
      of_the_whole_.insert(measure.numerator);
      if (measure.denominator >= 0) of_the_whole_.insert(measure.denominator);
    }
  }

  Answer Make() {
    CountAll();
    AddTotals();
    const bool of_nothing = rows_.size() == 0;
    if (of_nothing) rows_.Of(GroupKeys::kTotal, CurrencyOfNothing());
    for (auto& column : tallies_) column.resize(rows_.size());
    Answer answer;
    AddColumns(&answer);
    for (const uint32_t row : rows_.InOrder()) answer.rows.push_back(Row(row));
    answer.rows.back().of_nothing = of_nothing;
    notes_.Write(false, &answer.notes);
    return answer;
  }

 private:
  void CountAll() {
    Parts parts(counting_.parts());
    const Help help = parts.size() > 1 ? Help::Ask() : Help();
    const std::unique_ptr<Query> query = help.granted() ? ForHelper(query_) : nullptr;
    if (query == nullptr) return CountParts(&parts);
    Aggregation counting(*query, counting_);
    Table helper(*query, &counting);
    std::thread thread([&] { helper.CountParts(&parts); });
    CountParts(&parts);
    thread.join();
    Take(helper);
  }

  void CountParts(Parts* parts) {
    for (auto part = parts->Next(); part && !query_.halt->AskNow(); part = parts->Next()) {
      counting_.GoTo(*part);
      if (!counting_.by_measure_axis()) MakeRows(counting_.All());
      for (const int index : counting_.counted()) Count(index);
      notes_.LookAtMeasures(&counting_);
    }
  }

  // What another one counted of other parts.
  void Take(Table& other) {
    TakeCounted(other.query_, query_);
    counting_.keys().TakeTypes(other.counting_.keys());
    for (uint32_t row = 0; row < other.rows_.size(); ++row) {
      const RowKey key = other.rows_.KeyOf(row);
      const uint32_t here = rows_.Of(counting_.keys().Take(other.counting_.keys(), key.first), key.second);
      for (size_t i = 0; i < tallies_.size(); ++i) {
        if (row < other.tallies_[i].size()) At(&tallies_[i], here).Add(other.tallies_[i][row]);
      }
    }
    added_up_.insert(other.added_up_.begin(), other.added_up_.end());
    notes_.Take(other.notes_);
  }

  // A record makes its rows, also where no measure counts it.
  void MakeRows(const MeasureRecords& all) {
    if (Adds(all)) {
      NumberRows(all);
      return;
    }
    for (size_t i = 0; i < all.selection->size() && !query_.halt->AtStep(); ++i) {
      for (const int64_t group : GroupsOf(all, i)) rows_.Of(group, all.Currency(i));
      rows_.Of(GroupKeys::kTotal, all.Currency(i));
    }
  }

  // The row of the answer of each record, which is in one group; measures that count where the last one did have the same.
  const std::vector<uint32_t>& NumberRows(const MeasureRecords& records) {
    if (numbered_.selection != nullptr && numbered_.CountsWhere(records)) return numbers_;
    numbered_ = records;
    numbers_.resize(records.selection->size());
    for (size_t i = 0; i < numbers_.size(); ++i) numbers_[i] = rows_.Of(GroupsOf(records, i)[0], records.Currency(i));
    return numbers_;
  }

  // There is a total even of nothing: counts are 0, sums of money 0 in the report currency, and without one there is no value.
  int64_t CurrencyOfNothing() const {
    const std::string& currency = query_.world->options().currency;
    return counting_.split() && !currency.empty() ? query_.texts->Code(currency) : kNull;
  }

  // Groups that a record counts in; of an answer without groups the total.
  absl::Span<const int64_t> GroupsOf(const MeasureRecords& records, size_t i) const {
    static constexpr int64_t kWhole[] = {GroupKeys::kTotal};
    return counting_.keys().grouped() ? records.groups->Of(i) : absl::MakeConstSpan(kWhole);
  }
  // The total is the sum of the groups: none counts what another does.
  bool Adds(const MeasureRecords& records) const { return !counting_.keys().grouped() || records.groups->single(); }

  Tally& At(std::vector<Tally>* column, uint32_t row) {
    if (row >= column->size()) column->resize(rows_.size());
    return (*column)[row];
  }

  void Count(int index) {
    const MeasureRecords& records = counting_.RecordsOf(index);
    const bool keep = KeepsValues(query_.all_measures[index].measure->function());
    const bool adds = Adds(records);
    std::vector<Tally>* const column = &tallies_[index];
    if (adds) {
      CountInOne(records, NumberRows(records), keep, column);
      if (counting_.keys().grouped()) added_up_.insert(index);
      return;
    }
    for (size_t i = 0; i < records.selection->size() && !query_.halt->AtStep(); ++i) {
      if (!records.Counts(i)) continue;
      const int64_t value = records.Value(i), currency = records.Currency(i);
      for (const int64_t group : GroupsOf(records, i)) At(column, rows_.Of(group, currency)).Add(value, keep);
      At(column, rows_.Of(GroupKeys::kTotal, currency)).Add(value, keep);
    }
  }

  void CountInOne(const MeasureRecords& records, const std::vector<uint32_t>& numbers, bool keep, std::vector<Tally>* column) {
    if (column->size() < rows_.size()) column->resize(rows_.size());
    const bool all = records.counts == nullptr;
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (all || records.counts->data[i] == 1) (*column)[numbers[i]].Add(records.Value(i), keep);
    }
  }

  void AddTotals() {
    if (!counting_.keys().grouped()) return;
    const size_t rows = rows_.size();
    for (uint32_t row = 0; row < rows; ++row) {
      const RowKey key = rows_.KeyOf(row);
      if (key.first == GroupKeys::kTotal) continue;
      const uint32_t total = rows_.Of(GroupKeys::kTotal, key.second);
      for (const int index : added_up_) {
        std::vector<Tally>* const column = &tallies_[index];
        if (row < column->size()) At(column, total).Add((*column)[row]);
      }
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

  AnswerRow Row(uint32_t number) {
    const RowKey key = rows_.KeyOf(number);
    AnswerRow row;
    row.is_total = key.first == GroupKeys::kTotal;
    row.cells = counting_.keys().Cells(key.first);
    if (counting_.split()) row.cells.push_back({key.second, 0, kNull});
    std::map<int, Scalar> done, whole;
    for (const int index : counting_.counted()) done[index] = Finish(index, number);
    for (const int index : of_the_whole_) whole[index] = Finish(index, rows_.Of(GroupKeys::kTotal, key.second));
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

  Scalar Finish(int index, uint32_t row) {
    const int64_t currency = rows_.KeyOf(row).second;
    const QueryMeasure& measure = query_.all_measures[index];
    // Money in no currency is none.
    const bool nowhere = currency == kNull || currency == query_.texts->unconverted();
    if (measure.type == Type::kMoney && nowhere) return Scalar();
    return At(&tallies_[index], row).Finish(*measure.measure, measure.type == Type::kMoney ? currency : kNull);
  }

  const Query& query_;
  Aggregation& counting_;
  NoteTaker notes_;
  RowNumbers rows_;
  MeasureRecords numbered_;                  // whose rows numbers_ are
  std::vector<uint32_t> numbers_;
  std::vector<std::vector<Tally>> tallies_;  // by measure and row; rows at the end may be missing
  std::set<int> added_up_;                   // measures whose totals are the sums of the groups
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
