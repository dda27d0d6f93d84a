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

// Rules of one basis, looked up for one day.
struct Rules {
  static absl::StatusOr<std::shared_ptr<const Rules>> Make(domain::Rulebook book, int64_t valid_at);

  domain::Rulebook book;
  int32_t day = 0;                 // local day of valid_at
  domain::Calendar calendar;
  domain::StageBook stages;
  v1::ProbabilitiesRule probabilities;
  domain::RateTable rates;
  domain::OrgChart org_chart;
};

struct Node;                       // of a checked expression (expression.h)
using Expr = std::shared_ptr<const Node>;

inline constexpr uint32_t kNoRow = 0xffffffff;

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
};

class Selection;

class World {
 public:
  World(WorldOptions options, Texts* texts);
  ~World();
  World(const World&) = delete;

  const WorldOptions& options() const { return options_; }
  const Snapshot& snapshot() const { return *options_.snapshot; }
  const Moment& moment() const { return options_.moment; }
  const Rules& rules() const { return *options_.rules; }
  Texts& texts() const { return *texts_; }

  // Rows of a subject that hold at the moment, deleted records left out unless asked for, in the table's order.
  Selection Select(const Subject& subject, bool with_deleted = false) const;
  // Row of a record in a subject that has one row a record; kNoRow: not there at the moment.
  uint32_t RowOf(const Subject& subject, int64_t record) const;
  // The same at another time not later than the moment's: e.g. the deal state on the day it was won.
  uint32_t RowAt(const Subject& subject, int64_t record, int64_t valid_at) const;
  // Rows that were looked at so far.
  uint64_t rows_scanned() const { return rows_scanned_; }

  struct Caches;
  Caches& caches() const { return *caches_; }

 private:
  WorldOptions options_;
  Texts* texts_;
  mutable uint64_t rows_scanned_ = 0;
  std::unique_ptr<Caches> caches_;
};

// Rows of one subject in a world, and the values of expressions over them. Row i of a Values is rows()[i].
class Selection {
 public:
  Selection(const World& world, const Subject& subject, std::vector<uint32_t> rows);

  const World& world() const { return *world_; }
  const Subject& subject() const { return *subject_; }
  const IntervalTable* table() const { return table_; }   // nullptr: nothing recorded yet
  const std::vector<uint32_t>& rows() const { return rows_; }
  size_t size() const { return rows_.size(); }
  int64_t record(size_t i) const;                          // text code of the record's name; kNull for kNoRow

  // The driving axis (kTime or kDay), which `axis` names and attribution AT_EVENT looks at. Not set: valid_at.
  void SetAxis(std::shared_ptr<const Values> axis);
  const Values* axis() const { return axis_.get(); }

  // `expr` must be compiled for this subject. Values of fields and of references are kept for the next call.
  std::shared_ptr<const Values> Evaluate(const Expr& expr) const;
  // A field as expressions name it, derived ones too; it must be there.
  std::shared_ptr<const Values> Field(absl::string_view name) const;
  // Only the rows where a flag is 1.
  Selection Keep(const Values& flags) const;
  // Rows that a to-one reference leads to, one for each row here, kNoRow where it leads nowhere.
  const Selection& Follow(absl::string_view field, const Subject& target) const;
  // The same records in a companion subject.
  const Selection& Companion(const Subject& companion) const;

 private:
  struct Cache;
  const World* world_;
  const Subject* subject_;
  const IntervalTable* table_;
  std::vector<uint32_t> rows_;
  std::shared_ptr<const Values> axis_;
  std::shared_ptr<Cache> cache_;
};

// 1 where the axis lies in the period; 0 where it has no value. A period without ends holds every value.
std::vector<bool> InPeriod(const Values& axis, const domain::Period& period, const domain::Calendar& calendar);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_WORLD_H_
