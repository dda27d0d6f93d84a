// Derived fields: what rules make of what was set (DESIGN.md, idea 5). To add one: an entry in a list in derived_*.cc.
#ifndef RECOUNT_PROJECTIONS_ENGINE_DERIVED_H_
#define RECOUNT_PROJECTIONS_ENGINE_DERIVED_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "projections/engine/selection.h"

namespace recount::projections {

struct DerivedField {
  absl::string_view name;
  Type type;
  absl::string_view collection;    // of records; empty: the subject's own
  absl::string_view description;
  bool (*applies)(const Subject& subject);
  Values (*make)(const Selection& selection);
};

const std::vector<DerivedField>& DerivedFields();
const DerivedField* FindDerived(const Subject& subject, absl::string_view name);  // nullptr: none
std::string CollectionOfDerived(const DerivedField& field, const Subject& subject);

absl::Span<const DerivedField> StageFields();
absl::Span<const DerivedField> MoneyFields();
absl::Span<const DerivedField> OwnerFields();
absl::Span<const DerivedField> MomentFields();

bool HasColumn(const Subject& subject, absl::string_view name);

// What a stage as it was set means under the rules.
struct StageFact {
  int64_t pipeline = kNull;        // text codes
  int64_t stage = kNull;           // kNull: unknown to the rules in force
  int64_t order = kNull;           // over all pipelines, in their order
  v1::StageMeaning meaning = v1::STAGE_MEANING_UNSPECIFIED;
  int64_t probability_bp = kNull;  // kNull: the stage has none
};
// Stays as long as the world.
const StageFact& FindStage(const World& world, const Rules& rules, int64_t pipeline, int64_t stage);

// The same for many rows, which often are in the same few stages.
class StageLookup {
 public:
  explicit StageLookup(const World& world) : world_(world) {}
  const StageFact& Find(const Rules& rules, int64_t pipeline, int64_t stage) {
    Last& last = last_[static_cast<uint64_t>(pipeline * 31 + stage) % last_.size()];
    if (last.fact == nullptr || last.rules != &rules || last.pipeline != pipeline || last.stage != stage) {
      last = {&rules, pipeline, stage, &FindStage(world_, rules, pipeline, stage)};
    }
    return *last.fact;
  }

 private:
  struct Last {
    const Rules* rules = nullptr;
    int64_t pipeline = 0, stage = 0;
    const StageFact* fact = nullptr;
  };
  const World& world_;
  std::array<Last, 128> last_;
};

// Money of a column in the report currency, at the rate of the row's own day; as it is without a report currency. `day` gives
// the day of row i.
Values Converted(const Selection& selection, absl::string_view column);

// Minor units from one currency into another at a rate, weighed, in one rounding; kNull: too large for any amount.
int64_t ConvertedMinor(int64_t minor, uint32_t probability_bp, const domain::RateTable::Rate& rate, absl::string_view from,
                       absl::string_view to);

// For each row the probability in basis points (decisions.md 16); kNull: none.
Values Probability(const Selection& selection);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_DERIVED_H_
