#include "projections/dictionary.h"

#include <cstring>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_set.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace recount::projections {
namespace {

constexpr size_t kFirstBlockBytes = 64 << 10, kBlockBytes = 1 << 20;  // later ones are large enough for ArrayMemory

}  // namespace

// The writer looks up without the lock, since nobody else adds; readers hold it for each look-up.
class Dictionary::Codes {
 public:
  struct Probe {
    absl::string_view text;
    uint64_t hash;
  };

  Codes() : codes_(0, Hash{this}, Equal{this}) {}
  Codes(const Codes&) = delete;

  int64_t Find(const Probe& probe) const {
    const auto found = codes_.find(probe);
    return found == codes_.end() ? kNull : static_cast<int64_t>(*found);
  }
  int64_t FindForReader(const Probe& probe) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return Find(probe);
  }
  // A copy of the text that stays.
  absl::string_view Keep(absl::string_view text);
  // A code that is not there yet; the arrays have its text and hash.
  void Add(uint32_t code, const SharedArray<absl::string_view>& texts, const SharedArray<uint64_t>& hashes) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (texts_.span().data() != texts.span().data()) texts_ = texts;
    if (hashes_.span().data() != hashes.span().data()) hashes_ = hashes;
    codes_.insert(code);
  }
  // All that the arrays have and that are not there yet; false: one of them is there twice.
  bool AddAll(const SharedArray<absl::string_view>& texts, const SharedArray<uint64_t>& hashes) {
    std::lock_guard<std::mutex> lock(mutex_);
    texts_ = texts;
    hashes_ = hashes;
    for (size_t code = codes_.size(); code < texts.size(); ++code) {
      if (!codes_.insert(static_cast<uint32_t>(code)).second) return false;
    }
    return true;
  }
  void Reserve(size_t texts) {
    std::lock_guard<std::mutex> lock(mutex_);
    codes_.reserve(texts);
  }

 private:
  struct Hash {
    using is_transparent = void;
    const Codes* codes;
    size_t operator()(uint32_t code) const { return codes->hashes_[code]; }
    size_t operator()(const Probe& probe) const { return probe.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const Codes* codes;
    bool operator()(uint32_t a, uint32_t b) const { return a == b || Is(a, {codes->texts_[b], codes->hashes_[b]}); }
    bool operator()(uint32_t code, const Probe& probe) const { return Is(code, probe); }
    bool operator()(const Probe& probe, uint32_t code) const { return Is(code, probe); }
    bool Is(uint32_t code, const Probe& probe) const {
      return codes->hashes_[code] == probe.hash && codes->texts_[code] == probe.text;
    }
  };

  mutable std::mutex mutex_;
  // The writer's arrays, where they were at the last Add().
  SharedArray<absl::string_view> texts_;
  SharedArray<uint64_t> hashes_;
  absl::flat_hash_set<uint32_t, Hash, Equal, ArrayAllocator<uint32_t>> codes_;
  // The bytes; the writer's alone.
  std::vector<std::shared_ptr<char[]>> blocks_;
  size_t bytes_of_block_ = 0, left_in_block_ = 0;  // of the last one
  std::vector<std::unique_ptr<char[]>> long_texts_;
};

Dictionary::Dictionary() : codes_(std::make_shared<Codes>()) {}

std::unique_ptr<const Dictionary> Dictionary::Frozen() const { return std::unique_ptr<const Dictionary>(new Dictionary(*this)); }

int64_t Dictionary::Intern(absl::string_view text) {
  const Codes::Probe probe{text, XXH3_64bits(text.data(), text.size())};
  const int64_t found = codes_->Find(probe);
  if (found != kNull) return found;
  const uint32_t code = static_cast<uint32_t>(texts_.size());
  texts_.push_back(codes_->Keep(text));
  hashes_.push_back(probe.hash);
  codes_->Add(code, texts_, hashes_);
  return code;
}

void Dictionary::AddKept(absl::string_view text) {
  texts_.push_back(codes_->Keep(text));
  hashes_.push_back(XXH3_64bits(text.data(), text.size()));
}

bool Dictionary::IndexKept() { return codes_->AddAll(texts_, hashes_); }

int64_t Dictionary::Find(absl::string_view text) const {
  const int64_t found = codes_->FindForReader(Codes::Probe{text, XXH3_64bits(text.data(), text.size())});
  return found < static_cast<int64_t>(size()) ? found : kNull;  // later texts are none of a copy's
}

void Dictionary::Reserve(size_t texts) {
  texts_.reserve(texts);
  hashes_.reserve(texts);
  codes_->Reserve(texts);
}

absl::string_view Dictionary::Codes::Keep(absl::string_view text) {
  if (text.size() > kFirstBlockBytes / 8) {
    std::memcpy(long_texts_.emplace_back(std::make_unique<char[]>(text.size())).get(), text.data(), text.size());
    return {long_texts_.back().get(), text.size()};
  }
  if (text.size() > left_in_block_) {
    left_in_block_ = blocks_.empty() ? kFirstBlockBytes : kBlockBytes;
    bytes_of_block_ = left_in_block_;
    blocks_.push_back(NewSharedArray<char>(bytes_of_block_));
  }
  if (text.empty()) return "";
  char* const place = blocks_.back().get() + (bytes_of_block_ - left_in_block_);
  std::memcpy(place, text.data(), text.size());
  left_in_block_ -= text.size();
  return {place, text.size()};
}

}  // namespace recount::projections
