// What a step of a diff counts otherwise than its pin says: rules of some kinds, and facts of some records, of another position
// than the others (diff_chain.h).
#ifndef RECOUNT_PROJECTIONS_ENGINE_EARLIER_FACTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_EARLIER_FACTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "domain/rulebook.h"
#include "projections/read_models.h"

namespace recount::projections {

// Records that count as they were known at an earlier position.
struct EarlierRecords {
  uint64_t position = 0;
  uint64_t opening_position = 0;  // of a movement: for its opening
  absl::flat_hash_set<std::string> streams;
};

struct Substitution {
  struct OfKind {
    uint64_t position = 0;                  // published up to it
    std::vector<v1::RuleProposal> draft;    // and these proposals on top
  };
  std::map<v1::RuleKind, OfKind> rules;     // of other kinds the pin says
  std::shared_ptr<const EarlierRecords> earlier;  // nullptr: none
};

// Rules published up to a position, those of substituted kinds up to theirs; without drafts.
domain::Rulebook SubstitutedRules(const domain::Rulebook& head, uint64_t up_to, const Substitution& substitution);
// Proposals of a draft, those of substituted kinds replaced.
std::vector<v1::RuleProposal> SubstitutedDraft(absl::Span<const v1::RuleProposal> draft, const Substitution& substitution);

// Facts as a question of `position` is to see them: of the records that count as earlier, at this position, what was known at theirs.
class EarlierSnapshot : public Snapshot {
 public:
  // `facts` outlives it. `opening_position`: of a movement, not later than `position`; else the same.
  EarlierSnapshot(const Snapshot* facts, std::shared_ptr<const EarlierRecords> records, uint64_t position, uint64_t opening_position);

  uint64_t position() const override { return facts_.position(); }
  int64_t recorded_micros() const override { return facts_.recorded_micros(); }
  uint64_t generation() const override { return facts_.generation(); }
  const IntervalTable* table(absl::string_view subject) const override;
  const Dictionary& dictionary() const override { return facts_.dictionary(); }
  const domain::Rulebook& rulebook() const override { return facts_.rulebook(); }
  // Up to where the events of a record count.
  uint64_t PositionOf(absl::string_view record) const;

 private:
  void Move(IntervalTable* table, size_t row) const;

  const Snapshot& facts_;
  const std::shared_ptr<const EarlierRecords> records_;
  const uint64_t position_, opening_position_;
  mutable std::map<std::string, std::unique_ptr<IntervalTable>, std::less<>> moved_;  // nullptr: none of its rows is another
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_EARLIER_FACTS_H_
