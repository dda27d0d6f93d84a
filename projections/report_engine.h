// Answers reports: a definition, rules and parameters over interval tables (DESIGN.md, "What an answer is").
#ifndef RECOUNT_PROJECTIONS_REPORT_ENGINE_H_
#define RECOUNT_PROJECTIONS_REPORT_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/rights.h"
#include "domain/rulebook.h"
#include "projections/read_models.h"
#include "recount/v1/report.pb.h"

namespace recount::storage::v1 {
class ReportToken;
}

namespace recount::projections {

// The built-in reports, parsed from projections/catalogue/*.textproto, which are compiled into the program.
class Catalogue {
 public:
  // Parses and checks all; a definition that does not compile is an error naming file and place.
  static absl::StatusOr<Catalogue> Load();
  const v1::ReportDefinition* Find(absl::string_view id) const;
  const std::vector<v1::ReportDefinition>& definitions() const { return definitions_; }
  // Ids of the reports that read a subject's table, in the order of the definitions.
  std::vector<std::string> ReportsOn(absl::string_view subject) const;

 private:
  std::vector<v1::ReportDefinition> definitions_;
  std::vector<std::set<std::string>> subjects_read_;  // by definition
};

// Parses, resolves names and types of all expressions. DEFINITION_INVALID with the place.
absl::Status CheckDefinition(const v1::ReportDefinition& definition);
// Subjects whose tables a report reads, in any mode and grouping, also through references and roll-ups; a caller's filter may name
// others. Errors as CheckDefinition().
absl::StatusOr<std::set<std::string>> SubjectsRead(const v1::ReportDefinition& definition);

// What the engine asks of the outside while it answers.
struct EngineContext {
  const Snapshot* snapshot = nullptr;
  eventstore::EventLog* log = nullptr;                 // as_of times, commit ends
  // The log's head as the question sees it, at or after the snapshot; not set: the snapshot.
  eventstore::Head head;
  // Set along with READ_MODEL_BEHIND: the position, up to the head, at which the tables must stand to answer. May be nullptr.
  uint64_t* awaits = nullptr;
  eventstore::TenantNumber tenant = 0;
  std::string tenant_currency;
  // What the caller may see, by the org chart of today: of `now_micros`; 0: of the snapshot's recorded time.
  domain::Rights rights;
  int64_t now_micros = 0;
  // Rules published up to the head of the log, not only of the snapshot (basis HEAD).
  const domain::Rulebook* head_rules = nullptr;
  // Proposals of an open draft; DRAFT_NOT_FOUND, DRAFT_CLOSED.
  std::function<absl::StatusOr<std::vector<v1::RuleProposal>>(absl::string_view draft)> draft;
  // Label of a record (a person's or user's name ...) as known now; empty: none.
  std::function<std::string(absl::string_view name)> label;
  // Resource name of a reference.
  std::function<absl::StatusOr<std::string>(absl::string_view collection, const v1::Ref& ref)> resolve;
  // Events of a record with position <= as_of and occurred <= valid_at in order of occurrence, opened.
  std::function<absl::StatusOr<std::vector<v1::Event>>(absl::string_view name, uint64_t as_of, int64_t valid_at)> events;
  // Asked now and then while the answer is worked out: what is not OK ends it, with that status. Empty: it goes on to its end.
  std::function<absl::Status()> goes_on;
  // Reports are counted in parts of so many rows: their values then fit the processor's cache, whatever the number of rows in all.
  size_t rows_of_part = 8192;
  // Where there are several parts, a thread of the processors that are idle helps, at most one for each question.
  bool may_be_helped = true;
  // Signs tokens (page tokens, cell ids, pins) so that nobody makes them up, and ties them to the tenant.
  std::string token_key;
};

class AnswerCache;
struct FinishedAnswer;

class ReportEngine {
 public:
  // Answers that have another page are kept for it within `cache_bytes`; without them it is counted again, to the same digit.
  explicit ReportEngine(const Catalogue* catalogue, size_t cache_bytes = 64 << 20);
  ~ReportEngine();
  absl::StatusOr<v1::RunReportResponse> Run(const v1::RunReportRequest& request, const EngineContext& context) const;
  absl::StatusOr<v1::ExplainReportResponse> Explain(const v1::ExplainReportRequest& request,
                                                    const EngineContext& context) const;
  // Why two answers differ, by cause.
  absl::StatusOr<v1::DiffReportsResponse> Diff(const v1::DiffReportsRequest& request, const EngineContext& context) const;
  // Fields of a subject, with derived and custom ones and those of companions.
  std::vector<v1::SubjectField> Fields(absl::string_view subject, const Snapshot* snapshot) const;

  // For List methods: names of the records of a subject that a filter selects, in order, at the snapshot's position.
  struct Listing {
    std::vector<std::string> names;
    uint64_t position = 0;
  };
  absl::StatusOr<Listing> List(absl::string_view subject, absl::string_view filter, absl::string_view order_by,
                               bool show_deleted, uint64_t as_of_position, const EngineContext& context) const;

  size_t cached_bytes() const;

 private:
  // From the cache, or worked out; `token` gets its pins.
  absl::StatusOr<std::shared_ptr<const FinishedAnswer>> Finish(const v1::ReportDefinition& definition, size_t page_size,
                                                               const EngineContext& context,
                                                               storage::v1::ReportToken* token) const;

  const Catalogue* catalogue_;
  const std::unique_ptr<AnswerCache> cache_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_REPORT_ENGINE_H_
