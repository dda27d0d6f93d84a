// Cuts what a fold says, event by event, into spans of valid time.
#ifndef RECOUNT_PROJECTIONS_SPAN_CUTTER_H_
#define RECOUNT_PROJECTIONS_SPAN_CUTTER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "projections/subject.h"

namespace recount::projections {

inline constexpr size_t kNoRow = std::numeric_limits<size_t>::max();

// Values of one item that were so in [valid_from, valid_to).
struct FactSpan {
  int64_t item = 0;
  int64_t valid_from = 0;
  int64_t valid_to = kOpenTime;
  std::vector<int64_t> values;
  size_t row = kNoRow;  // the believed row that says the same; of a span just closed: that said it while it was open
};

// Equal values; missing ones at the end are kNull.
bool SameValues(absl::Span<const int64_t> a, absl::Span<const int64_t> b);

// Of one record in one subject. A change cuts at its time; changes at one instant leave the last of them, without an empty span.
class SpanCutter final : public RowSink {
 public:
  // What `fold` says from `time` on; never earlier than the time before.
  void Cut(int64_t time, const Fold& fold);
  void Put(int64_t item, absl::Span<const int64_t> values) override;

  std::vector<FactSpan>& open() { return open_; }
  // Closed since the last call of clear() by the caller. Empty ones only if they have a row.
  std::vector<FactSpan>& closed() { return closed_; }

 private:
  void Close(FactSpan span);

  std::vector<FactSpan> open_;   // in order of opening
  std::vector<FactSpan> closed_;
  std::vector<bool> was_put_;    // of open_, during Cut
  size_t expected_ = 0;          // folds put their items in the same order each time: a guess that mostly holds
  int64_t time_ = 0;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SPAN_CUTTER_H_
