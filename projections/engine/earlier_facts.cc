#include "projections/engine/earlier_facts.h"

#include <algorithm>

#include "domain/aggregate.h"
#include "projections/interval_table.h"
#include "projections/subject.h"

namespace recount::projections {
namespace {

// A publication or a withdrawal of a version.
struct RuleChange {
  uint64_t position;
  const domain::RuleVersionEntry* version;
  bool withdraws;
};

void AddChanges(const std::vector<domain::RuleVersionEntry>& versions, uint64_t up_to, std::vector<RuleChange>* changes) {
  for (const domain::RuleVersionEntry& version : versions) {
    if (version.position > up_to) continue;
    changes->push_back({version.position, &version, false});
    const bool withdrawn = version.withdrawn_position != 0 && version.withdrawn_position <= up_to;
    if (withdrawn) changes->push_back({version.withdrawn_position, &version, true});
  }
}

v1::RuleEvent EventOf(const RuleChange& change) {
  v1::RuleEvent event;
  if (change.withdraws) {
    event.mutable_withdrawn()->set_published_position(change.version->position);
  } else {
    *event.mutable_published()->mutable_rule() = change.version->rule;
    event.mutable_published()->set_comment(change.version->comment);
  }
  return event;
}

}  // namespace

domain::Rulebook SubstitutedRules(const domain::Rulebook& head, uint64_t up_to, const Substitution& substitution) {
  if (substitution.rules.empty()) return head.UpTo(up_to);
  std::vector<RuleChange> changes;
  for (int number = v1::RuleKind_MIN; number <= v1::RuleKind_MAX; ++number) {
    const auto kind = static_cast<v1::RuleKind>(number);
    const auto found = substitution.rules.find(kind);
    AddChanges(head.Versions(kind), found == substitution.rules.end() ? up_to : found->second.position, &changes);
  }
  std::sort(changes.begin(), changes.end(), [](const RuleChange& a, const RuleChange& b) { return a.position < b.position; });
  domain::Rulebook book;
  for (const RuleChange& change : changes) {
    const domain::RuleVersionEntry& version = *change.version;
    book.ApplyRaw(change.position, version.recorded_micros, version.actor, EventOf(change));
  }
  return book;
}

std::vector<v1::RuleProposal> SubstitutedDraft(absl::Span<const v1::RuleProposal> draft, const Substitution& substitution) {
  std::vector<v1::RuleProposal> made;
  for (const v1::RuleProposal& proposal : draft) {
    if (substitution.rules.count(domain::KindOf(proposal.content())) == 0) made.push_back(proposal);
  }
  for (const auto& [kind, rules] : substitution.rules) made.insert(made.end(), rules.draft.begin(), rules.draft.end());
  return made;
}

EarlierSnapshot::EarlierSnapshot(const Snapshot* facts, std::shared_ptr<const EarlierRecords> records, uint64_t position,
                                 uint64_t opening_position)
    : facts_(*facts), records_(std::move(records)), position_(position), opening_position_(opening_position) {}

uint64_t EarlierSnapshot::PositionOf(absl::string_view record) const {
  return records_->streams.contains(record) ? records_->position : position_;
}

const IntervalTable* EarlierSnapshot::table(absl::string_view subject) const {
  const IntervalTable* table = facts_.table(subject);
  if (table == nullptr) return nullptr;
  const auto known = moved_.find(subject);
  if (known != moved_.end()) return known->second == nullptr ? table : known->second.get();
  const std::string& collection = FindSubject(subject)->collection;
  std::unique_ptr<IntervalTable> moved;
  for (const std::string& stream : records_->streams) {
    if (domain::CollectionOf(stream) != collection) continue;
    const int64_t record = facts_.dictionary().Find(stream);
    if (record == kNull) continue;
    for (const uint32_t row : table->RowsOf(record)) {
      if (moved == nullptr) moved = table->WithOtherPositions();
      Move(moved.get(), row);
    }
  }
  const auto place = moved_.emplace(std::string(subject), std::move(moved)).first;
  return place->second == nullptr ? table : place->second.get();
}

// Where the opening and the closing are one they are so for the earlier records, too.
void EarlierSnapshot::Move(IntervalTable* table, size_t row) const {
  const bool closes = table->BelievedAt(row, records_->position);
  const bool opens = opening_position_ == position_ ? closes : table->BelievedAt(row, records_->opening_position);
  if (!closes && !opens) return table->SetPositions(row, 0, 0);
  const uint64_t since = opens ? std::min(table->since()[row], opening_position_) : position_;
  table->SetPositions(row, since, closes ? kOpenPosition : position_);
}

}  // namespace recount::projections
