#include "projections/span_cutter.h"

#include <algorithm>
#include <utility>

namespace recount::projections {

bool SameValues(absl::Span<const int64_t> a, absl::Span<const int64_t> b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!std::equal(a.begin(), a.end(), b.begin())) return false;
  return std::all_of(b.begin() + a.size(), b.end(), [](int64_t value) { return value == kNull; });
}

void SpanCutter::Cut(int64_t time, const Fold& fold) {
  time_ = time;
  expected_ = 0;
  was_put_.assign(open_.size(), false);
  fold.Emit(*this);
  size_t kept = 0;
  for (size_t i = 0; i < open_.size(); ++i) {
    if (was_put_[i]) {
      if (kept != i) open_[kept] = std::move(open_[i]);
      ++kept;
    } else {
      Close(std::move(open_[i]));
    }
  }
  open_.resize(kept);
}

void SpanCutter::Put(int64_t item, absl::Span<const int64_t> values) {
  size_t index = expected_;
  if (index >= open_.size() || open_[index].item != item) {
    index = 0;
    while (index < open_.size() && open_[index].item != item) ++index;
  }
  expected_ = index + 1;
  if (index == open_.size()) {
    open_.push_back({item, time_, kOpenTime, {values.begin(), values.end()}, kNoRow});
    was_put_.push_back(true);
    return;
  }
  was_put_[index] = true;
  FactSpan& span = open_[index];
  if (SameValues(span.values, values)) return;
  Close(std::move(span));
  span = {item, time_, kOpenTime, {values.begin(), values.end()}, kNoRow};
}

void SpanCutter::Close(FactSpan span) {
  span.valid_to = time_;
  if (span.valid_from < span.valid_to || span.row != kNoRow) closed_.push_back(std::move(span));
}

}  // namespace recount::projections
