// Scalars -> the values, labels and columns of an answer.
#ifndef RECOUNT_PROJECTIONS_ENGINE_RENDER_H_
#define RECOUNT_PROJECTIONS_ENGINE_RENDER_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "projections/engine/shape.h"

namespace recount::projections {

class Renderer {
 public:
  Renderer(const Texts& texts, const domain::Calendar& calendar, const EngineContext& context)
      : texts_(texts), calendar_(calendar), context_(context) {}
  explicit Renderer(const Query& query) : Renderer(*query.texts, query.calendar(), *query.context) {}

  v1::Value ValueOf(const Scalar& scalar, Type type, bool is_ratio) const;
  // Label of an id, record or unit of time; empty: none.
  std::string LabelOf(const Scalar& scalar, const AnswerColumn& column);
  std::string RecordLabel(int64_t record);

 private:
  std::string SetLabel(int64_t set, const AnswerColumn& column) const;

  const Texts& texts_;
  const domain::Calendar& calendar_;
  const EngineContext& context_;
  absl::flat_hash_map<int64_t, std::string> record_labels_;
};

// `2018-04`, `2017-Q2`, `2018-W14`, `2017`, `FY2017` ...: the day begins the unit. Empty: not a unit of time.
std::string UnitLabel(absl::string_view unit, int32_t day, const domain::Calendar& calendar);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_RENDER_H_
