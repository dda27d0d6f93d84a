#include "projections/engine/aggregate.h"

#include <algorithm>

namespace recount::projections {

Aggregation::Aggregation(const Query& query) : query_(query), keys_(query) {
  auto add = [&](int index) {
    if (std::find(counted_.begin(), counted_.end(), index) == counted_.end()) counted_.push_back(index);
  };
  for (const int index : query.shown) {
    const QueryMeasure& measure = query.all_measures[index];
    if (!IsMadeOfMeasures(measure.measure->function())) add(index);
    if (measure.numerator >= 0) add(measure.numerator);
    if (measure.denominator >= 0) add(measure.denominator);
  }
  for (const int index : counted_) {
    const QueryMeasure& measure = query.all_measures[index];
    if (split_expr_ == nullptr && measure.type == Type::kMoney) split_expr_ = measure.expr;
  }
}

// Money counts in its own currency; what has none, and counts, in that of the first money shown.
std::vector<int64_t> Aggregation::CurrenciesOf(const Selection& selection, const Values* money) {
  if (!split()) return {};
  // The money of a measure of other facts' is that of their records.
  const bool facts = &selection.subject() != query_.subject;
  std::vector<int64_t> currency = (facts ? selection.Companion(*query_.subject) : selection).Evaluate(split_expr_)->currency;
  for (size_t i = 0; money != nullptr && i < currency.size(); ++i) {
    if (money->currency[i] != kNull) currency[i] = money->currency[i];
  }
  const std::string& report_currency = query_.world->options().currency;
  if (!report_currency.empty()) {
    // What has no value can be added in any currency.
    const int64_t code = query_.texts->Code(report_currency);
    std::replace(currency.begin(), currency.end(), kNull, code);
  }
  return currency;
}

MeasureRecords Aggregation::Base(const Expr& axis) {
  MeasureRecords records;
  records.selection = std::make_shared<Selection>(SelectByAxis(query_, axis));
  return records;
}

const MeasureRecords& Aggregation::All() {
  if (!all_) {
    all_ = Base(query_.axis);
    all_->groups = std::make_shared<RowGroups>(keys_.Group(*all_->selection));
    all_->currency = CurrenciesOf(*all_->selection, nullptr);
  }
  return *all_;
}

MeasureRecords Aggregation::Facts(const QueryMeasure& measure) {
  MeasureRecords records;
  Selection facts = SelectFacts(query_, measure);
  if (measure.where != nullptr) facts = facts.Keep(*facts.Evaluate(measure.where));
  records.selection = std::make_shared<Selection>(std::move(facts));
  records.groups = std::make_shared<RowGroups>(keys_.Group(*records.selection, measure.group_by));
  return records;
}

const MeasureRecords& Aggregation::ByAxis(const QueryMeasure& measure) {
  const auto [it, added] = alike_.try_emplace({measure.measure->axis(), measure.measure->where()});
  MeasureRecords& records = it->second;
  if (!added) return records;
  records = Base(measure.axis);
  if (measure.where != nullptr) {
    // Only what counts makes rows here: a month in which nothing of a measure happened is none of its.
    records.selection = std::make_shared<Selection>(records.selection->Keep(*records.selection->Evaluate(measure.where)));
  }
  records.groups = std::make_shared<RowGroups>(keys_.Group(*records.selection));
  return records;
}

const MeasureRecords& Aggregation::RecordsOf(int index) {
  auto [it, added] = records_.try_emplace(index);
  MeasureRecords& records = it->second;
  if (!added) return records;
  const QueryMeasure& measure = query_.all_measures[index];
  if (measure.subject != nullptr) {
    records = Facts(measure);
  } else if (by_measure_axis()) {
    records = ByAxis(measure);
  } else {
    records = All();
    if (measure.where != nullptr) records.counts = records.selection->Evaluate(measure.where);
  }
  if (measure.expr != nullptr) records.values = records.selection->Evaluate(measure.expr);
  const bool own_money = measure.type == Type::kMoney && measure.expr != nullptr;
  records.currency = CurrenciesOf(*records.selection, own_money ? records.values.get() : nullptr);
  return records;
}

}  // namespace recount::projections
