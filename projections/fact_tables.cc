#include "projections/fact_tables.h"

#include "absl/strings/str_cat.h"

namespace recount::projections {

FactTables::FactTables(const std::vector<Subject>& subjects, uint64_t generation) : generation(generation) {
  for (const Subject& subject : subjects) {
    Entry entry;
    entry.subject = &subject;
    entry.table = std::make_unique<IntervalTable>(subject.id, subject.columns, &dictionary);
    entry.columns = std::make_unique<FactColumns>(entry.table.get(), &dictionary);
    entries.push_back(std::move(entry));
  }
}

const FactTables::Entry* FactTables::Find(absl::string_view subject) const {
  for (const Entry& entry : entries) {
    if (entry.subject->id == subject) return &entry;
  }
  return nullptr;
}

std::shared_ptr<const FrozenTables> FrozenTables::Of(const FactTables& tables,
                                                     std::shared_ptr<const domain::Rulebook>* rules) {
  auto frozen = std::make_shared<FrozenTables>();
  frozen->generation = tables.generation;
  frozen->position = tables.position;
  frozen->recorded_micros = tables.recorded_micros;
  frozen->dictionary = tables.dictionary.Frozen();
  for (const FactTables::Entry& entry : tables.entries) frozen->tables.push_back(entry.table->Frozen(frozen->dictionary.get()));
  if (*rules == nullptr || (*rules)->position() != tables.rulebook.position()) {
    *rules = std::make_shared<const domain::Rulebook>(tables.rulebook);
  }
  frozen->rulebook = *rules;
  return frozen;
}

const IntervalTable* FrozenTables::Find(absl::string_view subject) const {
  for (const auto& table : tables) {
    if (table->subject() == subject) return table.get();
  }
  return nullptr;
}

std::string FormatDigest(absl::uint128 digest) {
  return absl::StrCat(absl::Hex(absl::Uint128High64(digest), absl::kZeroPad16),
                      absl::Hex(absl::Uint128Low64(digest), absl::kZeroPad16));
}

}  // namespace recount::projections
