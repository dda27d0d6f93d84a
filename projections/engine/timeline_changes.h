// What an event changed in a record, as a person reads it: before → after, folded, not stored (decisions.md 36).
#ifndef RECOUNT_PROJECTIONS_ENGINE_TIMELINE_CHANGES_H_
#define RECOUNT_PROJECTIONS_ENGINE_TIMELINE_CHANGES_H_

#include <map>
#include <string>

#include "domain/aggregate.h"
#include "recount/v1/event.pb.h"

namespace recount::projections {

// Folds events one after another.
class TimelineChanges {
 public:
  // `field: before → after`, several with `; `; a field that was or is empty is `–`.
  std::string Apply(const v1::Event& event);

 private:
  domain::State state_;
  std::map<std::string, std::string> fields_;
};

// Every field of a record that has a value, by path, as text; bookkeeping (name, revision, position) left out.
std::map<std::string, std::string> FieldTexts(const google::protobuf::Message& record);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_TIMELINE_CHANGES_H_
