// Texts of one generation by code, 0, 1, 2 ... in order of first use.
#ifndef RECOUNT_PROJECTIONS_DICTIONARY_H_
#define RECOUNT_PROJECTIONS_DICTIONARY_H_

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace recount::projections {

inline constexpr int64_t kNull = std::numeric_limits<int64_t>::min();  // no value

// Codes never leave the process: digests and answers use texts. Not thread safe: ReadModels guards it.
class Dictionary {
 public:
  Dictionary() = default;
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  int64_t Intern(absl::string_view text);
  // kNull if the text is not there.
  int64_t Find(absl::string_view text) const;
  const std::string& Text(int64_t code) const { return texts_[code]; }
  // Hash of the text, kept for digests.
  uint64_t HashOf(int64_t code) const { return hashes_[code]; }
  size_t size() const { return texts_.size(); }

 private:
  absl::flat_hash_map<absl::string_view, int64_t> codes_;  // views of texts_
  std::deque<std::string> texts_;                          // never move
  std::vector<uint64_t> hashes_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_DICTIONARY_H_
