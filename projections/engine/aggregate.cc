#include "projections/engine/aggregate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

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
Aggregation::Currencies Aggregation::CurrenciesOf(const Selection& selection, const std::shared_ptr<const Values>& money) {
  if (!split()) return nullptr;
  // The money of a measure of other facts' is that of their records.
  const bool facts = &selection.subject() != query_.subject;
  const auto split = (facts ? selection.Companion(*query_.subject) : selection).Evaluate(split_expr_);
  const bool is_own = money != nullptr && money != split && money->currency != split->currency;
  if (!is_own && all_ && all_->currency != nullptr && all_->selection.get() == &selection) return all_->currency;
  std::vector<int64_t> currency = split->currency;
  for (size_t i = 0; is_own && i < currency.size(); ++i) {
    if (money->currency[i] != kNull) currency[i] = money->currency[i];
  }
  const std::string& report_currency = query_.world->options().currency;
  if (!report_currency.empty()) {
    // What has no value can be added in any currency.
    const int64_t code = query_.texts->Code(report_currency);
    std::replace(currency.begin(), currency.end(), kNull, code);
  }
  return std::make_shared<std::vector<int64_t>>(std::move(currency));
}

size_t Aggregation::parts() {
  size_t most = by_measure_axis() ? 0 : RowsBy(query_.axis, "")->size();
  for (const int index : counted_) most = std::max(most, RowsOf(index)->size());
  const size_t of_part = query_.world->options().rows_of_part;
  return std::max<size_t>(1, (most + of_part - 1) / of_part);
}

void Aggregation::GoTo(size_t part) {
  part_ = part;
  records_.clear();
  alike_.clear();
  all_.reset();
}

const RowList& Aggregation::RowsBy(const Expr& axis, const std::string& text) {
  RowList& rows = rows_[text];
  if (rows == nullptr) rows = RowsByAxis(query_, axis);
  return rows;
}

const RowList& Aggregation::RowsOf(int index) {
  const QueryMeasure& measure = query_.all_measures[index];
  if (measure.subject == nullptr) {
    return by_measure_axis() ? RowsBy(measure.axis, measure.measure->axis()) : RowsBy(query_.axis, "");
  }
  RowList& rows = rows_[absl::StrCat("=", index)];
  if (rows == nullptr) rows = RowsOfFacts(query_, measure);
  return rows;
}

Rows Aggregation::InPart(const RowList& rows) const {
  const size_t of_part = query_.world->options().rows_of_part;
  return rows->Slice(std::min(part_ * of_part, rows->size()), of_part);
}

MeasureRecords Aggregation::Base(const Expr& axis, const std::string& text) {
  MeasureRecords records;
  records.selection = std::make_shared<Selection>(SelectByAxis(query_, axis, InPart(RowsBy(axis, text))));
  return records;
}

const MeasureRecords& Aggregation::All() {
  if (!all_) {
    all_ = Base(query_.axis, "");
    all_->groups = std::make_shared<RowGroups>(keys_.Group(*all_->selection));
    all_->currency = CurrenciesOf(*all_->selection, nullptr);
  }
  return *all_;
}

MeasureRecords Aggregation::Facts(int index) {
  const QueryMeasure& measure = query_.all_measures[index];
  MeasureRecords records;
  Selection facts = SelectFacts(query_, measure, InPart(RowsOf(index)));
  if (measure.where != nullptr) facts = facts.Keep(*facts.Evaluate(measure.where));
  records.selection = std::make_shared<Selection>(std::move(facts));
  records.groups = std::make_shared<RowGroups>(keys_.Group(*records.selection, measure.group_by));
  return records;
}

const MeasureRecords& Aggregation::ByAxis(const QueryMeasure& measure) {
  const auto [it, added] = alike_.try_emplace({measure.measure->axis(), measure.measure->where()});
  MeasureRecords& records = it->second;
  if (!added) return records;
  records = Base(measure.axis, measure.measure->axis());
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
    records = Facts(index);
  } else if (by_measure_axis()) {
    records = ByAxis(measure);
  } else {
    records = All();
    if (measure.where != nullptr) records.counts = records.selection->Evaluate(measure.where);
  }
  if (measure.expr != nullptr) records.values = records.selection->Evaluate(measure.expr);
  const bool own_money = measure.type == Type::kMoney && measure.expr != nullptr;
  records.currency = CurrenciesOf(*records.selection, own_money ? records.values : nullptr);
  return records;
}

}  // namespace recount::projections
