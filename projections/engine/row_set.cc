#include "projections/engine/row_set.h"

#include <algorithm>
#include <numeric>

namespace recount::projections {

Rows RowSet::Slice(size_t begin, size_t count) const {
  Rows slice;
  const size_t present = present_ == nullptr ? 0 : present_->size();
  const size_t end = std::min(size(), begin + count);
  const size_t present_end = std::min(end, present);
  if (begin < present_end && present_->AllVisibleAt(moment_)) {
    slice.rows.assign(present_->rows().begin() + begin, present_->rows().begin() + present_end);
    slice.places.resize(present_end - begin);
    std::iota(slice.places.begin(), slice.places.end(), static_cast<uint32_t>(begin));
  } else if (begin < present_end) {
    slice.rows.reserve(present_end - begin);
    slice.places.reserve(present_end - begin);
    for (size_t place = begin; place < present_end; ++place) {
      if (present_->VisibleAt(place, moment_)) slice.Add(present_->row(place), static_cast<uint32_t>(place));
    }
  }
  const size_t first = std::max(begin, present) - present, last = std::max(end, present) - present;
  const auto copy = [&](const std::vector<uint32_t>& from, std::vector<uint32_t>* to) {
    if (from.size() >= last) to->insert(to->end(), from.begin() + first, from.begin() + last);
  };
  copy(rows_.rows, &slice.rows);
  copy(rows_.places, &slice.places);
  // Of some a place is known, of others not.
  if (!slice.places.empty()) slice.places.resize(slice.rows.size(), PresentRows::kNowhere);
  return slice;
}

}  // namespace recount::projections
