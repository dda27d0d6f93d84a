// The tables of one generation: all subjects of one tenant, at one position.
#ifndef RECOUNT_PROJECTIONS_FACT_TABLES_H_
#define RECOUNT_PROJECTIONS_FACT_TABLES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "domain/rulebook.h"
#include "eventstore/event_log.h"
#include "projections/interval_table.h"
#include "projections/subject.h"

namespace recount::projections {

// Version of what the folds of this program make of the log. Tables that were kept by another version are folded again.
inline constexpr uint32_t kFoldVersion = 1;

struct FactTables {
  struct Entry {
    const Subject* subject;
    std::unique_ptr<IntervalTable> table;
    std::unique_ptr<FactColumns> columns;
  };

  explicit FactTables(const std::vector<Subject>& subjects, uint64_t generation);
  FactTables(const FactTables&) = delete;
  FactTables& operator=(const FactTables&) = delete;

  const Entry* Find(absl::string_view subject) const;  // nullptr: none

  uint64_t generation;
  uint64_t position = 0;            // last one of the newest commit in the tables
  int64_t recorded_micros = 0;      // of that commit
  eventstore::ChainHash hash{};     // of that commit
  Dictionary dictionary;
  std::vector<Entry> entries;       // in the order of the subjects
  domain::Rulebook rulebook;        // published up to `position`
};

// The tables of a moment, to be read on any thread while they go on.
struct FrozenTables {
  // `rules`: the tables' rulebook as it is, or as it was (then, or if it is null, it is made anew). Made while nobody writes.
  static std::shared_ptr<const FrozenTables> Of(const FactTables& tables, std::shared_ptr<const domain::Rulebook>* rules);

  const IntervalTable* Find(absl::string_view subject) const;  // nullptr: none

  uint64_t generation;
  uint64_t position;
  int64_t recorded_micros;
  std::unique_ptr<const Dictionary> dictionary;
  std::vector<std::unique_ptr<const IntervalTable>> tables;  // in the order of the subjects
  std::shared_ptr<const domain::Rulebook> rulebook;
};

std::string FormatDigest(absl::uint128 digest);  // 32 hex digits

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_FACT_TABLES_H_
