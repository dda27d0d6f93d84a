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

std::string FormatDigest(absl::uint128 digest) {
  return absl::StrCat(absl::Hex(absl::Uint128High64(digest), absl::kZeroPad16),
                      absl::Hex(absl::Uint128Low64(digest), absl::kZeroPad16));
}

}  // namespace recount::projections
