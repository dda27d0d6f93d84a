#include "projections/engine/tally.h"

#include <algorithm>

namespace recount::projections {

bool KeepsValues(v1::Function function) {
  return function == v1::FUNCTION_MEDIAN || function == v1::FUNCTION_PERCENTILE || function == v1::FUNCTION_COUNT_DISTINCT;
}

size_t NearestRank(size_t size, uint32_t percentile) { return std::max<size_t>(1, (size * percentile + 99) / 100); }

void Tally::Add(int64_t value, bool keep) {
  ++counted_;
  if (value == kNull) return;
  sum_ += value;
  least_ = with_value_ == 0 ? value : std::min(least_, value);
  greatest_ = with_value_ == 0 ? value : std::max(greatest_, value);
  ++with_value_;
  if (keep) values_.push_back(value);
}

void Tally::Add(const Tally& other) {
  if (other.with_value_ > 0) {
    least_ = with_value_ == 0 ? other.least_ : std::min(least_, other.least_);
    greatest_ = with_value_ == 0 ? other.greatest_ : std::max(greatest_, other.greatest_);
  }
  counted_ += other.counted_;
  with_value_ += other.with_value_;
  sum_ += other.sum_;
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
}

int64_t Tally::AtRank(size_t rank) {
  std::nth_element(values_.begin(), values_.begin() + rank, values_.end());
  return values_[rank];
}

Scalar Tally::Finish(const v1::Measure& measure, int64_t currency) {
  Scalar out;
  out.currency = currency;
  const size_t middle = values_.size() / 2;
  switch (measure.function()) {
    case v1::FUNCTION_COUNT:
      out.number = counted_;
      break;
    case v1::FUNCTION_SUM: {
      const bool fits = sum_ > absl::int128(kNull) && sum_ <= absl::int128(std::numeric_limits<int64_t>::max());
      if ((with_value_ > 0 || counted_ == 0) && fits) out.number = static_cast<int64_t>(sum_);
      break;
    }
    case v1::FUNCTION_MIN:
      out.number = least_;
      break;
    case v1::FUNCTION_MAX:
      out.number = greatest_;
      break;
    case v1::FUNCTION_MEDIAN: {
      if (values_.empty()) break;
      out.denominator = 1;
      out.number = AtRank(middle);
      if (values_.size() % 2 == 1) break;
      const absl::int128 both = absl::int128(*std::max_element(values_.begin(), values_.begin() + middle)) + out.number;
      out.denominator = both % 2 == 0 ? 1 : 2;
      out.number = static_cast<int64_t>(out.denominator == 1 ? both / 2 : both);
      break;
    }
    case v1::FUNCTION_PERCENTILE:
      if (values_.empty()) break;
      out.number = AtRank(NearestRank(values_.size(), measure.percentile()) - 1);
      break;
    case v1::FUNCTION_COUNT_DISTINCT:
      std::sort(values_.begin(), values_.end());
      out.number = std::unique(values_.begin(), values_.end()) - values_.begin();
      break;
    default:
      break;
  }
  return out;
}

}  // namespace recount::projections
