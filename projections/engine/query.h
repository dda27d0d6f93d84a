// A request with everything resolved: what a shape is given.
#ifndef RECOUNT_PROJECTIONS_ENGINE_QUERY_H_
#define RECOUNT_PROJECTIONS_ENGINE_QUERY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "projections/engine/earlier_facts.h"
#include "projections/engine/expression.h"
#include "projections/engine/rezoned.h"
#include "projections/engine/selection.h"
#include "projections/engine/world.h"
#include "projections/report_engine.h"

namespace recount::projections {

// A measure of the definition, compiled. `index` is its place in Query::all_measures.
struct QueryMeasure {
  const v1::Measure* measure = nullptr;
  Type type = Type::kInteger;     // of expr; kInteger for counts
  Expr expr;                      // null: none
  Expr where;                     // null: all
  Expr axis;                      // null: the mode's
  // Of facts of another subject (Measure.subject): the report's conditions and grouping as they are said there.
  const Subject* subject = nullptr;
  Expr report_where;
  std::vector<Expr> group_by;
  int numerator = -1;             // of a ratio or share: indexes into Query::all_measures
  int denominator = -1;
};

// Made of other measures, and so a ratio: RATIO, SHARE, BELOW_OTHERS.
inline bool IsMadeOfMeasures(v1::Function function) {
  return function == v1::FUNCTION_RATIO || function == v1::FUNCTION_SHARE || function == v1::FUNCTION_BELOW_OTHERS;
}

struct QueryDimension {
  const v1::Dimension* dimension = nullptr;
  Expr expr;
};

// What a query asks: all that threads which work on it together have in common.
struct QueryTerms {
  const EngineContext* context = nullptr;
  const v1::ReportDefinition* definition = nullptr;
  const Subject* subject = nullptr;
  // As asked; what is resolved stands below.
  v1::ReportParameters parameters;
  std::string language;

  std::shared_ptr<Texts> texts;
  // A step of a diff: what is counted otherwise than the pin says; nullptr: nothing.
  const Substitution* substitution = nullptr;
  domain::Period period;                     // local days
  std::string period_text;
  const v1::Mode* mode = nullptr;            // nullptr: the definition has none
  Expr axis;                                 // the mode's driving axis; null: none
  Expr where;                                // the definition's, the mode's and the caller's filter, all together; null: all
  bool with_deleted = false;                 // the definition's `where` names `deleted`
  std::vector<QueryDimension> group_by;      // of a list: its columns
  std::vector<QueryMeasure> all_measures;    // in the definition's order
  std::vector<int> shown;                    // indexes of those to show

  // Timeline: the record's name.
  std::string record;
  // Parameters of the definition by id, defaults too; `null`: none.
  std::map<std::string, std::string> arguments;

  // Resolved, to be echoed; report, period ... are filled in. elapsed and rows are not.
  v1::Basis basis;
};

struct Query : QueryTerms {
  std::unique_ptr<Halt> halt;
  std::vector<std::unique_ptr<v1::Dimension>> own_dimensions;  // of group_by, those that no definition has
  std::unique_ptr<EarlierSnapshot> earlier;  // the facts that a substitution leads to; nullptr: there is none
  std::unique_ptr<RezonedSnapshot> facts;    // what the worlds stand on
  std::unique_ptr<World> world;              // at (P, D), under the rule basis
  // Movement: the opening. The same rules, filter and texts.
  std::unique_ptr<World> opening;

  const Moment& moment() const { return world->moment(); }
  const domain::Calendar& calendar() const { return world->rules().calendar; }
};

// Another thread may work on it too.
bool MayBeHelped(const Query& query);
// The same for a thread that helps, with a world and a halt of its own; `query` outlives it. nullptr: nobody may help.
std::unique_ptr<Query> ForHelper(const Query& query);
// When it is done: what it scanned, and why it did not come to its end.
void TakeCounted(const Query& helper, const Query& query);

// What a definition's expressions are over: its subject, of a timeline events. nullptr: there is no such subject.
const Subject* SubjectOfDefinition(const v1::ReportDefinition& definition);

// The rows that a query is about: at its moment, not deleted, `where` holds, and, unless the mode goes by measure axis, the
// driving axis lies in the period. The axis is set.
Selection SelectRecords(const Query& query);
// The rows that may be among those by a measure's own axis; null: no axis. Then, of some of these rows, those that are.
RowList RowsByAxis(const Query& query, const Expr& axis);
Selection SelectByAxis(const Query& query, const Expr& axis, Rows rows);
// The same of the facts of a measure that has a subject of its own.
RowList RowsOfFacts(const Query& query, const QueryMeasure& measure);
Selection SelectFacts(const Query& query, const QueryMeasure& measure, Rows rows);
// The same in another world and without looking at axis and period, e.g. the opening of a movement. `subject` is the query's.
Selection SelectIn(const Query& query, const World& world);
Selection SelectIn(const Query& query, const World& world, Rows rows);

// Events of a record up to the query's moment, or until it was given to an owner who is not seen, in the order of occurrence; what is
// known by its day lies at the beginning of that day in the query's zone.
absl::StatusOr<std::vector<v1::Event>> EventsOf(const Query& query, absl::string_view record);

// Label of the language asked for, else English, else empty.
std::string LabelOf(const google::protobuf::Map<std::string, std::string>& labels, absl::string_view language);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_QUERY_H_
