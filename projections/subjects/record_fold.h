// What all records' subjects share: creation, tags, custom fields, deletion.
#ifndef RECOUNT_PROJECTIONS_SUBJECTS_RECORD_FOLD_H_
#define RECOUNT_PROJECTIONS_SUBJECTS_RECORD_FOLD_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "google/type/date.pb.h"
#include "google/type/money.pb.h"
#include "projections/subject.h"
#include "recount/v1/common.pb.h"
#include "recount/v1/record.pb.h"

namespace recount::projections {

// Numbers of the columns that every record subject has; its own begin at kOwnColumns.
enum RecordColumn : int { kCreatedAt, kCreatedAtIsDay, kTags, kDeleted, kDeletedAt, kOwnColumns };

// The common columns and a subject's own.
std::vector<ColumnDef> RecordColumns(std::vector<ColumnDef> own);

// Days since 1970-01-01; kNull for a date that is none.
int64_t DayValue(bool is_given, const google::type::Date& date);
// Minor units; kNull for money that is none.
int64_t MinorValue(bool is_given, const google::type::Money& money);

// One row for the record as it stands.
class RecordFold : public Fold {
 public:
  void Emit(RowSink& sink) const override { sink.Put(0, values_); }

 protected:
  RecordFold(FactColumns* columns, int column_count) : columns_(columns), values_(column_count, kNull) {}

  // The parts of a creating event that all of them have.
  template <class CreatingEvent>
  void Create(const FoldEvent& event, const CreatingEvent& created) {
    values_[kCreatedAt] = event.occurred_micros;
    values_[kCreatedAtIsDay] = event.precision == v1::PRECISION_DAY;
    values_[kDeleted] = 0;
    ChangeTags(created.tags(), {});
    ChangeFields(created.fields());
  }
  // The events that every record has; false: `event` is another one.
  template <class AggregateEvent>
  bool ApplyCommon(const FoldEvent& meta, const AggregateEvent& event) {
    if (event.has_deleted()) return Delete(meta);
    if (event.has_restored()) return Restore();
    if (event.has_annotated()) {
      ChangeTags(event.annotated().tags_added(), event.annotated().tags_removed());
      ChangeFields(event.annotated().fields());
      return true;
    }
    return event.has_external_id_linked();
  }

  void SetText(int column, absl::string_view text) { values_[column] = columns_->Text(text); }
  int64_t Value(int column) const { return values_[column]; }
  void SetValue(int column, int64_t value) { values_[column] = value; }
  FactColumns& columns() { return *columns_; }

 private:
  using Texts = google::protobuf::RepeatedPtrField<std::string>;
  void ChangeTags(const Texts& added, const Texts& removed);
  void ChangeFields(const google::protobuf::RepeatedPtrField<v1::FieldChange>& changes);
  void ChangeField(const v1::FieldChange& change);
  void SetField(ColumnKind kind, const std::string& column, int64_t value);
  bool Delete(const FoldEvent& event);
  bool Restore();

  FactColumns* columns_;
  std::vector<std::string> tags_;  // sorted
  std::vector<int64_t> values_;    // by column number
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SUBJECTS_RECORD_FOLD_H_
