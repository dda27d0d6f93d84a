#include "projections/segment_codec.h"

#include <bit>
#include <cstring>

#include "absl/types/span.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace recount::projections {
namespace {

constexpr size_t kChecksumBytes = 8;

void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// Seven bits of each byte of a varint, joined.
inline uint64_t Joined(uint64_t bytes) {
  bytes = (bytes & 0x007f007f007f007f) | (bytes & 0x7f007f007f007f00) >> 1;
  bytes = (bytes & 0x00003fff00003fff) | (bytes & 0x3fff00003fff0000) >> 2;
  return (bytes & 0x000000000fffffff) | (bytes & 0x0fffffff00000000) >> 4;
}

// What follows it; nullptr: it does not end before `end`.
inline const char* ReadVarint(const char* at, const char* end, uint64_t* value) {
  if (at != end && static_cast<uint8_t>(*at) < 0x80) {
    *value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  if (std::endian::native == std::endian::little && end - at >= 8) {  // mostly: without a look at each byte
    uint64_t bytes;
    std::memcpy(&bytes, at, 8);
    const uint64_t last = ~bytes & 0x8080808080808080;
    if (last != 0) {
      *value = Joined(bytes & (last ^ (last - 1)));
      return at + std::countr_zero(last) / 8 + 1;
    }
  }
  *value = 0;
  for (int shift = 0; shift < 64 && at != end; shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(*at++);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return at;
  }
  return nullptr;
}

bool GetVarint(absl::string_view* in, uint64_t* value) {
  const char* const end = in->data() + in->size();
  const char* const at = ReadVarint(in->data(), end, value);
  if (at == nullptr) return false;
  *in = absl::string_view(at, static_cast<size_t>(end - at));
  return true;
}

uint64_t ZigZag(uint64_t difference) { return (difference << 1) ^ (difference >> 63 != 0 ? ~uint64_t{0} : 0); }
uint64_t UnZigZag(uint64_t code) { return (code >> 1) ^ ((code & 1) != 0 ? ~uint64_t{0} : 0); }

// kOpenTime is common and far away from other times: it is kept as a missing value, as kNull is elsewhere.
void PutColumn(const ValueSpan& values, size_t first, size_t last, int64_t missing, std::string* out) {
  size_t present = 0;
  for (size_t i = first; i < last; ++i) present += values[i] != missing;
  out->push_back(present == 0 ? 'n' : present == last - first ? 'a' : 's');
  if (present == 0) return;
  if (present < last - first) {
    std::string bits((last - first + 7) / 8, '\0');
    for (size_t i = 0; i < last - first; ++i) {
      if (values[first + i] != missing) bits[i / 8] |= static_cast<char>(1 << (i % 8));
    }
    out->append(bits);
  }
  uint64_t before = 0;
  for (size_t i = first; i < last; ++i) {
    if (values[i] == missing) continue;
    PutVarint(ZigZag(static_cast<uint64_t>(values[i]) - before), out);
    before = static_cast<uint64_t>(values[i]);
  }
}

// Values that were kept as differences to the one before.
class Differences {
 public:
  explicit Differences(const absl::string_view* in) : at_(in->data()), end_(at_ + in->size()) {}
  int64_t Next() {
    uint64_t code = 0;
    if (at_ != nullptr) at_ = ReadVarint(at_, end_, &code);
    before_ += UnZigZag(code);
    return static_cast<int64_t>(before_);
  }
  // False: there were not as many.
  bool End(absl::string_view* in) const {
    if (at_ == nullptr) return false;
    *in = absl::string_view(at_, static_cast<size_t>(end_ - at_));
    return true;
  }

 private:
  const char* at_;  // null: at the end, there was no more
  const char* const end_;
  uint64_t before_ = 0;
};

bool GetColumn(absl::string_view* in, size_t rows, int64_t missing, std::vector<int64_t>* values) {
  if (in->empty()) return false;
  const char form = in->front();
  in->remove_prefix(1);
  if (form == 'a') {
    values->resize(rows);
    Differences differences(in);
    for (size_t i = 0; i < rows; ++i) (*values)[i] = differences.Next();
    return differences.End(in);
  }
  values->assign(rows, missing);
  if (form == 'n') return true;
  const size_t size = (rows + 7) / 8;
  if (form != 's' || in->size() < size) return false;
  const absl::string_view bits = in->substr(0, size);
  in->remove_prefix(size);
  Differences differences(in);
  for (size_t i = 0; i < rows; i += 8) {
    for (unsigned set = static_cast<uint8_t>(bits[i / 8]); set != 0; set &= set - 1) {
      const size_t row = i + static_cast<size_t>(std::countr_zero(set));
      if (row < rows) (*values)[row] = differences.Next();
    }
  }
  return differences.End(in);
}

int64_t MissingOf(size_t column) { return column == 4 ? kOpenTime : kNull; }  // valid_to is the fifth

}  // namespace

std::string EncodeSegment(const IntervalTable& table, size_t first, size_t last) {
  std::string bytes;
  const std::vector<int64_t> since(table.since().begin() + first, table.since().begin() + last);
  PutColumn(table.record(), first, last, MissingOf(0), &bytes);
  PutColumn(table.item(), first, last, MissingOf(1), &bytes);
  PutColumn(absl::MakeConstSpan(since), 0, last - first, MissingOf(2), &bytes);
  PutColumn(table.valid_from(), first, last, MissingOf(3), &bytes);
  PutColumn(table.valid_to(), first, last, MissingOf(4), &bytes);
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ValueSpan values = table.column(static_cast<int>(i));
    if (values.is_nothing()) {
      bytes.push_back('n');
    } else {
      PutColumn(values, first, last, kNull, &bytes);
    }
  }
  Seal(&bytes);
  return bytes;
}

