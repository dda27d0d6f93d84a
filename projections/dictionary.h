// Texts of one generation by code, 0, 1, 2 ... in order of first use.
#ifndef RECOUNT_PROJECTIONS_DICTIONARY_H_
#define RECOUNT_PROJECTIONS_DICTIONARY_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace recount::projections {

inline constexpr int64_t kNull = std::numeric_limits<int64_t>::min();  // no value

// Codes never leave the process: digests and answers use texts. At most 2^32 texts. Not thread safe: ReadModels guards it.
//
// Most texts are names of records, a million of them and more: a text costs its bytes and about 40 more, and is hashed once.
class Dictionary {
 public:
  Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  int64_t Intern(absl::string_view text);
  // kNull if the text is not there.
  int64_t Find(absl::string_view text) const;
  // Stays where it is as long as the dictionary.
  absl::string_view Text(int64_t code) const { return texts_[code]; }
  // Hash of the text, kept for digests.
  uint64_t HashOf(int64_t code) const { return hashes_[code]; }
  size_t size() const { return texts_.size(); }
  // Room for so many texts in all.
  void Reserve(size_t texts);

 private:
  struct Probe {
    absl::string_view text;
    uint64_t hash;
  };
  struct Hash {
    using is_transparent = void;
    const Dictionary* dictionary;
    size_t operator()(uint32_t code) const { return dictionary->hashes_[code]; }
    size_t operator()(const Probe& probe) const { return probe.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const Dictionary* dictionary;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t code, const Probe& probe) const { return Is(code, probe); }
    bool operator()(const Probe& probe, uint32_t code) const { return Is(code, probe); }
    bool Is(uint32_t code, const Probe& probe) const {
      return dictionary->hashes_[code] == probe.hash && dictionary->texts_[code] == probe.text;
    }
  };

  absl::string_view Keep(absl::string_view text);

  std::vector<std::unique_ptr<char[]>> blocks_;  // the bytes of the texts
  size_t left_in_block_ = 0;                     // of the last one
  std::vector<std::unique_ptr<char[]>> long_texts_;
  std::vector<absl::string_view> texts_;
  std::vector<uint64_t> hashes_;
  absl::flat_hash_set<uint32_t, Hash, Equal> codes_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_DICTIONARY_H_
