#include "eventstore/log_pack.h"

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the same hash, by the widest instructions that the processor has
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "eventstore/big_endian.h"

namespace recount::eventstore {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHashSize = sizeof(ChainHash);
constexpr size_t kChecksumSize = 8;
constexpr size_t kHeaderSize = kChecksumSize + 1 + 4 + 8 + 8 + 8 + 4 + kHashSize;
constexpr size_t kEntrySize = 8;

uint64_t Checksum(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

void PackBuilder::Add(const StoredCommit& commit) {
  AppendU32(static_cast<uint32_t>(commit.last_position - last_position_), &directory_);
  AppendU32(static_cast<uint32_t>(commit.bytes.size()), &directory_);
  hashes_.append(commit.hash.begin(), commit.hash.end());
  records_ += commit.bytes;
  last_position_ = commit.last_position;
  ++commits_;
}

std::string PackBuilder::Finish() const {
  std::string body;
  body.reserve(kHeaderSize + directory_.size() + hashes_.size() + records_.size());
  body.push_back(kVersion);
  AppendU32(place_.tenant, &body);
  AppendU64(place_.first_position, &body);
  AppendU64(place_.packs_before, &body);
  AppendU64(place_.commits_before, &body);
  AppendU32(commits_, &body);
  body.append(place_.previous_hash.begin(), place_.previous_hash.end());
  body += directory_;
  body += hashes_;
  body += records_;
  std::string pack;
  pack.reserve(kChecksumSize + body.size());
  AppendU64(Checksum(body), &pack);
  pack += body;
  return pack;
}

absl::Status PackView::Open(TenantNumber tenant, uint64_t first_position, absl::string_view bytes, PackCheck check) {
  entries_.clear();
  const auto damaged = [&](absl::string_view finding) {
    return Damaged(tenant, first_position, absl::StrCat("the pack of commits that begins here ", finding));
  };
  if (bytes.size() < kHeaderSize) return damaged("is cut short");
  const bool is_whole = check == PackCheck::kParts || ReadU64(bytes.data()) == Checksum(bytes.substr(kChecksumSize));
  if (!is_whole) return damaged("does not fit its checksum");
  const char* at = bytes.data() + kChecksumSize;
  if (*at != kVersion) {
    return damaged(absl::StrCat("has format ", static_cast<int>(*at), ", and this program knows ", static_cast<int>(kVersion)));
  }
  place_.tenant = ReadU32(at + 1);
  place_.first_position = ReadU64(at + 5);
  place_.packs_before = ReadU64(at + 13);
  place_.commits_before = ReadU64(at + 21);
  const size_t commits = ReadU32(at + 29);
  std::memcpy(place_.previous_hash.data(), at + 33, kHashSize);
  if (place_.tenant != tenant || place_.first_position != first_position) {
    return damaged(absl::StrCat("belongs to tenant ", place_.tenant, ", position ", place_.first_position));
  }
  bytes_ = bytes;
  absl::Status status = ReadDirectory(commits);
  return status.ok() ? status : damaged(status.message());
}

absl::Status PackView::ReadDirectory(size_t commits) {
  constexpr char kWrong[] = "has a directory that does not fit it";
  if (commits == 0 || commits > (bytes_.size() - kHeaderSize) / (kEntrySize + kHashSize)) {
    return absl::DataLossError(kWrong);
  }
  hashes_begin_ = kHeaderSize + commits * kEntrySize;
  size_t begin = hashes_begin_ + commits * kHashSize;
  uint64_t position = place_.first_position;
  entries_.resize(commits);
  for (size_t i = 0; i < commits; ++i) {
    const char* entry = bytes_.data() + kHeaderSize + i * kEntrySize;
    const uint32_t events = ReadU32(entry);
    const size_t size = ReadU32(entry + 4);
    if (events == 0 || size > bytes_.size() - begin) return absl::DataLossError(kWrong);
    entries_[i] = {position, begin, size};
    position += events;
    begin += size;
  }
  last_position_ = position - 1;
  return begin == bytes_.size() ? absl::OkStatus() : absl::DataLossError(kWrong);
}

size_t PackView::Find(uint64_t position) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), position,
                                      [](uint64_t wanted, const Entry& entry) { return wanted < entry.first_position; });
  return static_cast<size_t>(after - entries_.begin()) - 1;
}

ChainHash PackView::HashOf(size_t commit) const {
  ChainHash hash;
  std::memcpy(hash.data(), bytes_.data() + hashes_begin_ + commit * kHashSize, kHashSize);
  return hash;
}

CommitParts PackView::PartsOf(size_t commit) const {
  return {HashOf(commit), bytes_.substr(entries_[commit].begin, entries_[commit].size)};
}

ChainHash PackView::HashBefore(size_t commit) const {
  return commit == 0 ? place_.previous_hash : HashOf(commit - 1);
}

}  // namespace recount::eventstore
