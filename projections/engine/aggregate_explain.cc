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
  std::vector<Contribution> records;                // with value and events
};

// Positions of the events that a fact tells of.
std::vector<int64_t> EventsOf(const Selection& facts, size_t i) {
  std::vector<int64_t> events;
  const IntervalTable& table = *facts.table();
  for (size_t column = 0; column < table.columns().size(); ++column) {
    if (table.columns()[column].kind != ColumnKind::kPosition) continue;
    const int64_t position = table.column(static_cast<int>(column))[facts.rows()[i]];
    if (position != kNull) events.push_back(position);
  }
  return events;
}

// A record with several facts is shown once, with all of theirs.
void Join(std::vector<Contribution>* contributions) {
  std::map<int64_t, size_t> places;
  std::vector<Contribution> joined;
  for (Contribution& contribution : *contributions) {
    const auto [place, added] = places.try_emplace(contribution.record, joined.size());
    if (added) {
      joined.push_back(std::move(contribution));
      continue;
    }
    Contribution& first = joined[place->second];
    if (contribution.value.number != kNull) {
      first.value.number = first.value.number == kNull ? contribution.value.number : first.value.number + contribution.value.number;
    }
    first.events.insert(first.events.end(), contribution.events.begin(), contribution.events.end());
  }
  *contributions = std::move(joined);
}

class Opener {
 public:
  Opener(const Query& query, const CellAddress& cell) : query_(query), counting_(query), cell_(cell) {
    const size_t dimensions = query.group_by.size();
    if (counting_.split() && cell.key.size() > dimensions) currency_ = cell.key[dimensions].number;
    if (!cell.is_total) {
      group_ = counting_.keys().Expect(absl::MakeConstSpan(cell.key).subspan(0, std::min(dimensions, cell.key.size())));
    }
  }

  enum class Which { kGroup, kOthers, kAll };  // the cell's own records, those of its total that are not in it, both

  Part Open(int index, Which which = Which::kGroup) {
    Part part;
    const QueryMeasure& measure = query_.all_measures[index];
    const bool money = measure.type == Type::kMoney;
    Tally tally;
    const size_t parts = counting_.parts();
    for (size_t i = 0; i < parts && !query_.halt->AskNow(); ++i) {
      counting_.GoTo(i);
      AddRecords(measure, counting_.RecordsOf(index), which, &tally, &part);
    }
    const v1::Function function = measure.measure->function();
    const bool adds = function == v1::FUNCTION_COUNT || function == v1::FUNCTION_SUM;
    if (measure.subject != nullptr && adds) Join(&part.records);
    part.value = tally.Finish(*measure.measure, money ? currency_ : kNull);
    const bool nowhere = currency_ == kNull || currency_ == query_.texts->unconverted();
    if (money && nowhere) part.value = Scalar();
    return part;
  }

 private:
  void AddRecords(const QueryMeasure& measure, const MeasureRecords& records, Which which, Tally* tally, Part* part) {
    const bool money = measure.type == Type::kMoney;
    const bool whole = cell_.is_total || !counting_.keys().grouped();
    if (records.values != nullptr) part->type = records.values->type;
    for (size_t i = 0; i < records.selection->size() && !query_.halt->AtStep(); ++i) {
      if (!records.Counts(i) || records.Currency(i) != currency_) continue;
      const auto groups = records.groups->Of(i);
      const bool inside = whole || std::find(groups.begin(), groups.end(), group_) != groups.end();
      if (which != Which::kAll && inside != (which == Which::kGroup)) continue;
      tally->Add(records.Value(i), KeepsValues(measure.measure->function()));
      Contribution& brings = part->records.emplace_back();
      brings.record = records.selection->record(i);
      brings.value = {records.Value(i), 0, money ? currency_ : kNull};
      if (measure.subject != nullptr) brings.events = EventsOf(*records.selection, i);
    }
  }

  const Query& query_;
  Aggregation counting_;
  const CellAddress& cell_;
  int64_t currency_ = kNull;
  int64_t group_ = GroupKeys::kTotal;
};

