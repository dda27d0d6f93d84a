// Shapes: the few ways in which a report is made (DESIGN.md, idea 6). A shape makes rows and opens cells; sorting, comparison,
// pages, labels, tokens and events are the engine's and the same for all.
//
// To add a shape: a file here that implements Shape, a message in the oneof of ReportDefinition, and a line in ShapeOf().
#ifndef RECOUNT_PROJECTIONS_ENGINE_SHAPE_H_
#define RECOUNT_PROJECTIONS_ENGINE_SHAPE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "projections/engine/query.h"

namespace recount::projections {

// A text of an answer: pipeline and text code, since a stage id means something only in its pipeline. Of all other texts, and of
// what a stage id means in every pipeline that has it, the pipeline is kNull.
using Term = std::pair<int64_t, int64_t>;
// What is known of a cell's term, in the terms of its own pipeline, else of any; `end()`: nothing.
template <typename Known>
auto FindTerm(const Known& known, const Scalar& cell) {
  const auto own = known.find(Term(cell.pipeline, cell.number));
  return own != known.end() ? own : known.find(Term(kNull, cell.number));
}

struct AnswerColumn {
  v1::Column column;              // label and definition filled in; the engine translates nothing
  Type type = Type::kNull;        // of its scalars; ratios: kInteger or kMoney (the numerator's), with column.type RATIO
  bool is_key = false;            // what names the row when a cell is opened (dimensions, stage, category ...)
  bool names_currency = false;    // key: what the money of the row is in
  bool opens = false;             // its cells can be opened
  std::string none;               // dimensions: text of the row of those that have no value, e.g. `unassigned`
  // Dimensions: terms in the order in which they are to stand (stages in the pipeline's order), others after them by value.
  std::vector<Term> order;
  // Labels of terms in the language asked for: of the rules, or of what the shape itself says (e.g. categories).
  absl::flat_hash_map<Term, std::string> labels;
};

struct AnswerRow {
  std::vector<Scalar> cells;      // by column
  bool is_total = false;
  bool of_nothing = false;        // the total that stands where nothing was counted
  std::string apart, apart_label;  // AggregateShape.apart: id and label of the row; empty: it is of the report's own records
};

struct Answer {
  std::vector<AnswerColumn> columns;
  std::vector<AnswerRow> rows;    // totals too; the engine puts them last, each currency's own
  std::vector<v1::Note> notes;
  bool keep_order = false;        // rows stand as they are unless the caller sorts (timeline)
};

// Which cell. `key` has a scalar for each key column (texts by this query's codes); none for the total.
struct CellAddress {
  std::string column;
  bool is_total = false;
  std::vector<Scalar> key;        // in the order of the answer's key columns; of a total: only the currency counts
};

struct Contribution {
  int64_t record = kNull;         // text code
  Scalar value, numerator, denominator;
  int64_t rank = 0;               // 0: none
  std::vector<int64_t> events;    // positions of those that make it; empty: all of the record's
  // Of a change of what does not add up: what it brings to the compared side.
  Scalar compared_value, compared_numerator, compared_denominator;
  int64_t compared_rank = 0;
};

// An opened cell (decisions.md 25).
struct Explanation {
  Scalar value;
  Type type = Type::kInteger;
  bool is_ratio = false;
  Type denominator_type = Type::kInteger;
  Type contribution_type = Type::kNull;  // of their values; kNull: as the cell's
  std::string definition;
  std::string formula;
  std::vector<Contribution> contributions;
  std::vector<Expr> counts_by;    // what decides and values them, of the query's subject: opened for the records shown
};

class Shape {
 public:
  virtual ~Shape() = default;
  // What the compiler of expressions cannot know, e.g. names of modes. DEFINITION_INVALID.
  virtual absl::Status Check(const v1::ReportDefinition& definition) const { return absl::OkStatus(); }
  // Subjects whose tables it reads by itself, whatever the expressions name.
  virtual std::vector<absl::string_view> Tables(const v1::ReportDefinition& definition) const { return {definition.subject()}; }
  virtual absl::StatusOr<Answer> Run(const Query& query) const = 0;
  virtual absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const = 0;
};

const Shape& AggregateReports();
const Shape& ListReports();
const Shape& FunnelReports();
const Shape& MovementReports();
const Shape& TimelineReports();

// The one visible list; nullptr: the definition has no shape.
const Shape* ShapeOf(const v1::ReportDefinition& definition);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_SHAPE_H_
