#include "eventstore/hmac.h"

#include <string>

#include "gtest/gtest.h"

namespace recount::eventstore {
namespace {

Mac AtOnce(const DataKey& key, const std::string& text) {
  Mac mac;
  crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data());
  return mac;
}

TEST(HmacTest, IsThatOfTheLibraryAlsoAfterAnotherKey) {
  Hmac hmac;
  DataKey none{}, one{}, other{};
  one[31] = 1;
  other[0] = 0xff;
  for (const DataKey& key : {none, one, one, other, one, none}) {
    for (const std::string& text : {std::string(), std::string("email"), std::string(1000, 'x')}) {
      EXPECT_EQ(hmac.Of(key, text), AtOnce(key, text)) << text.size();
    }
  }
}

}  // namespace
}  // namespace recount::eventstore