std::string Formula(const Query& query, const QueryMeasure& measure) {
  const v1::Measure& m = *measure.measure;
  if (m.function() == v1::FUNCTION_SHARE) {
    const std::string part = Formula(query, query.all_measures[measure.numerator]);
    return absl::StrCat(part, " / ", part, " of the total");
  }
  if (m.function() == v1::FUNCTION_BELOW_OTHERS) {
    const std::string mean = absl::StrCat(Formula(query, query.all_measures[measure.numerator]), " / ",
                                          Formula(query, query.all_measures[measure.denominator]));
    return absl::StrCat("1 - (", mean, ") / (", mean, " of all others)");
  }
  if (m.function() == v1::FUNCTION_RATIO) {
    return absl::StrCat(Formula(query, query.all_measures[measure.numerator]), " / ",
                        Formula(query, query.all_measures[measure.denominator]));
  }
  std::string name = absl::AsciiStrToLower(v1::Function_Name(m.function()).substr(sizeof("FUNCTION_") - 1));
  if (m.function() == v1::FUNCTION_PERCENTILE) absl::StrAppend(&name, "[", m.percentile(), "]");
  const Subject& subject = measure.subject != nullptr ? *measure.subject : *query.subject;
  std::string text = absl::StrCat(name, "(", subject.id, m.expr().empty() ? "" : absl::StrCat(": ", m.expr()));
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
  if (measure.subject != nullptr) return;  // its facts name their events
  for (const Expr& expr : {measure.where, measure.expr, measure.axis}) {
    if (expr != nullptr) out->push_back(expr);
  }
}

// The two sides of a ratio. Of a mean beside that of all others: what the group's records and the others' bring to the sums.
std::pair<Part, Part> Sides(Opener& opener, const QueryMeasure& measure, Explanation* out) {
  using Which = Opener::Which;
  Part numerator = opener.Open(measure.numerator), denominator;
  switch (measure.measure->function()) {
    case v1::FUNCTION_SHARE:
      denominator = opener.Open(measure.numerator, Which::kAll);
      break;
    case v1::FUNCTION_BELOW_OTHERS: {
      denominator = opener.Open(measure.numerator, Which::kOthers);
      const Mean group = {numerator.value, opener.Open(measure.denominator).value};
      const Mean whole = {opener.Open(measure.numerator, Which::kAll).value, opener.Open(measure.denominator, Which::kAll).value};
      out->value = BelowOthers(group, whole);
      return {numerator, denominator};
    }
    default:
      denominator = opener.Open(measure.denominator);
  }
  out->value = RatioOf(numerator.value, denominator.value);
  return {numerator, denominator};
}

void OpenRatio(Opener& opener, const QueryMeasure& measure, Explanation* out) {
  const auto [numerator, denominator] = Sides(opener, measure, out);
  out->is_ratio = true;
  std::map<int64_t, size_t> places;
  auto place = [&](int64_t record) -> Contribution& {
    auto [it, added] = places.try_emplace(record, out->contributions.size());
    if (added) out->contributions.emplace_back().record = record;
    return out->contributions[it->second];
  };
  auto add = [](const Scalar& brings, Scalar* sum) {
    if (brings.number == kNull) return;
    if (sum->number == kNull) *sum = {0, 0, brings.currency};
    sum->number += brings.number;
  };
  for (const Contribution& part : denominator.records) add(AsNumber(denominator, part.value), &place(part.record).denominator);
  for (const Contribution& part : numerator.records) add(AsNumber(numerator, part.value), &place(part.record).numerator);
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
  if (IsMadeOfMeasures(measure->measure->function())) {
    const bool of_itself = measure->measure->function() != v1::FUNCTION_RATIO;
    out.denominator_type = query.all_measures[of_itself ? measure->numerator : measure->denominator].type;
    if (of_itself) out.type = out.denominator_type;
    OpenRatio(opener, *measure, &out);
    return out;
  }
  const Part part = opener.Open(static_cast<int>(measure - query.all_measures.data()));
  out.value = part.value;
  out.contribution_type = part.type;
  out.contributions = part.records;
  const v1::Function function = measure->measure->function();
  const bool ranked = function == v1::FUNCTION_MEDIAN || function == v1::FUNCTION_PERCENTILE || function == v1::FUNCTION_MIN ||
                      function == v1::FUNCTION_MAX;
  if (ranked) Rank(&out.contributions);
  return out;
}

}  // namespace recount::projections
