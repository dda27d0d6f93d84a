#include "projections/engine/notes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "projections/engine/precise.h"

namespace recount::projections {
namespace {

void Add(absl::string_view code, std::string text, size_t count, std::vector<v1::Note>* notes) {
  if (count == 0) return;
  v1::Note note;
  note.set_code(std::string(code));
  note.set_text(std::move(text));
  note.set_count(static_cast<int64_t>(count));
  notes->push_back(note);
}

bool Holds(const NoteTaker::Counts& counts, size_t i) { return counts == nullptr || counts(i); }

}  // namespace

// Open deals without a probability have no weighted value.
void NoteTaker::WithoutProbability(const Selection& selection, const Counts& counts) {
  const auto probability = selection.Field("probability"), value = selection.Field("value");
  for (size_t i = 0; i < selection.size(); ++i) {
    const bool none = probability->data[i] == kNull && value->data[i] != kNull;
    if (none && Holds(counts, i)) no_probability_.insert(selection.record(i));
  }
}

void NoteTaker::LookAtMoney(const Selection& selection, const Expr& expr, const Values& values, const Counts& counts) {
  for (size_t i = 0; i < selection.size(); ++i) {
    if (!Holds(counts, i) || values.data[i] != kNull) continue;
    const bool unconverted = values.currency[i] == query_.texts->unconverted();
    (unconverted ? no_rate_ : no_value_).insert(selection.record(i));
  }
  if (Names(expr, "weighted")) WithoutProbability(selection, counts);
}

void NoteTaker::LookAtDays(const Selection& selection, const Expr& expr, const Counts& counts) {
  const Expr by_day = KnownByDayOnly(expr);
  if (by_day == nullptr) return;
  const auto found = selection.Evaluate(by_day);
  for (size_t i = 0; i < selection.size(); ++i) {
    if (found->data[i] == 1 && Holds(counts, i)) only_day_.insert(selection.record(i));
  }
}

void NoteTaker::LookAtMeasures(Aggregation* counting) {
  for (const int index : counting->counted()) {
    const QueryMeasure& measure = query_.all_measures[index];
    const MeasureRecords& records = counting->RecordsOf(index);
    const auto counts = [&](size_t i) { return records.Counts(i); };
    if (measure.type == Type::kMoney && measure.expr != nullptr) {
      LookAtMoney(*records.selection, measure.expr, *records.values, counts);
    }
    if (measure.expr != nullptr) LookAtDays(*records.selection, measure.expr, counts);
    for (const QueryDimension& dimension : query_.group_by) LookAtDays(*records.selection, dimension.expr, counts);
  }
}

void NoteTaker::Take(const NoteTaker& other) {
  no_rate_.insert(other.no_rate_.begin(), other.no_rate_.end());
  no_probability_.insert(other.no_probability_.begin(), other.no_probability_.end());
  no_value_.insert(other.no_value_.begin(), other.no_value_.end());
  only_day_.insert(other.only_day_.begin(), other.only_day_.end());
}

void NoteTaker::Write(bool in_list, std::vector<v1::Note>* notes) {
  for (const int64_t record : no_probability_) no_value_.erase(record);
  Add("NO_RATE", absl::StrCat("Without an exchange rate into ", query_.world->options().currency,
                              in_list ? ": their money is not shown." : ": they stand in the row `unconverted`."), no_rate_.size(), notes);
  Add("STAGE_WITHOUT_PROBABILITY", "In a stage without a probability: they have no weighted value.", no_probability_.size(), notes);
  Add("NO_VALUE", in_list ? "Without a value, which is not 0." :
      "Without a value, which is not 0: they count as records and add no money.", no_value_.size(), notes);
  Add("ONLY_DAY_KNOWN", "Of a time only its day is known: it has no hour and is no end of an elapsed time, so they are left out there.",
      only_day_.size(), notes);
}

}  // namespace recount::projections
