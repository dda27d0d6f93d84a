// Opening a cell of the aggregate shape: the records that make it (decisions.md 25).
#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/aggregate.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/tally.h"

namespace recount::projections {
namespace {

// The records of one measure in one cell.
struct Part {
  Scalar value;
  Type type = Type::kInteger;                       // of what the records bring
  std::vector<std::pair<int64_t, Scalar>> records;  // record, what it brings
};

class Opener {
 public:
  Opener(const Query& query, const CellAddress& cell) : query_(query), counting_(query), cell_(cell) {
    // Groups get their numbers while records are counted: count all before the cell is looked up.
    if (!counting_.by_measure_axis()) counting_.All();
    for (const int index : counting_.counted()) counting_.RecordsOf(index);
    const size_t dimensions = query.group_by.size();
    if (counting_.split() && cell.key.size() > dimensions) currency_ = cell.key[dimensions].number;
    if (!cell.is_total) {
      group_ = counting_.keys().Find(absl::MakeConstSpan(cell.key).subspan(0, std::min(dimensions, cell.key.size())));
    }
  }

  Part Open(int index) {
    Part part;
    const QueryMeasure& measure = query_.all_measures[index];
    const MeasureRecords& records = counting_.RecordsOf(index);
    const bool money = measure.type == Type::kMoney;
    const bool whole = cell_.is_total || !counting_.keys().grouped();
    Tally tally;
    for (size_t i = 0; i < records.selection->size() && !records.selection->world().halt().AtStep(); ++i) {
      if (!records.Counts(i) || records.Currency(i) != currency_) continue;
      const auto groups = records.groups->Of(i);
      if (!whole && std::find(groups.begin(), groups.end(), group_) == groups.end()) continue;
      tally.Add(records.Value(i), KeepsValues(measure.measure->function()));
      part.records.push_back({records.selection->record(i), {records.Value(i), 0, money ? currency_ : kNull}});
    }
    part.type = records.values == nullptr ? Type::kInteger : records.values->type;
    part.value = tally.Finish(*measure.measure, money ? currency_ : kNull);
    const bool nowhere = currency_ == kNull || currency_ == query_.texts->unconverted();
    if (money && nowhere) part.value = Scalar();
    return part;
  }

 private:
  const Query& query_;
  Aggregation counting_;
  const CellAddress& cell_;
  int64_t currency_ = kNull;
  int64_t group_ = GroupKeys::kTotal;
};

std::string Formula(const Query& query, const QueryMeasure& measure) {
  const v1::Measure& m = *measure.measure;
  if (m.function() == v1::FUNCTION_RATIO) {
    return absl::StrCat(Formula(query, query.all_measures[measure.numerator]), " / ",
                        Formula(query, query.all_measures[measure.denominator]));
  }
  std::string name = absl::AsciiStrToLower(v1::Function_Name(m.function()).substr(sizeof("FUNCTION_") - 1));
  if (m.function() == v1::FUNCTION_PERCENTILE) absl::StrAppend(&name, "[", m.percentile(), "]");
  std::string text = absl::StrCat(name, "(", query.subject->id, m.expr().empty() ? "" : absl::StrCat(": ", m.expr()));
  std::vector<std::string> conditions;
  for (const std::string& condition : {query.definition->where(), query.mode == nullptr ? "" : query.mode->where(), m.where(),
                                       query.parameters.filter()}) {
    if (!condition.empty()) conditions.push_back(condition);
  }
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string& c = conditions[i];
    absl::StrAppend(&text, i == 0 ? " where " : " and ", conditions.size() > 1 ? absl::StrCat("(", c, ")") : c);
  }
  return text + ")";
}

// The population, least first, with their ranks: what has no value has none.
void Rank(std::vector<Contribution>* contributions) {
  const auto nothing = std::remove_if(contributions->begin(), contributions->end(),
                                      [](const Contribution& contribution) { return contribution.value.number == kNull; });
  contributions->erase(nothing, contributions->end());
  std::stable_sort(contributions->begin(), contributions->end(),
                   [](const Contribution& a, const Contribution& b) { return a.value.number < b.value.number; });
  int64_t rank = 0;
  for (Contribution& contribution : *contributions) contribution.rank = ++rank;
}

// In a ratio a record that has one of the different values is shown as one.
Scalar AsNumber(const Part& part, const Scalar& brings) {
  const bool number = part.type == Type::kInteger || part.type == Type::kMoney;
  return number || brings.number == kNull ? brings : Scalar{1, 0, kNull};
}

// What makes a record count, and for how much.
void AddCountsBy(const Query& query, const QueryMeasure& measure, std::vector<Expr>* out) {
  for (const int part : {measure.numerator, measure.denominator}) {
    if (part >= 0) AddCountsBy(query, query.all_measures[part], out);
  }
  for (const Expr& expr : {measure.where, measure.expr, measure.axis}) {
    if (expr != nullptr) out->push_back(expr);
  }
}

void OpenRatio(Opener& opener, const QueryMeasure& measure, Explanation* out) {
  const Part numerator = opener.Open(measure.numerator), denominator = opener.Open(measure.denominator);
  out->value = RatioOf(numerator.value, denominator.value);
  out->is_ratio = true;
  std::map<int64_t, size_t> places;
  auto place = [&](int64_t record) -> Contribution& {
    auto [it, added] = places.try_emplace(record, out->contributions.size());
    if (added) out->contributions.push_back({record, {}, {}, {}, 0});
    return out->contributions[it->second];
  };
  auto add = [](const Scalar& brings, Scalar* sum) {
    if (brings.number == kNull) return;
    if (sum->number == kNull) *sum = {0, 0, brings.currency};
    sum->number += brings.number;
  };
  for (const auto& [record, brings] : denominator.records) add(AsNumber(denominator, brings), &place(record).denominator);
  for (const auto& [record, brings] : numerator.records) add(AsNumber(numerator, brings), &place(record).numerator);
}

}  // namespace

absl::StatusOr<Explanation> ExplainAggregate(const Query& query, const CellAddress& cell) {
  const QueryMeasure* measure = nullptr;
  for (const QueryMeasure& candidate : query.all_measures) {
    if (candidate.measure->id() == cell.column) measure = &candidate;
  }
  if (measure == nullptr) return domain::Refuse(v1::TOKEN_INVALID, absl::StrCat("there is no measure `", cell.column, "`"));
  Opener opener(query, cell);
  Explanation out;
  AddCountsBy(query, *measure, &out.counts_by);
  for (const Expr& expr : {query.where, query.axis}) {
    if (expr != nullptr) out.counts_by.push_back(expr);
  }
  out.definition = measure->measure->definition();
  out.formula = Formula(query, *measure);
  out.type = measure->type;
  if (measure->measure->function() == v1::FUNCTION_RATIO) {
    out.denominator_type = query.all_measures[measure->denominator].type;
    OpenRatio(opener, *measure, &out);
    return out;
  }
  const Part part = opener.Open(static_cast<int>(measure - query.all_measures.data()));
  out.value = part.value;
  out.contribution_type = part.type;
  for (const auto& [record, brings] : part.records) out.contributions.push_back({record, brings, {}, {}, 0});
  const v1::Function function = measure->measure->function();
  const bool ranked = function == v1::FUNCTION_MEDIAN || function == v1::FUNCTION_PERCENTILE || function == v1::FUNCTION_MIN ||
                      function == v1::FUNCTION_MAX;
  if (ranked) Rank(&out.contributions);
  return out;
}

}  // namespace recount::projections
