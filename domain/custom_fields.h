// Custom fields (K-21, decisions.md 12).
#ifndef RECOUNT_DOMAIN_CUSTOM_FIELDS_H_
#define RECOUNT_DOMAIN_CUSTOM_FIELDS_H_

#include "domain/aggregate.h"

namespace recount::domain {

using FieldChanges = google::protobuf::RepeatedPtrField<v1::FieldChange>;

struct CheckedFields {
  FieldChanges open;
  FieldChanges personal;  // as the schema marks them
};

// Checks changes against the schema in force on a day: UNKNOWN_FIELD, FIELD_TYPE_MISMATCH,
// FIELD_INVALID (options, or a field given twice), FIELD_REQUIRED (at creation).
absl::StatusOr<CheckedFields> CheckFields(absl::string_view collection, const FieldChanges& changes,
                                          const Rulebook& rules, int32_t day, bool at_creation);

// Leaves only what changes the record.
void KeepFieldChanges(const v1::RecordInfo& info, CheckedFields* fields);

}  // namespace recount::domain

#endif  // RECOUNT_DOMAIN_CUSTOM_FIELDS_H_
