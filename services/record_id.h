// Ids that the server gives: UUIDv7 (RFC 9562), so that newer ones sort later.
#ifndef RECOUNT_SERVICES_RECORD_ID_H_
#define RECOUNT_SERVICES_RECORD_ID_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace recount::services {

// Makes ids from a time and randomness of the operating system. One thread at a time.
class RecordIds {
 public:
  // Within one millisecond ids go up, too.
  std::string Next(int64_t now_micros);

 private:
  std::array<uint8_t, 4096> random_{};
  size_t used_ = 4096;
  int64_t last_millis_ = 0;
  uint16_t counter_ = 0;
};

// `bytes` random bytes.
std::string RandomBytes(size_t bytes);

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_RECORD_ID_H_
