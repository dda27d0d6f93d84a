#include "projections/engine/shape.h"

namespace recount::projections {

const Shape* ShapeOf(const v1::ReportDefinition& definition) {
  switch (definition.shape_case()) {
    case v1::ReportDefinition::kAggregate: return &AggregateReports();
    case v1::ReportDefinition::kFunnel: return &FunnelReports();
    case v1::ReportDefinition::kMovement: return &MovementReports();
    case v1::ReportDefinition::kList: return &ListReports();
    case v1::ReportDefinition::kTimeline: return &TimelineReports();
    case v1::ReportDefinition::SHAPE_NOT_SET: break;
  }
  return nullptr;
}

}  // namespace recount::projections
