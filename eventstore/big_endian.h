// Numbers in keys and stored values: big endian, so that byte order is number order.
#ifndef RECOUNT_EVENTSTORE_BIG_ENDIAN_H_
#define RECOUNT_EVENTSTORE_BIG_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace recount::eventstore {

inline void AppendU32(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

inline void AppendU64(uint64_t value, std::string* out) {
  AppendU32(static_cast<uint32_t>(value >> 32), out);
  AppendU32(static_cast<uint32_t>(value), out);
}

inline uint32_t ReadU32(const char* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

inline uint64_t ReadU64(const char* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_BIG_ENDIAN_H_
