#include "projections/segment_codec.h"

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

// What follows it; nullptr: it does not end before `end`.
inline const char* ReadVarint(const char* at, const char* end, uint64_t* value) {
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
void PutColumn(absl::Span<const int64_t> values, int64_t missing, std::string* out) {
  size_t present = 0;
  for (const int64_t value : values) present += value != missing;
  out->push_back(present == 0 ? 'n' : present == values.size() ? 'a' : 's');
  if (present == 0) return;
  if (present < values.size()) {
    std::string bits((values.size() + 7) / 8, '\0');
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] != missing) bits[i / 8] |= static_cast<char>(1 << (i % 8));
    }
    out->append(bits);
  }
  uint64_t before = 0;
  for (const int64_t value : values) {
    if (value == missing) continue;
    PutVarint(ZigZag(static_cast<uint64_t>(value) - before), out);
    before = static_cast<uint64_t>(value);
  }
}

bool GetColumn(absl::string_view* in, size_t rows, int64_t missing, std::vector<int64_t>* values) {
  if (in->empty()) return false;
  const char form = in->front();
  in->remove_prefix(1);
  values->assign(rows, missing);
  if (form == 'n') return true;
  if (form != 'a' && form != 's') return false;
  absl::string_view bits;
  if (form == 's') {
    const size_t size = (rows + 7) / 8;
    if (in->size() < size) return false;
    bits = in->substr(0, size);
    in->remove_prefix(size);
  }
  const char* at = in->data();
  const char* const end = at + in->size();
  uint64_t before = 0;
  for (size_t i = 0; i < rows; ++i) {
    if (form == 's' && (bits[i / 8] >> (i % 8) & 1) == 0) continue;
    uint64_t code;
    at = ReadVarint(at, end, &code);
    if (at == nullptr) return false;
    before += UnZigZag(code);
    (*values)[i] = static_cast<int64_t>(before);
  }
  *in = absl::string_view(at, static_cast<size_t>(end - at));
  return true;
}

int64_t MissingOf(size_t column) { return column == 4 ? kOpenTime : kNull; }  // valid_to is the fifth

}  // namespace

std::string EncodeSegment(const IntervalTable& table, size_t first, size_t last) {
  std::string bytes;
  const size_t rows = last - first;
  std::vector<int64_t> since(table.since().begin() + first, table.since().begin() + last);
  PutColumn(table.record().subspan(first, rows), MissingOf(0), &bytes);
  PutColumn(table.item().subspan(first, rows), MissingOf(1), &bytes);
  PutColumn(since, MissingOf(2), &bytes);
  PutColumn(table.valid_from().subspan(first, rows), MissingOf(3), &bytes);
  PutColumn(table.valid_to().subspan(first, rows), MissingOf(4), &bytes);
  for (size_t i = 0; i < table.columns().size(); ++i) {
    PutColumn(table.column(static_cast<int>(i)).subspan(first, rows), kNull, &bytes);
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
    if (bytes.empty() && i >= 5) {  // kept before the column came
      segment->columns[i].assign(rows, kNull);
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
