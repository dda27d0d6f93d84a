#include "projections/dictionary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace recount::projections {

int64_t Dictionary::Intern(absl::string_view text) {
  auto found = codes_.find(text);
  if (found != codes_.end()) return found->second;
  const int64_t code = static_cast<int64_t>(texts_.size());
  texts_.emplace_back(text);
  hashes_.push_back(XXH3_64bits(text.data(), text.size()));
  codes_.emplace(texts_.back(), code);
  return code;
}

int64_t Dictionary::Find(absl::string_view text) const {
  auto found = codes_.find(text);
  return found == codes_.end() ? kNull : found->second;
}

}  // namespace recount::projections
