// How one number is made of the values of its records, exactly (decisions.md 20).
#ifndef RECOUNT_PROJECTIONS_ENGINE_TALLY_H_
#define RECOUNT_PROJECTIONS_ENGINE_TALLY_H_

#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "projections/engine/values.h"

namespace recount::projections {

class Tally {
 public:
  // A record that counts, with its value; kNull: it has none. `keep`: the values themselves are needed (medians ...).
  void Add(int64_t value, bool keep);
  // The records of another one too.
  void Add(const Tally& other);
  int64_t counted() const { return counted_; }

  // The number. Of a sum: 0 if nothing counted, no value if what counted has none. A median that falls between two values
  // has the denominator 2, else 1; the others have the denominator 0.
  Scalar Finish(const v1::Measure& measure, int64_t currency);

 private:
  // Those before it are none that are greater, from then on.
  int64_t AtRank(size_t rank);

  int64_t counted_ = 0;
  int64_t with_value_ = 0;
  absl::int128 sum_ = 0;
  int64_t least_ = kNull;
  int64_t greatest_ = kNull;
  std::vector<int64_t> values_;
};

bool KeepsValues(v1::Function function);
// Rank, from 1, of a percentile among `size` values.
size_t NearestRank(size_t size, uint32_t percentile);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_ENGINE_TALLY_H_
