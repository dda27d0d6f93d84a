#include "projections/engine/notes.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

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

// Open deals without a probability have no weighted value.
void WithoutProbability(const MeasureRecords& records, absl::flat_hash_set<int64_t>* found) {
  const auto probability = records.selection->Field("probability"), value = records.selection->Field("value");
  for (size_t i = 0; i < records.selection->size(); ++i) {
    const bool none = probability->data[i] == kNull && value->data[i] != kNull;
    if (none && records.Counts(i)) found->insert(records.selection->record(i));
  }
}

}  // namespace

void AddNotes(const Query& query, Aggregation& counting, std::vector<v1::Note>* notes) {
  absl::flat_hash_set<int64_t> no_rate, no_probability, no_value;
  for (const int index : counting.counted()) {
    const QueryMeasure& measure = query.all_measures[index];
    if (measure.type != Type::kMoney || measure.expr == nullptr) continue;
    const MeasureRecords& records = counting.RecordsOf(index);
    for (size_t i = 0; i < records.selection->size(); ++i) {
      if (!records.Counts(i) || records.values->data[i] != kNull) continue;
      const bool unconverted = records.values->currency[i] == query.texts->unconverted();
      (unconverted ? no_rate : no_value).insert(records.selection->record(i));
    }
    if (Names(measure.expr, "weighted")) WithoutProbability(records, &no_probability);
  }
  for (const int64_t record : no_probability) no_value.erase(record);
  Add("NO_RATE", absl::StrCat("Without an exchange rate into ", query.world->options().currency,
                              ": they stand in the row `unconverted`."), no_rate.size(), notes);
  Add("STAGE_WITHOUT_PROBABILITY", "In a stage without a probability: they have no weighted value.", no_probability.size(), notes);
  Add("NO_VALUE", "Without a value, which is not 0: they count as records and add no money.", no_value.size(), notes);
}

}  // namespace recount::projections
