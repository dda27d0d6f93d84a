// The facts at one moment (P, D) under one rulebook: what expressions are evaluated in. A report has one world, a movement two,
// a comparison one more.
#ifndef RECOUNT_PROJECTIONS_ENGINE_WORLD_H_
#define RECOUNT_PROJECTIONS_ENGINE_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "domain/calendar.h"
#include "domain/rulebook.h"
#include "projections/engine/halt.h"
#include "projections/engine/row_set.h"
#include "projections/engine/values.h"
#include "projections/read_models.h"
#include "projections/subject.h"
#include "recount/v1/report.pb.h"

namespace recount::projections {

// What was known up to a position, of what was so at a time (DESIGN.md, "What an answer is").
struct Moment {
  uint64_t position = 0;
  int64_t valid_at = 0;
  bool operator==(const Moment&) const = default;
};

// Rules of one basis. K-01, 02, 04 and 09 are looked up for one day; K-10 and 15 on each fact's own (World).
struct Rules {
  static absl::StatusOr<std::shared_ptr<const Rules>> Make(domain::Rulebook book, int64_t valid_at);

  domain::Rulebook book;
  int64_t valid_at = 0;            // what Make() got
  int32_t day = 0;                 // its local day
  domain::Calendar calendar;
  domain::StageBook stages;
  v1::ProbabilitiesRule probabilities;
};

struct Node;                       // of a checked expression (expression.h)
using Expr = std::shared_ptr<const Node>;
class Sight;                       // sight.h

// Everything that does not change from one world of a call to the next.
struct WorldOptions {
  const Snapshot* snapshot = nullptr;
  Moment moment;
  std::shared_ptr<const Rules> rules;
  bool as_recorded = false;        // rule basis AS_RECORDED: rules of a row's own position for stage and probability
  v1::Attribution attribution = v1::ATTRIBUTION_CURRENT;
  std::string currency;            // report currency; empty: none
  domain::Period period;           // for in_period()
  std::map<std::string, Expr> arguments;  // $name
  std::shared_ptr<const Sight> sight;     // nullptr: everything is seen
  Halt* halt = nullptr;            // outlives the world; nullptr: it is never halted
  size_t rows_of_part = 8192;      // EngineContext
};

class Selection;
class StageRuns;
struct RowRange;

class World {
 public:
  World(WorldOptions options, Texts* texts);
  // For another thread: the same with what the other has found out so far; of roll-ups, what either will find out too.
  World(const World& other, Halt* halt);
  ~World();
  World(const World&) = delete;

  const WorldOptions& options() const { return options_; }
  const Snapshot& snapshot() const { return *options_.snapshot; }
  const Moment& moment() const { return options_.moment; }
  const Rules& rules() const { return *options_.rules; }
  Texts& texts() const { return *texts_; }
  Halt& halt() const { return options_.halt == nullptr ? never_ : *options_.halt; }

  // Rows of a subject that hold at the moment, of owners that the question may see, deleted records left out unless asked for. Of visits
  // of stages that are one under the rules only the last, which has the entry of the first.
  Selection Select(const Subject& subject, bool with_deleted = false) const;
  // All of them, deleted ones, hidden ones and visits that go on too: what Selected() chooses from.
  RowList AllRows(const Subject& subject) const;
  // The same where all that is looked for lies in one of the ranges, which are the subject's or a companion's; some rows that lie in
  // none may be among them.
  RowList RowsAmong(const Subject& subject, const std::vector<RowRange>& ranges) const;
  // Of some of those rows, the ones that Select() would have.
  Selection Selected(const Subject& subject, Rows rows, bool with_deleted) const;
  // Row of a record in a subject that has one row a record; kNoRow: not there at the moment.
  uint32_t RowOf(const Subject& subject, int64_t record) const;
  // The same of many.
  Rows RowsOf(const Subject& subject, absl::Span<const int64_t> records) const;
  // Of the present, side by side; nullptr: they are not. Whoever reads them says how many.
  const PresentRows* Present(const Subject& subject) const { return PresentOf(subject).get(); }
  // All rows that are not among those.
  std::vector<uint32_t> Others(const Subject& subject) const;
  void CountScanned(uint64_t rows) const { rows_scanned_ += rows; }
  // The same at another time not later than the moment's: e.g. the deal state on the day it was won.
  uint32_t RowAt(const Subject& subject, int64_t record, int64_t valid_at) const;
  // Rates and org chart in force on a fact's own day.
  const domain::RateTable& RatesOn(int32_t day) const;
  const domain::OrgChart& OrgChartOn(int32_t day) const;
  // Rules published up to a position (rule basis AS_RECORDED).
  const Rules& RulesOf(int64_t position) const;
  // Which visits of stages are one under the rules.
  const StageRuns& stage_runs() const;
  // Rows that were looked at so far.
  uint64_t rows_scanned() const { return rows_scanned_; }

  struct Caches;
  Caches& caches() const { return *caches_; }

 private:
  RowMoment row_moment() const { return {options_.moment.position, options_.moment.valid_at}; }
  bool IsMostOfAll(const RowRange& range) const;
  // The rows of one range, or some more, as places among the present ones or as rows.
  struct Found {
    std::vector<uint32_t> places, rows;
  };
  void FindRows(const Subject& subject, const RowRange& range, Found* found) const;
  const std::shared_ptr<const PresentRows>& PresentOf(const Subject& subject) const;
  // In the order of a RowSet, each once.
  Rows InOrder(const Subject& subject, Found found) const;

  WorldOptions options_;
  Texts* texts_;
  mutable uint64_t rows_scanned_ = 0;
  mutable Halt never_;
  std::unique_ptr<Caches> caches_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_WORLD_H_
