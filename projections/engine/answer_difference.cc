#include "projections/engine/answer_difference.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace recount::projections {
namespace {

constexpr size_t kNowhere = static_cast<size_t>(-1);

// Of places that stand in a new order those to keep: a longest increasing subsequence. `places` may hold kNowhere, which is not kept.
std::vector<bool> LongestIncreasing(const std::vector<size_t>& places) {
  std::vector<size_t> ends;                       // ends[n]: index of the least end of a sequence of n + 1
  std::vector<size_t> former(places.size(), kNowhere);  // index before, in the longest sequence that ends here
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i] == kNowhere) continue;
    const auto end = std::lower_bound(ends.begin(), ends.end(), places[i],
                                      [&](size_t index, size_t place) { return places[index] < place; });
    if (end != ends.begin()) former[i] = *(end - 1);
    if (end == ends.end()) {
      ends.push_back(i);
    } else {
      *end = i;
    }
  }
  std::vector<bool> kept(places.size());
  for (size_t i = ends.empty() ? kNowhere : ends.back(); i != kNowhere; i = former[i]) kept[i] = true;
  return kept;
}

}  // namespace

AnswerDifference DifferenceOf(const std::vector<KeyedRow>& before, const std::vector<KeyedRow>& after) {
  absl::flat_hash_map<absl::string_view, size_t> places;
  for (size_t i = 0; i < before.size(); ++i) places.emplace(before[i].key, i);
  std::vector<bool> is_there(before.size());
  std::vector<size_t> same(after.size(), kNowhere);  // place before, of rows that did not change
  for (size_t i = 0; i < after.size(); ++i) {
    const auto found = places.find(after[i].key);
    if (found == places.end()) continue;
    is_there[found->second] = true;
    if (before[found->second].content == after[i].content) same[i] = found->second;
  }
  AnswerDifference difference;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!is_there[i]) difference.removed.push_back(before[i].key);
  }
  const std::vector<bool> kept = LongestIncreasing(same);
  for (size_t i = 0; i < after.size(); ++i) {
    if (!kept[i]) difference.given.push_back(i);
  }
  return difference;
}

}  // namespace recount::projections
