// Numbers in keys and stored values: big endian, so that byte order is number order.
#ifndef RECOUNT_EVENTSTORE_BIG_ENDIAN_H_
#define RECOUNT_EVENTSTORE_BIG_ENDIAN_H_

#include <cstdint>
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
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

inline uint64_t ReadU64(const char* bytes) { return static_cast<uint64_t>(ReadU32(bytes)) << 32 | ReadU32(bytes + 4); }

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_BIG_ENDIAN_H_