std::string EncodeUntils(const IntervalTable& table, size_t first, size_t last) {
  std::string bytes;
  for (size_t row = first; row < last; ++row) {
    PutVarint(table.until()[row] == kOpenPosition ? 0 : table.until()[row] - table.since()[row], &bytes);
  }
  Seal(&bytes);
  return bytes;
}

std::string EncodeTexts(const Dictionary& dictionary, size_t first, size_t last) {
  std::string bytes;
  for (size_t code = first; code < last; ++code) {
    const absl::string_view text = dictionary.Text(static_cast<int64_t>(code));
    PutVarint(text.size(), &bytes);
    bytes.append(text.data(), text.size());
  }
  Seal(&bytes);
  return bytes;
}

bool DecodeSegment(absl::string_view bytes, size_t rows, size_t column_count, Segment* segment) {
  if (!Unseal(&bytes)) return false;
  segment->columns.resize(5 + column_count);
  for (size_t i = 0; i < segment->columns.size(); ++i) {
    const bool is_own = i >= 5;
    if (is_own && (bytes.empty() || bytes.front() == 'n')) {  // without values, or kept before the column came
      segment->columns[i].clear();
      if (!bytes.empty()) bytes.remove_prefix(1);
    } else if (!GetColumn(&bytes, rows, MissingOf(i), &segment->columns[i])) {
      return false;
    }
  }
  return bytes.empty();
}

bool DecodeUntils(absl::string_view bytes, std::vector<uint64_t>* spans) {
  if (!Unseal(&bytes)) return false;
  spans->clear();
  while (!bytes.empty()) {
    spans->emplace_back();
    if (!GetVarint(&bytes, &spans->back())) return false;
  }
  return true;
}

bool DecodeTexts(absl::string_view bytes, Dictionary* dictionary) {
  if (!Unseal(&bytes)) return false;
  while (!bytes.empty()) {
    uint64_t size;
    if (!GetVarint(&bytes, &size) || size > bytes.size()) return false;
    dictionary->AddKept(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return true;
}

void Seal(std::string* bytes) {
  const uint64_t checksum = XXH3_64bits(bytes->data(), bytes->size());
  for (size_t i = 0; i < kChecksumBytes; ++i) bytes->push_back(static_cast<char>(checksum >> (8 * i)));
}

bool Unseal(absl::string_view* bytes) {
  if (bytes->size() < kChecksumBytes) return false;
  const absl::string_view tail = bytes->substr(bytes->size() - kChecksumBytes);
  bytes->remove_suffix(kChecksumBytes);
  uint64_t checksum = 0;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    checksum |= static_cast<uint64_t>(static_cast<uint8_t>(tail[i])) << (8 * i);
  }
  return checksum == XXH3_64bits(bytes->data(), bytes->size());
}

}  // namespace recount::projections
