#include "services/record_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace recount::services {
namespace {

void FillRandom(uint8_t* bytes, size_t size) {
  // Without randomness no key and no id is safe: nothing sensible can be done.
  if (RAND_bytes(bytes, static_cast<int>(size)) != 1) std::abort();
}

}  // namespace

std::string RandomBytes(size_t bytes) {
  std::string result(bytes, '\0');
  FillRandom(reinterpret_cast<uint8_t*>(result.data()), bytes);
  return result;
}

std::string RecordIds::Next(int64_t now_micros) {
  if (used_ + 10 > random_.size()) {
    FillRandom(random_.data(), random_.size());
    used_ = 0;
  }
  const uint8_t* random = random_.data() + used_;
  used_ += 10;
  int64_t millis = std::max(now_micros / 1000, last_millis_);
  if (millis > last_millis_) {
    counter_ = (random[8] << 8 | random[9]) & 0x07ff;
  } else if (++counter_ > 0x0fff) {
    ++millis;
    counter_ = 0;
  }
  last_millis_ = millis;
  uint8_t id[16];
  for (int i = 0; i < 6; ++i) id[i] = static_cast<uint8_t>(millis >> (8 * (5 - i)));
  id[6] = 0x70 | (counter_ >> 8);
  id[7] = counter_ & 0xff;
  std::copy(random, random + 8, id + 8);
  id[8] = 0x80 | (id[8] & 0x3f);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[id[i] >> 4];
    text += kHex[id[i] & 15];
  }
  return text;
}

}  // namespace recount::services
