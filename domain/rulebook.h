// All rules of a tenant, as published up to a position (DESIGN.md, idea 5 and "What an answer is").
// Immutable values; a new publication makes a new one. Used by Decide and by the report engine
// alike.
#ifndef RECOUNT_DOMAIN_RULEBOOK_H_
#define RECOUNT_DOMAIN_RULEBOOK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "domain/calendar.h"
#include "recount/v1/event.pb.h"
#include "recount/v1/rule.pb.h"

namespace recount::domain {

// Orders pairs of texts, so that one can look up without making strings.
struct PairLess {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    const int first = absl::string_view(a.first).compare(b.first);
    return first != 0 ? first < 0 : absl::string_view(a.second) < absl::string_view(b.second);
  }
};

struct RuleVersionEntry {
  uint64_t position = 0;  // of the publication; 0: a draft
  int64_t recorded_micros = 0;
  std::string actor;
  v1::RuleProposal rule;
  std::string comment;
  int64_t effective_day = kBeginning;
  uint64_t withdrawn_position = 0;  // 0: stands
};

v1::RuleKind KindOf(const v1::RuleContent& content);
absl::string_view KindName(v1::RuleKind kind);  // `pipelines`, as in the stream `rules/pipelines`

class Rulebook {
 public:
  // What was published: applies RuleVersionPublished and RuleVersionWithdrawn in order of position.
  void Apply(const v1::Event& event);
  void ApplyRaw(uint64_t position, int64_t recorded_micros, absl::string_view actor,
                const v1::RuleEvent& event);

  // The same as if nothing had been published after `position`.
  Rulebook UpTo(uint64_t position) const;
  // With the proposals on top, as if published last of all.
  Rulebook WithDraft(absl::Span<const v1::RuleProposal> proposals) const;
  // As if the version that was published at `position` were withdrawn last of all.
  Rulebook WithoutVersion(uint64_t position) const;

  uint64_t position() const { return position_; }  // newest publication or withdrawal; 0: none
  const std::vector<RuleVersionEntry>& Versions(v1::RuleKind kind) const;
  // The version that holds on a day: the latest effective date not after it, then the latest
  // publication.
  const RuleVersionEntry* InForce(v1::RuleKind kind, int64_t day) const;

  // Typed look-ups on a day; an empty message where there is no version.
  const v1::PipelinesRule& Pipelines(int64_t day) const;
  const v1::ProbabilitiesRule& Probabilities(int64_t day) const;
  const v1::ReasonsRule& Reasons(int64_t day) const;
  const v1::CalendarRule& CalendarOn(int64_t day) const;
  const v1::FieldSchemaRule& FieldSchema(int64_t day) const;
  const v1::OrgChartRule& OrgChart(int64_t day) const;
  const v1::ExchangeRatesRule& ExchangeRates(int64_t day) const;

 private:
  std::map<v1::RuleKind, std::vector<RuleVersionEntry>> versions_;
  uint64_t position_ = 0;
};

// Stages of versions before the one in force on a day that neither stand in it nor are mapped
// (pipeline, stage).
std::vector<std::pair<std::string, std::string>> UnmappedStages(const Rulebook& rules, int64_t day);

// ---- What rules say. Each is made once for a question and asked for every record. ----

// Stages in force on a day, with the maps that lead former ones there (decisions.md 18).
class StageBook {
 public:
  StageBook(const Rulebook& rules, int64_t day);
  struct Entry {
    int pipeline_index = -1;
    int stage_index = -1;  // order in the pipeline
    const v1::Pipeline* pipeline = nullptr;
    const v1::Stage* stage = nullptr;
  };
  // Where a stage as it was set stands now; nullptr: unknown before the version in force (or never
  // known).
  const Entry* Find(absl::string_view pipeline, absl::string_view stage) const;
  const std::vector<v1::Pipeline>& pipelines() const { return *pipelines_; }

 private:
  std::shared_ptr<const std::vector<v1::Pipeline>>
      pipelines_;  // entries point into it, also those of a copy
  std::map<std::pair<std::string, std::string>, Entry, PairLess> entries_;
};

// Probability of a stage, basis points; won 10,000 and lost 0 where the table is silent; nullopt:
// none.
std::optional<uint32_t> StageProbabilityBp(const v1::ProbabilitiesRule& table,
                                           const StageBook& stages, absl::string_view pipeline,
                                           absl::string_view stage);

// Rates of the entry that holds on a fact's own day (K-10), both directions.
class RateTable {
 public:
  explicit RateTable(const v1::ExchangeRatesRule& rule);
  struct Rate {
    int64_t rate_nanos = 0;
    bool inverse = false;  // divide instead
  };
  std::optional<Rate> Find(absl::string_view from, absl::string_view to, int32_t day) const;

 private:
  std::map<std::pair<std::string, std::string>, std::map<int32_t, int64_t>, PairLess> rates_;
};

// Who belongs where (K-15), dated.
class OrgChart {
 public:
  explicit OrgChart(const v1::OrgChartRule& rule);
  // `teams/..` of a user, `org_units/..` of a team or unit on a day; empty: none.
  const std::string& ParentOf(absl::string_view child, int32_t day) const;
  // The first ancestor of the given collection (`teams`, `org_units`); empty: none.
  const std::string& AncestorOf(absl::string_view child, absl::string_view collection,
                                int32_t day) const;
  // All ancestors, nearest first.
  std::vector<std::string> AncestorsOf(absl::string_view child, int32_t day) const;

 private:
  std::map<std::string, std::map<int64_t, std::string>, std::less<>> edges_;
};

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_RULEBOOK_H_
