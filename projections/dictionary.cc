#include "projections/dictionary.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace recount::projections {
namespace {

constexpr size_t kBlockBytes = 64 << 10;

}  // namespace

Dictionary::Dictionary() : codes_(0, Hash{this}, Equal{this}) {}

int64_t Dictionary::Intern(absl::string_view text) {
  const Probe probe{text, XXH3_64bits(text.data(), text.size())};
  const auto found = codes_.find(probe);
  if (found != codes_.end()) return *found;
  const uint32_t code = static_cast<uint32_t>(texts_.size());
  texts_.push_back(Keep(text));
  hashes_.push_back(probe.hash);
  codes_.insert(code);
  return code;
}

int64_t Dictionary::Find(absl::string_view text) const {
  const auto found = codes_.find(Probe{text, XXH3_64bits(text.data(), text.size())});
  return found == codes_.end() ? kNull : *found;
}

void Dictionary::Reserve(size_t texts) {
  texts_.reserve(texts);
  hashes_.reserve(texts);
  codes_.reserve(texts);
}

absl::string_view Dictionary::Keep(absl::string_view text) {
  if (text.size() > kBlockBytes / 8) {
    std::memcpy(long_texts_.emplace_back(std::make_unique<char[]>(text.size())).get(), text.data(), text.size());
    return {long_texts_.back().get(), text.size()};
  }
  if (text.size() > left_in_block_) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
    left_in_block_ = kBlockBytes;
  }
  if (text.empty()) return "";
  char* const place = blocks_.back().get() + (kBlockBytes - left_in_block_);
  std::memcpy(place, text.data(), text.size());
  left_in_block_ -= text.size();
  return {place, text.size()};
}

}  // namespace recount::projections
