// What changed between two states of a record, field by field.
#ifndef RECOUNT_SERVICES_FIELD_DIFFERENCES_H_
#define RECOUNT_SERVICES_FIELD_DIFFERENCES_H_

#include <vector>

#include "google/protobuf/message.h"
#include "recount/v1/history.pb.h"

namespace recount::services {

// Fields of `after` that differ from `before` (nullptr: nothing was there), with paths such as `stage` or `info.tags`
// and values as JSON. Revision and position, which every event changes, are left out.
std::vector<v1::FieldDifference> Differences(const google::protobuf::Message* before,
                                             const google::protobuf::Message* after);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_FIELD_DIFFERENCES_H_
