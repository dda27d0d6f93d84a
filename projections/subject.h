// Subjects: kinds of facts, each folded from the events of one stream (DESIGN.md, "The read side").
//
// To add a subject: a file `projections/subjects/NAME.cc` with its columns and its fold, and a line in AllSubjects().
#ifndef RECOUNT_PROJECTIONS_SUBJECT_H_
#define RECOUNT_PROJECTIONS_SUBJECT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "projections/interval_table.h"
#include "recount/v1/event.pb.h"

namespace recount::projections {

// An event as folds see it; personal fields are cleared.
struct FoldEvent {
  uint64_t position = 0;
  uint64_t commit_position = 0;  // of its commit's last event
  int64_t occurred_micros = 0;
  v1::Precision precision = v1::PRECISION_INSTANT;
  int64_t recorded_micros = 0;
  const v1::EventPayload* payload = nullptr;
};

// The columns of the table that a fold writes to: texts and columns by number. Outlives the fold.
class FactColumns {
 public:
  FactColumns(IntervalTable* table, Dictionary* dictionary) : table_(table), dictionary_(dictionary) {}
  // Code of a text; kNull for an empty one.
  int64_t Text(absl::string_view text) { return text.empty() ? kNull : dictionary_->Intern(text); }
  // Code of a set of texts; kNull for an empty one.
  int64_t TextSet(const std::vector<std::string>& sorted_texts);
  // Index of a column, which is added if it is not there (custom fields); -1: it is there and of another kind.
  int Column(const ColumnDef& column);
  int Find(absl::string_view name) const;  // -1: none

 private:
  IntervalTable* table_;
  Dictionary* dictionary_;
};

// Takes the rows that a fold's state means now.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // All values of one item of the record, by column index; shorter: the rest has no value. An item not put any more has ended.
  virtual void Put(int64_t item, absl::Span<const int64_t> values) = 0;
};

// Folds one stream in the order (occurred, position); the creating event always comes first. The driver calls Apply for
// each event and Emit after it, compares with what held before, and cuts the rows: a fold knows no intervals, and no rules.
class Fold {
 public:
  virtual ~Fold() = default;
  virtual void Apply(const FoldEvent& event) = 0;
  virtual void Emit(RowSink& sink) const = 0;
};

struct Subject {
  std::string id;           // e.g. `deal`
  std::string collection;   // streams that it is folded from, e.g. `deals`
  std::string description;
  std::vector<ColumnDef> columns;
  // Subjects of the same record whose fields may be named as its own, e.g. deal_state for deal.
  std::vector<std::string> companions;
  std::unique_ptr<Fold> (*make_fold)(FactColumns* columns) = nullptr;
  // A record may have several rows at one moment, told apart by their items.
  bool has_items = false;
};

// The one visible list.
const std::vector<Subject>& AllSubjects();
const Subject* FindSubject(absl::string_view id);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SUBJECT_H_
