// Events as rows of a timeline: which there are, and what expressions and columns know of them.
#ifndef RECOUNT_PROJECTIONS_ENGINE_TIMELINE_EVENTS_H_
#define RECOUNT_PROJECTIONS_ENGINE_TIMELINE_EVENTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "projections/engine/query.h"
#include "projections/engine/selection.h"

namespace recount::projections {

// One column: its type and its value of an event.
struct TimelineColumn {
  absl::string_view id;
  Type type;
  absl::string_view description;
  Scalar (*value)(const v1::Event& event, Texts& texts);
};
// All but `changes`, which is folded of a whole stream (timeline_changes.h).
const std::vector<TimelineColumn>& TimelineColumns();
const TimelineColumn* FindTimelineColumn(absl::string_view id);  // nullptr: none

// What expressions of a timeline are over: these columns as fields. No table stands behind it.
const Subject& EventSubject();

// An event that belongs to the answer, with what it changed.
struct TimelineEvent {
  v1::Event event;
  std::string changes;
};
// The record's events, with the parameter `linked` also those of the records that it names and that name it; those in the period
// for which the filter holds, by occurrence or, in the mode `recorded`, by recording. The period is of that time, too.
absl::StatusOr<std::vector<TimelineEvent>> TimelineEvents(const Query& query);
// Their columns as values, so that expressions over EventSubject() can be evaluated; the axis is the time that the mode goes by.
Selection EventSelection(const Query& query, const std::vector<TimelineEvent>& events);
// The time that the query's mode goes by.
int64_t TimelineMicros(const Query& query, const v1::Event& event);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_TIMELINE_EVENTS_H_
