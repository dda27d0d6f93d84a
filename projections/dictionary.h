// Texts of one generation by code, 0, 1, 2 ... in order of first use.
#ifndef RECOUNT_PROJECTIONS_DICTIONARY_H_
#define RECOUNT_PROJECTIONS_DICTIONARY_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "absl/strings/string_view.h"
#include "projections/shared_array.h"

namespace recount::projections {

inline constexpr int64_t kNull = std::numeric_limits<int64_t>::min();  // no value

// Codes never leave the process: digests and answers use texts. At most 2^32 texts. One thread writes; others read a copy that
// Frozen() made.
//
// Most texts are names of records, a million of them and more: a text costs its bytes and about 40 more, and is hashed once.
class Dictionary {
 public:
  Dictionary();
  Dictionary& operator=(const Dictionary&) = delete;

  // The texts of now, to be read on any thread while the dictionary grows; it shares them. Made while nobody writes.
  std::unique_ptr<const Dictionary> Frozen() const;

  int64_t Intern(absl::string_view text);
  // What was kept of a dictionary, text after text: Find() and Intern() know none of them before IndexKept(), which is false if a text
  // is there twice. Other threads may read texts and hashes meanwhile.
  void AddKept(absl::string_view text);
  bool IndexKept();
  // kNull if the text is not there.
  int64_t Find(absl::string_view text) const;
  // Stays where it is as long as the dictionary or a frozen copy.
  absl::string_view Text(int64_t code) const { return texts_[code]; }
  // Hash of the text, kept for digests.
  uint64_t HashOf(int64_t code) const { return hashes_[code]; }
  // HashOf() will be asked soon.
  void Prefetch(int64_t code) const { __builtin_prefetch(&hashes_[code]); }
  size_t size() const { return texts_.size(); }
  // Room for so many texts in all.
  void Reserve(size_t texts);

 private:
  class Codes;  // code by text, and the bytes of the texts

  Dictionary(const Dictionary&) = default;

  std::shared_ptr<Codes> codes_;  // the copies' too
  SharedArray<absl::string_view> texts_;
  SharedArray<uint64_t> hashes_;
};

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_DICTIONARY_H_
